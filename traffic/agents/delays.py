"""What each packet of streams took, in a file that is only appended to. Standard library only.

One file a host that has streams, ``delays-<host>.bin``: blocks, each a header and two columns, in
little endian. Whatever kills an agent leaves whole blocks, and at most one that is torn at the end.

    magic u32, what u32, flow u32, count u32, count numbers u32, count times in ns i64

``what`` is ``DELAY`` (a packet's number, and its one-way delay), in the order of arrival, each
packet once; or ``LATE`` (the number of a burst's first packet, and how late the burst left).
"""

from __future__ import annotations

import os
import sys
from array import array
from struct import Struct

MAGIC = 0x594C4544
HEADER = Struct("<4I")
DELAY, LATE = 1, 2
BLOCK_ROWS = 1024
"""The maximum of rows that wait to be written, by stream."""


def file_name(host: str) -> str:
    return f"delays-{host}.bin"


class DelayFile:
    """Where all streams of one host write; made by the first of them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1

    def open(self) -> None:
        if self._fd < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            self._fd = os.open(self._path, flags, 0o644)

    def write(self, what: int, flow: int, numbers: array[int], times_ns: array[int]) -> None:
        """One block. Its pages are given up, so that they are written at once."""
        if sys.byteorder == "big":
            numbers.byteswap()
            times_ns.byteswap()
        head = HEADER.pack(MAGIC, what, flow, len(numbers))
        left = memoryview(head + numbers.tobytes() + times_ns.tobytes())
        while left:
            left = left[os.write(self._fd, left) :]
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Delays:
    """Times of one stream that wait to be written; ``flush_full`` after some were appended."""

    __slots__ = ("_file", "_flow", "_what", "numbers", "times_ns")

    def __init__(self, file: DelayFile, what: int, flow: int) -> None:
        file.open()
        self._file, self._what, self._flow = file, what, flow
        self.numbers, self.times_ns = array("I"), array("q")

    def flush_full(self) -> None:
        if len(self.numbers) >= BLOCK_ROWS:
            self.flush()

    def flush(self) -> None:
        if self.numbers:
            self._file.write(self._what, self._flow, self.numbers, self.times_ns)
            del self.numbers[:], self.times_ns[:]
