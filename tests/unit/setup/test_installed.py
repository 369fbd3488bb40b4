"""What an installation puts where: one name at the top, all data, and no clash with users' own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = (".package", "topologies", "controller", "traffic", "experiments")
FILES = ("pyproject.toml", "README.md", "LICENSE")
TEST = """
import controller
import experiments
import traffic

from corridor.controller.testing import assert_within, load_network


def test_ours_beside_theirs(corridor_network):
    for own in (controller, experiments, traffic):
        assert own.WHOSE == "the user's"
    network = corridor_network("mini", "cn-outbound", "2026-11-24")
    assert network == load_network("mini", "cn-outbound", "2026-11-24")
    assert_within(network.demand("cn-general-exempt", "guian", "karachi"), "60ms")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in a wheel of this checkout, built in a copy."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in FOLDERS:
        caches = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, folder / "code" / name, symlinks=True, ignore=caches)
    for name in FILES:
        shutil.copy(ROOT / name, folder / "code")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "-w", folder, folder / "code"],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built).namelist()


@pytest.mark.slow
def test_a_wheel_puts_one_name_at_the_top(wheel):
    tops = {name.partition("/")[0] for name in wheel}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"corridor"}


@pytest.mark.slow
def test_a_wheel_holds_all_code_and_data(wheel):
    package = ROOT / ".package/corridor"
    there = {
        f"corridor/{Path(folder, name).relative_to(package).as_posix()}"
        for folder, _, names in os.walk(package, followlinks=True)
        for name in names
        if "__pycache__" not in folder
    }
    assert len(there) > 300
    assert there - set(wheel) == set()


def test_beside_packages_of_the_users_own_the_plugins_load_and_tests_run(tmp_path):
    for name in ("controller", "experiments", "traffic"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text('WHOSE = "the user\'s"\n')
    (tmp_path / "test_theirs.py").write_text(TEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / ".package")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
