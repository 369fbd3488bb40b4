"""Builds this project for pip: setuptools does it, and a wheel also gets Ryu, as no one ships one.

Ryu 4.34 is a source package that builds with setuptools of 2023 only, which no installer can be
told by a wheel that depends on it. So Ryu is built here, by the versions that ``pyproject.toml``
pins and from the file whose hash ``requirements.lock`` holds, and lies in the wheel apart from our
code, behind everything else on the path: a Ryu of the user's own goes before it. A checkout's
environment has it by the lock instead. Standard library, setuptools and pip only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from setuptools import build_meta

get_requires_for_build_editable = build_meta.get_requires_for_build_editable
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist
get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
build_editable = build_meta.build_editable
build_sdist = build_meta.build_sdist

LOCK = "requirements.lock"
PLACE = "corridor/bundled"
ABOUT = ".dist-info"
"""With this name pip would list Ryu next to us, and pipx, which takes what is new in that list for
what it was to install, would refuse the wheel."""
PATH_FILE = "corridor-bundled.pth"
"""Python adds the folder that it names behind those it looks in anyway."""


def build_wheel(
    wheel_directory: str,
    config_settings: Any = None,
    metadata_directory: str | None = None,
) -> str:
    """The name of the wheel. Asks the package index for Ryu's source, by pip and its settings."""
    name = str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        ryu = _build_ryu(work)
        _wheel("unpack", "--dest", folder, str(Path(wheel_directory, name)))
        (tree,) = work.glob("corridor_emulator-*/")
        shutil.unpack_archive(ryu, tree / PLACE, "zip")
        (about,) = (tree / PLACE).glob(f"*{ABOUT}")
        about.rename(about.with_name(about.name.removesuffix(ABOUT)))
        (tree / PATH_FILE).write_text(f"{PLACE}\n", encoding="utf-8")
        _wheel("pack", "--dest-dir", wheel_directory, str(tree))
    return name


def locked(name: str, lock: str) -> str:
    """The entry of one distribution, with its hashes; LookupError if there is none."""
    found = re.search(rf"^{re.escape(name)}==(?:.*\\\n)*.*\n", lock, re.MULTILINE)
    if not found:
        raise LookupError(f"{LOCK} has no {name}")
    return found.group()


def environment_for_another(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what pip tells a backend of where it is: pip, started by one, would hand it on, and
    look for Ryu's backend in our folder."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("_PYPROJECT_HOOKS_")
    }


def _build_ryu(work: Path) -> Path:
    wanted = work / "ryu.lock"
    wanted.write_text(locked("ryu", Path(LOCK).read_text(encoding="utf-8")), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    command += ["--no-deps", "--no-build-isolation", "--use-pep517", "--no-binary", "ryu"]
    command += ["--require-hashes", "--wheel-dir", str(work / "ryu"), "--requirement", str(wanted)]
    subprocess.run(command, check=True, env=environment_for_another(os.environ))
    (built,) = (work / "ryu").glob("ryu-*.whl")
    return built


def _wheel(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "wheel", *words], check=True, stdout=subprocess.DEVNULL)
