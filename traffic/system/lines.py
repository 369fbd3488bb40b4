"""JSON lines between a process of the traffic room, its children and the runner."""

from __future__ import annotations

import json
import os
import socket
from typing import Any


class Lines:
    """Whole lines out of a descriptor that is read when it is readable."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._rest = b""

    def read(self) -> list[bytes] | None:
        """The lines completed by one read; None at the end of the stream."""
        try:
            data = os.read(self.descriptor, 1 << 16)
        except ConnectionResetError:
            return None
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines


def encode(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def say(message: dict[str, Any]) -> None:
    """To the reader of this process's standard output."""
    os.write(1, encode(message))


def tell(channel: socket.socket, message: dict[str, Any]) -> None:
    channel.sendall(encode(message))


def ending(status: int) -> dict[str, int | None]:
    """How a process ended, from its wait status: by a signal or with an exit code."""
    code = os.waitstatus_to_exitcode(status)
    return {"signal": -code if code < 0 else None, "exit": code if code >= 0 else None}


def how(end: dict[str, Any]) -> str:
    return f"killed by signal {end['signal']}" if end["signal"] else f"exited with {end['exit']}"
