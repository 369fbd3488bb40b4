"""Lines from another process, with a deadline for each."""

from __future__ import annotations

import os
import select
import time

CHUNK_BYTES = 1 << 16


class LineReader:
    """Reads whole lines of a pipe or a stream socket; goes on where it was after a timeout."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read = b""

    def next(self, timeout_s: float | None) -> bytes | None:
        """The next line; empty when the other end has closed, None when time has run out."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while b"\n" not in self._read:
            left_s = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            if not select.select([self._descriptor], [], [], left_s)[0]:
                return None
            data = os.read(self._descriptor, CHUNK_BYTES)
            if not data:
                return b""
            self._read += data
        line, _, self._read = self._read.partition(b"\n")
        return line
