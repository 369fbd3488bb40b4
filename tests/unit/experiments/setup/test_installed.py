"""What an installation puts where: one name at the top, all data, and no clash with users' own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from corridor.experiments.run.version import version
from corridor.experiments.setup import build_backend

ROOT = Path(__file__).resolve().parents[4]
MOST_MB, MOST_IMPORT_S = 150, 0.3
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
def wheel(built_wheel):
    return zipfile.ZipFile(built_wheel)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_wheel_puts_one_name_at_the_top(wheel):
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    known = {name for name in tops if not name.endswith(".dist-info")}
    assert known == {"corridor", build_backend.PATH_FILE}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_wheel_brings_ryu_behind_one_of_the_users_own(wheel, tmp_path):
    site = tmp_path / "site"
    wheel.extractall(site)
    code = (
        f"import site; site.addsitedir({str(site)!r}); import ryu, importlib.metadata as known;"
        "print(ryu.__file__, ryu.version, *(one.name for one in known.distributions()))"
    )
    command = ["/usr/bin/python3", "-I", "-S", "-c", code]

    def said():
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.split()

    ours = f"{site}/{build_backend.ARCHIVE}/ryu/__init__.py"
    assert said() == [ours, "4.34", "corridor-emulator"], "pipx wants one distribution"
    (site / "ryu").mkdir()
    (site / "ryu/__init__.py").write_text("version = 'own'\n")
    assert said()[:2] == [f"{site}/ryu/__init__.py", "own"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_extra_of_a_wheel_has_all_that_its_ryu_needs(wheel):
    def needs(folder, extra=""):
        (file,) = [name for name in wheel.namelist() if name.endswith(f"{folder}/METADATA")]
        text = wheel.read(file).decode()
        return {
            one.lower().replace(".", "-")
            for one, of in re.findall(r"^Requires-Dist: ([\w.-]+).*?(extra ==.*)?$", text, re.M)
            if extra in of
        }

    ours = needs(f"corridor_emulator-{version()}.dist-info", '"ryu"')
    assert needs(f"{build_backend.PLACE}/ryu-4.34") <= ours
    assert "ryu" not in ours


@pytest.fixture(scope="module")
def base(wheel, tmp_path_factory):
    """An environment with the base installation, and how many MB it takes, pip included."""
    folder = tmp_path_factory.mktemp("base") / "x"
    subprocess.run(["/usr/bin/python3", "-m", "venv", folder], check=True)
    pip = (folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run([*pip, wheel.filename], check=True)
    used = subprocess.run(["du", "-sm", folder], check=True, capture_output=True, text=True)
    return folder, int(used.stdout.split()[0])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_base_installation_is_small_and_quick(base):
    folder, megabytes = base
    assert megabytes <= MOST_MB
    python = folder / "bin/python"
    code = "import resource as r, corridor; print(r.getrusage(r.RUSAGE_SELF).ru_utime)"
    done = subprocess.run([python, "-I", "-c", code], check=True, capture_output=True, text=True)
    assert float(done.stdout) < MOST_IMPORT_S
    names = {one.name.partition("-")[0].lower() for one in folder.glob("lib/*/*/*.dist-info")}
    assert names & {"setuptools", "wheel", "pbr", "mininet", "os_ken", "scipy", "pyarrow"} == set()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("check mini", 0, ""),
        ("explain ckpt-karachi mini", 0, ""),
        ("price mini --sets th", 0, ""),
        (
            "run mini",
            3,
            "corridor: run needs the extra \"emulate\": pip install 'corridor-emulator[emulate]'\n",
        ),
    ],
)
def test_a_base_installation_answers_and_names_what_it_lacks(base, tmp_path, words, code, says):
    command = [base[0] / "bin/corridor", *words.split()]
    here = {"cwd": tmp_path, "env": {"XDG_CACHE_HOME": str(tmp_path)}}
    done = subprocess.run(command, capture_output=True, text=True, check=False, **here)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


def test_an_entry_of_the_lock_is_found_with_its_hashes():
    lock = (ROOT / "requirements.lock").read_text()
    entry = build_backend.locked("ryu", lock)
    assert entry.startswith("ryu==4.34 ")
    assert entry.count("==4.34") == 1
    assert "--hash=sha256:" in entry
    with pytest.raises(LookupError):
        build_backend.locked("ry", lock)


def test_what_pip_tells_our_backend_is_not_told_to_the_one_of_ryu():
    told = {"_PYPROJECT_HOOKS_BACKEND_PATH": "ours", "PIP_CERT": "theirs"}
    assert build_backend.environment_for_another(told) == {"PIP_CERT": "theirs"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_wheel_holds_all_code_and_data(wheel):
    package = ROOT / ".package/corridor"
    there = {
        f"corridor/{Path(folder, name).relative_to(package).as_posix()}"
        for folder, _, names in os.walk(package, followlinks=True)
        for name in names
        if "__pycache__" not in folder
    }
    assert len(there) > 300
    assert there - set(wheel.namelist()) == set()


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
