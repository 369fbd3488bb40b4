"""The events of a run: kept in ``events.jsonl``, reported as they come, and what they time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from corridor.experiments.lab.run_events import Event, Phase
from corridor.topologies.base.seconds import NS_PER_S

STEP_S = 3.0
Say = Callable[[str], None]


class EventLog:
    """Keeps every event in ``events.jsonl`` and tells a waiting person what is going on."""

    _PHASES: ClassVar[dict[str, str]] = {
        "build": "building the network",
        "install": "installing tables and checking the wiring",
        "prove": "proving the tables that the switches hold",
        "measure": "measuring",
        "transfer": "TCP transfers",
        "read-back": "reading tables back",
        "teardown": "taking down",
    }

    def __init__(self, out_dir: Path, say: Say, started: float) -> None:
        self._path = out_dir / "events.jsonl"
        self._say = say
        self._said_s = 0.0
        self.started = started
        self.phases: dict[str, Phase] = {}
        self.clock_step_ns: int | None = None

    def __call__(self, event: Event) -> None:
        since_s = event["wall_s"] - self.started
        event["wall_s"] = round(since_s, 3)
        self.note(event)
        text = self._text(event, since_s)
        if text:
            self._say(f"[{since_s:6.1f} s] {text}")
            self._said_s = since_s
        with self._path.open("a") as log:
            log.write(json.dumps({"wall_s": event["wall_s"], **event}) + "\n")

    def _text(self, event: Event, since_s: float) -> str | None:
        """What to say of an event. Of steps, only what a person has waited some seconds for."""
        if event["event"] == "phase":
            return self._PHASES.get(event["name"])
        if event["event"] == "step" and since_s - self._said_s >= STEP_S:
            return f"  {event['done']} of {event['of']} {event['name']}"
        return None

    def note(self, event: Event) -> None:
        """Remember what the summary needs of an event."""
        if event["event"] == "phase":
            self.phases[event["name"]] = event
        elif event["event"] == "agents-done":
            self.clock_step_ns = event["clock_step_ns"]

    def between(self, start: str, end: str) -> float | None:
        """Wall seconds from the start of one phase to the start of another, if both came."""
        if start not in self.phases or end not in self.phases:
            return None
        return round(float(self.phases[end]["wall_s"] - self.phases[start]["wall_s"]), 3)

    def clock_between(self, start: str, end: str) -> float | None:
        """The same by the clock the run itself saw."""
        if start not in self.phases or end not in self.phases:
            return None
        since_ns = int(self.phases[end]["at_ns"]) - int(self.phases[start]["at_ns"])
        return round(since_ns / NS_PER_S, 6)
