"""The events of a run: kept in ``events.jsonl``, reported as they come, and what they time."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from corridor.experiments.lab.run_events import Event, Phase
from corridor.experiments.plan.values import Plan
from corridor.experiments.terminal.live import LiveLines, nothing_more
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.jobs import end_ns
from corridor.traffic.agents.records import HEADER_BYTES, RECORD, RECORD_BYTES

# How far a measurement has come, seen from outside: by the records that agents have written.
#
# Reading them costs a guest nothing, and they contain its clock.

T1 = 11
"""Of the fields of a record: when its probe was sent."""


def sending_s(plan: Plan) -> float:
    """How long a plan sends, by the run's own clock; it waits for what is late after that."""
    return end_ns(plan.job.hosts, 0) / NS_PER_S


def passed_s(raw: Path, epoch_ns: int) -> float:
    """Seconds of the run's own clock from the start of traffic to the last record; 0 before."""
    last_ns = max((_last_ns(path) for path in raw.glob("probes-*.rec")), default=0)
    return max(0.0, (last_ns - epoch_ns) / NS_PER_S)


def _last_ns(path: Path) -> int:
    with contextlib.suppress(OSError), path.open("rb") as file:
        whole = (os.fstat(file.fileno()).st_size - HEADER_BYTES) // RECORD_BYTES
        if whole > 0:
            data = os.pread(file.fileno(), RECORD_BYTES, HEADER_BYTES + (whole - 1) * RECORD_BYTES)
            if len(data) == RECORD_BYTES:
                return int(RECORD.unpack(data)[T1])
    return 0


STEP_S = 3.0
BOOTING = "starting the kernel of the run"
SUMMING_UP = "summing up"
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

    def __init__(
        self, out_dir: Path, say: Say, started: float, planned_s: float | None = None
    ) -> None:
        """``planned_s`` is how long traffic lasts by the run's own clock, for who watches."""
        self._path = out_dir / "events.jsonl"
        self._raw = out_dir / "raw"
        self._say = say
        self._planned_s = planned_s
        if isinstance(say, LiveLines):
            say.doing(BOOTING)
        self._said_s = 0.0
        self.started = started
        self.phases: dict[str, Phase] = {}
        self.clock_step_ns: int | None = None

    def __call__(self, event: Event) -> None:
        since_s = event["wall_s"] - self.started
        event["wall_s"] = round(since_s, 3)
        self.note(event)
        text = self._text(event, since_s)
        if isinstance(self._say, LiveLines):
            self._show(self._say, event, since_s)
        elif text:
            self._say(f"[{since_s:6.1f} s] {text}")
            self._said_s = since_s
        with self._path.open("a") as log:
            log.write(json.dumps({"wall_s": event["wall_s"], **event}) + "\n")

    def _text(self, event: Event, since_s: float) -> str | None:
        """The line for an event. Steps get one only after some seconds."""
        if event["event"] == "phase":
            return self._PHASES.get(event["name"])
        if event["event"] == "step" and since_s - self._said_s >= STEP_S:
            return f"  {event['done']} of {event['of']} {event['name']}"
        return None

    def _show(self, live: LiveLines, event: Event, since_s: float) -> None:
        """On a terminal: steps come and go, phases leave their line."""
        if event["event"] == "step":
            live.step(f"{event['done']} of {event['of']} {event['name']}")
        elif event["event"] == "phase" and event["name"] in self._PHASES:
            detail = self._passed(event.get("epoch_ns")) if event["name"] == "measure" else None
            line = f"[{since_s:6.1f} s] {self._PHASES[event['name']]}"
            live.begin(line, detail or nothing_more)
        elif event["event"] == "phase":
            live.doing(SUMMING_UP)

    def _passed(self, epoch_ns: int | None) -> Callable[[], str] | None:
        planned_s = self._planned_s
        if epoch_ns is None or planned_s is None:
            return None
        return lambda: f"{min(passed_s(self._raw, epoch_ns), planned_s):.1f} of {planned_s:.1f} s"

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
