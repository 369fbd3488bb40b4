"""What has happened: told as it does, kept for who asks later, written where a path is given."""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from corridor.controller.api.control_answers import (
    Event,
    EventsAnswer,
    Happened,
    Lacking,
    LastUpdate,
)
from corridor.controller.intent.values import Worst
from corridor.controller.openflow.statuses import DemandStatus
from corridor.topologies.base.codec import to_plain

MOST = 10_000
MOST_WAIT_S = 30.0
"""For the next event."""


class Bell(Protocol):
    """A queue of who waits for the next event."""

    def put(self, item: None, /) -> object: ...

    def get(self, *, timeout: float) -> object: ...


class EventLog:
    """Events, each with a number and a time."""

    def __init__(self, tell: Callable[[Event], object], path: Path | None = None) -> None:
        self._tell = tell
        self._path = path
        self._events: deque[Event] = deque(maxlen=MOST)
        self._next = 1
        self.started_ns = time.time_ns()
        """Time of day; numbers of events belong to it."""
        self.statuses: dict[str, DemandStatus] = {}
        """As they were last told."""
        self.lacking: tuple[Lacking, ...] = ()
        """Links that committed rates do not fit, as they were last told."""
        self.counts = EventCounts()
        self.bells: set[Bell] = set()
        """Of those who wait for the next event."""

    def say(self, event: str, **what: Any) -> None:
        # Each kind has its own keys besides those of every event.
        told = cast(Event, {"event": event, "n": self._next, "at_ns": time.time_ns(), **what})
        self._next += 1
        self._events.append(told)
        self.counts.note(told)
        if self._path is not None:
            with self._path.open("a") as file:
                file.write(json.dumps(told) + "\n")
        self._tell(told)
        for bell in tuple(self.bells):
            bell.put(None)

    @property
    def last(self) -> int:
        """The number of the newest event; 0 if there is none."""
        return self._next - 1

    def since(self, number: int) -> list[Event]:
        """Events after that of a number; the oldest may be gone."""
        return [one for one in list(self._events) if one["n"] > number]

    def heard(
        self, since: int, of: int, wait_s: float, bell: Bell, nothing: type[Exception]
    ) -> EventsAnswer:
        """Events after a number, of the log that was started at ``of`` ns, or of whichever it is if
        that is 0; else all. Where there are none it is waited for one, which rings the ``bell``,
        ``nothing`` if that does not come in time."""
        since = since if of in (0, self.started_ns) else 0
        wait_s = min(wait_s, MOST_WAIT_S)
        self.bells.add(bell)  # before the last look: none comes in between unheard
        try:
            if wait_s > 0 and self.last <= since:
                bell.get(timeout=wait_s)
        except nothing:
            pass
        finally:
            self.bells.discard(bell)
        return {"events": self.since(since), "last": self.last, "started_ns": self.started_ns}

    def tell_lacking(self, links: Iterable[Worst]) -> None:
        """Report links that committed rates do not fit, if they differ from the last report."""
        lacking = tuple(_lacking(one) for one in links)
        if lacking != self.lacking:
            self.lacking = lacking
            self.say("rates", lacking=list(lacking))

    def compare(self, now: Iterable[DemandStatus]) -> None:
        """Report every demand whose status differs from the last report."""
        for one in now:
            before = self.statuses.get(one.demand)
            if one != before:
                self.statuses[one.demand] = one
                was = before.status if before else None
                self.say("status", **to_plain(one), was=was)


def _lacking(link: Worst) -> Lacking:
    return {
        "fibre": link.fibre,
        "hub": link.hub,
        "lacks_bps": link.excess_bps,
        "when": list(link.failure),
        "demands": list(link.demands),
        "said": str(link),
    }


# How often what has happened since a controller started, out of its events. Pure.


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
