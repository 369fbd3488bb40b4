"""What a machine is handed when it boots, and user data for cloud-init.

A tar is unpacked over its root by ``handover.sh``: the checkout, a public key that may log in, a
guest kernel that was built here, and an errand, which is a command that the machine runs instead of
waiting for someone. The user data sets up the same machine on any cloud image of Debian 13. It is
YAML by hand, since its reader wants comments and its first line.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.machines.qemu import DEBIAN_NAMES, Architecture
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


GROUPS = ("venv", "run", "amd64", "kernel")
"""Of the list of packages: what ``./corridor setup`` installs for emulating."""
TOOLS = ("ca-certificates", "git", "rsync", "sudo")
OWNER = "getent passwd | awk -F: '$3 >= 500 && $3 < 60000 && $6 ~ /^\\/home\\// {print $1; exit}'"
"""The image's first user: debian, or the one that Lima or Multipass makes."""


def packages(listed: str, architecture: Architecture) -> list[str]:
    """The packages of ``packages.txt`` for a machine that emulates, by name."""
    rows = [line.split(None, 3) for line in listed.splitlines()]
    wanted = [row for row in rows if len(row) == 4 and row[1] in GROUPS and row[0][0] != "#"]
    amd64 = DEBIAN_NAMES[architecture] == "amd64"
    return sorted({row[0] for row in wanted if amd64 or row[1] != "amd64"} | set(TOOLS))


def user_data(names: Sequence[str], *, clone: str = "") -> str:
    """Installs the packages; with the address of a repository, also the checkout and ``.venv``."""
    lines = ["#cloud-config", "# The corridor emulator on a cloud image of Debian 13."]
    if not clone:
        lines += [
            "# Bring the checkout in yourself, as a user who may sudo, then in it:",
            "#   sh experiments/machines/provision.sh --first-boot",
        ]
    lines += ["package_update: true", "packages:", *(f"  - {name}" for name in names)]
    if clone:
        script = (
            f"owner=$({OWNER}); cd /home/$owner && "
            f"su $owner -c {_in_shell(f'git clone {_in_shell(clone)} corridor')} && "
            "su $owner -c 'sh corridor/experiments/machines/provision.sh'"
        )
        lines += ["runcmd:", f"  - {json.dumps(['sh', '-c', script])}"]
    return "\n".join((*lines, ""))


def _in_shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
