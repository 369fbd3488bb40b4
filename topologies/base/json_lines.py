"""JSON lines between processes. Standard library only, for agents import it too."""

from __future__ import annotations

import json
import math
import os
import select
import socket
import time
from collections.abc import Mapping
from typing import Any

CHUNK_BYTES = 1 << 16


class Lines:
    """Whole lines out of a pipe or a stream socket that is read when it is readable."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._rest = b""

    def read(self) -> list[bytes] | None:
        """The lines completed by one read; None at the end of the stream."""
        try:
            data = os.read(self.descriptor, CHUNK_BYTES)
        except ConnectionResetError:
            return None
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines


class LineReader:
    """One line after another, with a deadline for each; goes on where it was after a timeout."""

    def __init__(self, descriptor: int) -> None:
        self._lines = Lines(descriptor)
        self._read: list[bytes] = []

    def next(self, timeout_s: float | None) -> bytes | None:
        """The next line; empty when the other end has closed, None when time has run out."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._read:
            left_s = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            if not is_readable(self._lines.descriptor, left_s):
                return None
            lines = self._lines.read()
            if lines is None:
                return b""
            self._read += lines
        return self._read.pop(0)


def is_readable(descriptor: int, timeout_s: float | None) -> bool:
    """Whether there is something to read, or the other end has closed, before time runs out.

    Of any descriptor: ``select`` takes no number from 1024 on, and a network of 2,000 hubs has
    more.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if timeout_s is None else math.ceil(timeout_s * 1000)))


def encode(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def say(message: Mapping[str, Any]) -> None:
    """To the reader of this process's standard output."""
    os.write(1, encode(message))


def tell(channel: socket.socket, message: Mapping[str, Any]) -> None:
    channel.sendall(encode(message))
