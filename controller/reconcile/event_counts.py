"""How often what has happened since a controller started, out of its events. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from corridor.controller.api.control_answers import Event, Happened, LastUpdate


@dataclass
class EventCounts:
    """Counts events as they are reported."""

    updates: Counter[str] = field(default_factory=Counter)
    """By the outcome of them: ``done``, ``refused``, ``deferred``, ``failed``."""
    events: Counter[str] = field(default_factory=Counter)
    connections: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """By hub, how often its switch has connected (True), and gone (False)."""
    last_update: LastUpdate | None = None

    def note(self, told: Event) -> None:
        event: Mapping[str, Any] = told
        kind = told["event"]
        self.events[kind] += 1
        if kind == "update":
            self.updates["done"] += 1
            self.last_update = cast(LastUpdate, told)
        elif kind in ("refused", "failed"):
            self.updates[event.get("kind", kind)] += 1
        elif kind == "deferred":
            self.updates[kind] += 1
        elif kind == "switch":
            self.connections[event["hub"], event["connected"]] += 1

    def plain(self) -> Happened:
        return {
            "updates": {
                "done": self.updates["done"],
                "refused": self.updates["refused"],
                "deferred": self.updates["deferred"],
                "failed": self.updates["failed"],
                "busy": self.updates["busy"],
            },
            "repaired": self.events["repaired"],
            "withdrawn": self.events["withdrawn"],
            "error": self.events["error"],
            "last_update": self.last_update.copy() if self.last_update else None,
        }
