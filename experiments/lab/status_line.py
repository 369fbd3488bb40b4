"""The line a controller reports on, and is asked over: JSON objects in both directions."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypedDict

from corridor.controller.openflow.installation import Report
from corridor.topologies.base.json_lines import LineReader, tell

Said = Mapping[str, Any]
"""A message of any controller: an ``event``, and its details."""


class Ready(Report):
    """Tables are in, and the wiring is as declared."""

    event: Literal["ready"]


class Reported(Report):
    """How far it has come, as asked."""

    event: Literal["report"]


class Dumped(TypedDict):
    """What switches say they hold is written."""

    event: Literal["dumped"]
    to: str


class Step(TypedDict):
    event: Literal["step"]
    name: str
    done: int
    of: int


class Error(TypedDict):
    event: Literal["error"]
    message: str


type Message = Ready | Reported | Dumped | Step | Error
"""Of a controller that holds one program."""


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

    def next(self, timeout_s: float | None) -> Said | None:
        """Its next message, which has an ``event``; None when time has run out. Raises EOFError
        once the controller is gone; what it did not say to the end is lost."""
        line = self._lines.next(timeout_s)
        if line == b"":
            raise EOFError
        return None if line is None else json.loads(line)
