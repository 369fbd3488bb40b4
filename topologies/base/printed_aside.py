"""What a library in C prints goes to standard error: standard output is a command's own, and may
be JSON."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

OUT, ERR = 1, 2


@contextmanager
def printing_aside() -> Iterator[None]:
    """While it lasts, what this process writes to standard output goes to standard error; where
    either is closed, nothing changes."""
    _flush()
    kept = None
    with suppress(OSError):
        kept = os.dup(OUT)
        os.dup2(ERR, OUT)
    try:
        yield
    finally:
        _flush()
        if kept is not None:
            os.dup2(kept, OUT)
            os.close(kept)


def _flush() -> None:
    """What C holds back; Python's own buffer is another."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).fflush(None)
