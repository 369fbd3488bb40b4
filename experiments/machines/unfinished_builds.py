"""What builds of the kernel left in the cache that were killed: folders of a gigabyte and more."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

from corridor.experiments.machines.kernel import cache_folder
from corridor.topologies.base.errors import EnvironmentUnsupported

LOCK = "kernel-build.lock"
BLOCK_BYTES = 512


def remove_unfinished_builds() -> list[tuple[Path, int]]:
    """Folders, and the octets that each took; none while a build is in progress."""
    try:
        cache = cache_folder()
        with (cache / LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return remove_unfinished(cache)
    except (OSError, EnvironmentUnsupported):  # none was ever begun, or one is being made
        return []


def remove_unfinished(cache: Path) -> list[tuple[Path, int]]:
    """For who holds the lock: no one else builds."""
    found = []
    for folder in sorted(one for one in cache.glob("kernel-build-*") if one.is_dir()):
        octets = sum(file.lstat().st_blocks * BLOCK_BYTES for file in folder.rglob("*"))
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            found.append((folder, octets))
    return found
