"""What controllers have written of what happened, a JSON object a line: read as it comes. Pure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from corridor.topologies.base.bounded_file import RESULT, open_bounded

CONTROLLER_EVENTS = "controller_events.jsonl"
"""In ``raw`` of a result folder."""


class ControllerEvents:
    """The events of one file, which may not be there yet, and may grow: each is read once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._events: list[dict[str, Any]] = []

    def so_far(self, *kinds: str) -> list[dict[str, Any]]:
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
        return [one for one in self._events if not kinds or one["event"] in kinds]


def _whole(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        event: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return event
