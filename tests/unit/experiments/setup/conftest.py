"""One wheel of this checkout for the tests of installations."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
FOLDERS = (".package", "topologies", "controller", "traffic", "experiments")
FILES = ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "requirements.lock")


@pytest.fixture(scope="session")
def built_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built in a copy; the package index is asked for Ryu's source."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in FOLDERS:
        caches = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, folder / "code" / name, symlinks=True, ignore=caches)
    for name in FILES:
        shutil.copy(ROOT / name, folder / "code")
    options = ("--no-deps", "--quiet")  # by today's build tools, not by the old ones of .venv
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "-w", folder, folder / "code"],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built
