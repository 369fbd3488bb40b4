"""Builds this project for pip: setuptools does it, and a wheel also gets Ryu, as no one ships one.

Ryu 4.34 is a source package that builds with setuptools of 2023 only, which no installer can be
told by a wheel that depends on it. So Ryu is built here, from the file whose hash
``requirements.lock`` holds. The old build tools, of the same lock, are in a temporary folder that
only Ryu's build sees: our own build, and the environment of a user, have current ones. Ryu is in
the wheel as one archive, which Python imports from, behind everything else on the path: a Ryu of
the user's own has precedence. A checkout's environment has it by the lock instead. Standard
library, setuptools, wheel and pip only.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from setuptools import build_meta

get_requires_for_build_editable = build_meta.get_requires_for_build_editable
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist
get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
build_editable = build_meta.build_editable
build_sdist = build_meta.build_sdist

LOCK = "requirements.lock"
RYU, OLD_TOOLS = ("ryu",), ("pbr", "setuptools", "wheel")
PLACE = "corridor/bundled"
ARCHIVE = f"{PLACE}/ryu.zip"
ABOUT = ".dist-info"
"""With this name pip would list Ryu next to us, and pipx, which takes what is new in that list for
what it was to install, would refuse the wheel."""
PATH_FILE = "corridor-bundled.pth"
"""Python adds the archive that it names behind the folders it looks in anyway."""
UNUSED = "ryu/tests/"
"""A third of Ryu: its own tests, which nothing imports."""


def build_wheel(
    wheel_directory: str,
    config_settings: Mapping[str, object] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """The name of the wheel. Asks the package index for Ryu's source, by pip and its settings."""
    name = str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        ryu = _build_ryu(work)
        _wheel("unpack", "--dest", folder, str(Path(wheel_directory, name)))
        (tree,) = work.glob("corridor_emulator-*/")
        (tree / PLACE).mkdir()
        _bundle(ryu, tree)
        (tree / PATH_FILE).write_text(f"{ARCHIVE}\n", encoding="utf-8")
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
    """The wheel of Ryu, built by the old tools."""
    tools, built = work / "tools", work / "ryu"
    _pip("install", "--target", str(tools), "--only-binary", ":all:", *_locked(work, OLD_TOOLS))
    options = ("--no-build-isolation", "--use-pep517", "--no-binary", "ryu")
    _pip("wheel", "--wheel-dir", str(built), *options, *_locked(work, RYU), PYTHONPATH=str(tools))
    (wheel,) = built.glob("ryu-*.whl")
    return wheel


def _bundle(ryu: Path, tree: Path) -> None:
    """Put the code of Ryu's wheel into one archive, and its licence and metadata next to it."""
    with ZipFile(ryu) as wheel, ZipFile(tree / ARCHIVE, "w", ZIP_DEFLATED) as archive:
        for name in sorted(wheel.namelist()):
            folder, _, rest = name.partition("/")
            if folder == "ryu" and not name.startswith(UNUSED):
                archive.writestr(ZipInfo(name), wheel.read(name), ZIP_DEFLATED)
            elif folder.endswith(ABOUT) and rest in ("LICENSE", "METADATA"):
                place = tree / PLACE / folder.removesuffix(ABOUT) / rest
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(wheel.read(name))


def _locked(work: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Arguments by which pip takes exactly these distributions of the lock, by their hashes."""
    lock = Path(LOCK).read_text(encoding="utf-8")
    wanted = work / f"{names[0]}.lock"
    wanted.write_text("".join(locked(name, lock) for name in names), encoding="utf-8")
    return ("--no-deps", "--require-hashes", "--requirement", str(wanted))


def _pip(verb: str, *words: str, **environment: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", verb, "--quiet", *words]
    ours = environment_for_another(os.environ)
    subprocess.run(command, check=True, env={**ours, **environment})


def _wheel(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "wheel", *words], check=True, stdout=subprocess.DEVNULL)
