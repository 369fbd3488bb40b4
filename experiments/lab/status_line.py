"""The line a controller reports on, and is asked over: JSON objects both ways."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from corridor.topologies.base.json_lines import LineReader, tell


def listen_at(path: Path) -> socket.socket:
    """Where controllers connect to: their option ``status``."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(1)
    return listener


class StatusLine:
    """One controller's."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = LineReader(connection.fileno())

    def order(self, do: str, **what: str) -> None:
        """Raises OSError if the controller is gone."""
        tell(self._connection, {"do": do, **what})

    def next(self, timeout_s: float | None) -> dict[str, Any] | None:
        """Its next message, which has an ``event``; None when time has run out. Raises EOFError
        once the controller is gone; what it did not say to the end is lost."""
        line = self._lines.next(timeout_s)
        if line == b"":
            raise EOFError
        return None if line is None else json.loads(line)
