"""The programs that machines are built and booted with, and the packages that bring them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from corridor.experiments.machines.qemu import PACKAGES, Architecture
from corridor.topologies.base.errors import EnvironmentUnsupported

BRINGS = {
    "mmdebstrap": "mmdebstrap",
    "newuidmap": "uidmap",
    "sfdisk": "fdisk",
    "mke2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "mformat": "mtools",
    "mcopy": "mtools",
    "qemu-img": "qemu-utils",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
"""Not on the PATH of Debian's ordinary users, though they may run what lies there."""
BUILDING = ("mmdebstrap", "newuidmap", "sfdisk", "mke2fs", "debugfs", "mformat", "mcopy")
ENTERING = ("ssh", "ssh-keygen")
EXPORTING = ("debugfs", "qemu-img")


def emulator(architecture: Architecture) -> str:
    return f"qemu-system-{architecture}"


def find(program: str) -> str | None:
    """Its path, also where only administrators' PATH leads."""
    return shutil.which(program) or shutil.which(program, path=SYSTEM_FOLDERS)


def require(programs: Iterable[str], purpose: str) -> None:
    """Raises EnvironmentUnsupported, naming the packages, unless all are here."""
    missing = [program for program in programs if find(program) is None]
    if missing:
        packages = " ".join(sorted({package_of(program) for program in missing}))
        raise EnvironmentUnsupported(
            f"{', '.join(missing)} not found, and {purpose} needs it",
            f"sudo apt-get install --no-install-recommends {packages}",
        )


def package_of(program: str) -> str:
    for architecture, package in PACKAGES.items():
        if program == emulator(architecture):
            return package
    return BRINGS[program]
