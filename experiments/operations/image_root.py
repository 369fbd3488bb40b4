"""A program's own root, from the tar of an image: ``/usr`` and the like shared and read-only, all
else a private copy that ends with the program.

As a module, ``python -m ... TAR FOLDER`` unpacks a tar in its own root, so that no link of the
image leads out of it.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from corridor.topologies.base.errors import InputError

TARS = ".images"
"""In the shared folder of a network: tars of images by id."""
SHARED = frozenset({"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt", "boot"})
"""Top folders that all programs of an image see and none writes to."""
OF_THE_MACHINE = ("proc", "sys", "dev")
SCRATCH = ("tmp", "run")
NAMED = ("hosts", "resolv.conf")
"""Files of ``/etc`` that the network writes."""


class ImageRoot(NamedTuple):
    """What a program finds instead of this machine's files."""

    tree: Path
    """The unpacked image."""
    folder: str
    """Where it starts, in the image; it is made if it is not there."""
    ids: tuple[int, int]
    """Of its user and group."""


def unpacked(tar: Path, folder: Path) -> Path:
    """Return the unpacked tree of a tar, which is unpacked once.

    Raises:
        InputError: It cannot be unpacked: the machine has too little memory, for example.
    """
    tree = folder / tar.stem
    if tree.is_dir():
        return tree
    part = folder / f"{tar.stem}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    words = [sys.executable, "-m", __name__, str(tar), str(part)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(part, ignore_errors=True)
        lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        raise InputError(f"the image cannot be unpacked: {lines[-1]}")
    return part.rename(tree)


def top_of(tree: Path) -> list[tuple[str, bool]]:
    """Names in ``/`` of an image, and whether programs share them."""
    names = sorted(one.name for one in tree.iterdir() if one.name not in OF_THE_MACHINE)
    return [(name, name in SHARED and not (tree / name).is_symlink()) for name in names]


def copied(source: Path, target: Path) -> None:
    """A private copy with owners, modes, links and devices; sockets are left out."""
    about = source.lstat()
    if stat.S_ISLNK(about.st_mode):
        target.symlink_to(source.readlink())
    elif stat.S_ISDIR(about.st_mode):
        target.mkdir()
        for one in source.iterdir():
            copied(one, target / one.name)
    elif stat.S_ISREG(about.st_mode):
        shutil.copyfile(source, target)
    elif not stat.S_ISSOCK(about.st_mode):
        os.mknod(target, about.st_mode, about.st_rdev)
    if target.is_symlink() or target.exists():
        os.lchown(target, about.st_uid, about.st_gid)
    if not stat.S_ISLNK(about.st_mode) and target.exists():
        target.chmod(stat.S_IMODE(about.st_mode))


def prepare_folders(root: Path) -> None:
    """What programs expect of any machine, where the image does not have it."""
    root.chmod(0o755)
    for name in (*OF_THE_MACHINE, *SCRATCH, "etc", "root"):
        (root / name).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for name in NAMED:
        file = root / "etc" / name
        if not file.is_file() or file.is_symlink():
            file.unlink(missing_ok=True)
            file.touch()


def ids_of(tree: Path, user: str) -> tuple[int, int]:
    """Return the numbers of a user and its group in an image.

    Args:
        tree: The unpacked image.
        user: ``NAME``, ``NUMBER`` or ``NAME:GROUP``; empty for root.

    Raises:
        InputError: The image has no such user or group.
    """
    name, _, group = user.partition(":")
    uid, gid = _ids(tree / "etc/passwd", name) if name else (0, 0)
    return (uid, _ids(tree / "etc/group", group)[0]) if group else (uid, gid)


def _ids(file: Path, name: str) -> tuple[int, int]:
    """The number of an entry, and of a user's group; 0 if it has none."""
    lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
    for fields in (line.split(":") for line in lines):
        if len(fields) > 3 and name in (fields[0], fields[2]) and fields[2].isdigit():
            return int(fields[2]), int(fields[3]) if fields[3].isdigit() else 0
    if name.isdigit():
        return int(name), 0
    raise InputError(f"/etc/{file.name} of the image has no {name}", "name a number instead")


def become(ids: tuple[int, int]) -> None:
    """Take the ids of a user and a group; root keeps what it may do."""
    if any(ids):
        os.setgroups([])
        os.setgid(ids[1])
        os.setuid(ids[0])


def _unpack(tar: str, folder: str) -> None:
    """Files with their owners, modes and devices, as root."""
    import tarfile

    with tarfile.open(tar) as image:
        os.chroot(folder)
        os.chdir("/")
        image.extractall("/", numeric_owner=True, filter="fully_trusted")  # noqa: S202


if __name__ == "__main__":
    _unpack(*sys.argv[1:])
