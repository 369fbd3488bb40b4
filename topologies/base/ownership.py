"""Whose it is what root makes for a user: who called ``sudo``, else who owns the folder it is in.

Links are never followed, and what is not root's is left alone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple


class Owner(NamedTuple):
    uid: int
    gid: int


def owner_in(folder: Path) -> Owner | None:
    """Of what is made in a folder that is there; None where that is who makes it."""
    if os.geteuid() != 0:
        return None
    try:
        caller = Owner(int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))
    except (KeyError, ValueError):
        there = folder.stat()
        caller = Owner(there.st_uid, there.st_gid)
    return caller if caller.uid > 0 else None


def hand_over(path: Path, owner: Owner) -> None:
    """One file or folder."""
    os.chown(path, *owner, follow_symlinks=False)


def hand_over_all(folder: Path, owner: Owner) -> None:
    """A folder and all that root has put in it, as far as it is still there."""
    with contextlib.suppress(OSError):
        for _, folders, files, at in os.fwalk(folder, follow_symlinks=False):
            os.chown(at, *owner)
            for name in (*folders, *files):
                with contextlib.suppress(OSError):
                    found = os.stat(name, dir_fd=at, follow_symlinks=False)
                    if found.st_uid == 0 and (name in folders or found.st_nlink == 1):
                        os.chown(name, *owner, dir_fd=at, follow_symlinks=False)
