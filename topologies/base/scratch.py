"""Scratch folders, each locked by its process while that lives, and locks that processes take in
turn. Standard library only.

A process that is killed cannot remove its folder. The kernel lets go of its lock, by which
the next process knows that no one needs the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

PREFIX = "corridor-guest-"
SHARED_MEMORY = "/dev/shm"


@contextlib.contextmanager
def scratch_folder(place: str | None = None) -> Iterator[Path]:
    """A private folder, removed in the end; folders of dead processes are removed at once.

    It lies in ``place``, or else where temporary files do.
    """
    remove_dead()
    folder, lock = _make(place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_dead() -> list[Path]:
    """Remove this user's folders that no one holds; which they were."""
    removed = []
    places = {tempfile.gettempdir(), SHARED_MEMORY}
    for folder in (one for place in sorted(places) for one in Path(place).glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):  # another user's, still in use, or just gone
            lock = lock_folder(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    shutil.rmtree(folder)
                    removed.append(folder)
            finally:
                os.close(lock)
    return removed


def _make(place: str | None) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        with contextlib.suppress(FileNotFoundError):
            lock = lock_folder(folder, fcntl.LOCK_EX)
            if folder.exists():  # no one took it for dead before it was locked
                return folder, lock
            os.close(lock)


def lock_folder(folder: Path, how: int) -> int:
    """An open descriptor that holds the lock; a child that executes a program lets go of it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, how)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


# A lock of a file that processes take in turn; the kernel lets go of it when one dies.


@contextlib.contextmanager
def in_turn(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """The lock of ``path``, which is made; ``waiting`` is called if another process has it."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
