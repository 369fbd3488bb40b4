"""What a machine is handed when it boots: a tar that ``handover.sh`` unpacks over its root.

The checkout, a public key that may log in, a guest kernel that was built here, and an errand: a
command that the machine runs instead of waiting for someone.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.machines.recipe import GUEST_UID, GUEST_USER, PLACE

LEFT_OUT = frozenset((".venv", ".vagrant", "boxes", "dist", "results", "site"))
"""Folders at the top of a checkout that stay behind; as the Vagrantfile has it."""
CACHES = frozenset(("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"))
"""At any depth."""
ERRAND = "errand.sh"
HOME = f"home/{GUEST_USER}"
KERNELS = f"{HOME}/.cache/corridor/kernels"


class Handover(NamedTuple):
    checkout: Path
    public_key: str = ""
    kernel: Path | None = None
    """The folder of a virtual-clock kernel."""
    errand: str = ""
    """A shell script."""


def write(handover: Handover, file: Path) -> None:
    """Write the tar. Raises OSError."""
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as tar:
        add_folder(tar, PLACE)
        for path in sorted(_files(handover.checkout)):
            name = f"{PLACE}/{path.relative_to(handover.checkout).as_posix()}"
            tar.add(path, name, recursive=False, filter=_owned)
        if handover.kernel:
            add_folder(tar, f"{HOME}/.cache")
            add_folder(tar, f"{HOME}/.cache/corridor")
            add_folder(tar, KERNELS)
            add_folder(tar, f"{KERNELS}/{handover.kernel.name}")
            for path in sorted(handover.kernel.iterdir()):
                tar.add(path, f"{KERNELS}/{handover.kernel.name}/{path.name}", filter=_owned)
        if handover.public_key:
            add_folder(tar, f"{HOME}/.ssh", 0o700)
            add_text(tar, f"{HOME}/.ssh/authorized_keys", handover.public_key, 0o600)
        if handover.errand:
            add_text(tar, ERRAND, handover.errand, 0o755)


def _files(checkout: Path) -> Iterator[Path]:
    for folder, below, files in os.walk(checkout):
        here = Path(folder)
        left_out = CACHES | LEFT_OUT if here == checkout else CACHES
        below[:] = [name for name in below if name not in left_out]
        yield from (here / name for name in below)
        yield from (here / name for name in files if name != ".git")


def _owned(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = GUEST_UID
    entry.uname = entry.gname = ""
    return entry


def add_folder(tar: tarfile.TarFile, name: str, mode: int = 0o755) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    tar.addfile(_owned(entry))


def add_text(tar: tarfile.TarFile, name: str, text: str, mode: int) -> None:
    content = text.encode()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(_owned(entry), io.BytesIO(content))
