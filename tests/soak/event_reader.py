"""What controllers have written of what happened, read as it comes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Heard:
    """Events of a file that grows; each is read once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._events: list[dict[str, Any]] = []

    def events(self) -> Sequence[dict[str, Any]]:
        """All so far."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._at)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self._at += len(line)
                    self._events.append(json.loads(line))
        return self._events

    def count(self, *kinds: str, since: int = 0) -> int:
        """How many of these kinds there have been after so many of all."""
        return sum(one["event"] in kinds for one in self.events()[since:])
