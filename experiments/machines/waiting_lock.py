"""A lock of a file that processes take in turn; the kernel lets go of it when one dies."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path


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
