"""What controllers have written of what happened, a JSON object a line: read as it comes. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from corridor.topologies.base.bounded_file import RESULT, open_bounded
from corridor.topologies.base.codec import JsonObject, read_document

CONTROLLER_EVENTS = "controller_events.jsonl"
"""In ``raw`` of a result folder."""


@dataclass(frozen=True, kw_only=True)
class StatusEvent:
    """How a controller served a demand from a moment on; ``at_ns`` is CLOCK_REALTIME."""

    at_ns: int
    demand: str
    status: str
    hubs: tuple[str, ...] = ()
    """The path."""
    reason: str = ""


class ControllerEvents:
    """The events of one file, which may not be there yet, and may grow: each is read once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._events: list[JsonObject] = []

    def so_far(self, *kinds: str) -> list[JsonObject]:
        """In order, of these kinds or of all; a line that is cut short is the last."""
        if self._path.exists():
            with open_bounded(self._path, RESULT) as file:
                file.seek(self._at)
                for line in file:
                    event = _whole(line)
                    if event is None:
                        break
                    self._at += len(line)
                    self._events.append(event)
        return [one for one in self._events if not kinds or one.get("event") in kinds]

    def statuses(self) -> list[StatusEvent]:
        """How demands were served, in order. Raises InputError for events of another version."""
        file, hint = str(self._path), "repeat the run with this version"
        return [read_document(StatusEvent, one, file, hint) for one in self.so_far("status")]


def _whole(line: bytes) -> JsonObject | None:
    if not line.endswith(b"\n"):
        return None
    try:
        event: JsonObject = json.loads(line)
    except ValueError:
        return None
    return event
