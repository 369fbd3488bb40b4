"""A run cut into stretches around its events; messages and rounds as columns, for what is asked of
many stretches. Pure.

An event lasts from its beginning until its end; one that is over at once does not last, and one
without an end lasts until the last packet is sent. Nothing else happens in a stretch before or
after: it reaches to where another event begins or ends. While an event lasts others may begin.
Times are ns after the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from corridor.experiments.plan.values import Plan, PlannedEvent
from corridor.experiments.results.measures import Sample
from corridor.experiments.results.messages import MessageRow, Round, RoundKey, rounds_of
from corridor.experiments.scenario.event_registry import KINDS
from corridor.topologies.base.arrays import Flags, Floats, Integers
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S

When = Literal["before", "while", "after"]


class EventWindow(NamedTuple):
    event: str
    when: When
    from_ns: int
    until_ns: int
    on: tuple[str, ...] = ()
    """All events that last at some time of it, or happen in it, in order of time."""

    def holds(self, at_ns: int | None) -> bool:
        return at_ns is not None and self.from_ns <= at_ns < self.until_ns

    @property
    def lasts_ns(self) -> int:
        return self.until_ns - self.from_ns


def stretches(plan: Plan) -> list[EventWindow]:
    """Those that last, by event in order of time; none of a run without events."""
    events = [one for one in plan.events if not KINDS[one.kind].observes]
    over_ns = ends_ns(plan)
    edges = sorted(
        {
            plan.start_ns,
            over_ns,
            *(moment for one in events for moment in (one.begin_ns, one.end_ns) if moment),
        }
    )
    found = (stretch for one in events for stretch in _of(one, edges, over_ns))
    spans = [(one.id, one.begin_ns, _end_ns(one, over_ns)) for one in events]
    return [one._replace(on=tuple(_on(one, spans))) for one in found if one.lasts_ns > 0]


def _on(stretch: EventWindow, spans: Sequence[tuple[str, int, int]]) -> Iterator[str]:
    for name, begin_ns, end_ns in sorted(spans, key=lambda one: one[1]):
        at_once = begin_ns == end_ns and stretch.from_ns < begin_ns < stretch.until_ns
        if at_once or (begin_ns < stretch.until_ns and end_ns > stretch.from_ns):
            yield name


def ends_ns(plan: Plan) -> int:
    """When workloads begin nothing more, or events are over, whichever is last."""
    windows = [end_ns for one in plan.workloads for _, end_ns in one.windows]
    begins = [one.begin_ns for one in plan.events]
    ends = [one.end_ns for one in plan.events if one.end_ns is not None]
    return max([plan.start_ns, *windows, *begins, *ends])


def _of(event: PlannedEvent, edges: Sequence[int], over_ns: int) -> Iterator[EventWindow]:
    begin_ns = event.begin_ns
    end_ns = _end_ns(event, over_ns)
    before_ns = max((edge for edge in edges if edge < begin_ns), default=begin_ns)
    after_ns = min((edge for edge in edges if edge > end_ns), default=end_ns)
    yield EventWindow(event.id, "before", before_ns, begin_ns)
    yield EventWindow(event.id, "while", begin_ns, end_ns)
    yield EventWindow(event.id, "after", end_ns, after_ns)


def _end_ns(event: PlannedEvent, over_ns: int) -> int:
    if event.end_ns is not None:
        return event.end_ns
    kind = KINDS[event.kind]
    return over_ns if kind.end or kind.of == "workload" else event.begin_ns


# Messages and rounds as columns, for what is asked of many stretches of a run.
#
# Times are ns after the epoch; ``NEVER`` is what has not been.

NEVER = -1


@dataclass(frozen=True, eq=False)
class MessageColumns:
    """Of one workload or one class."""

    rows: Sequence[MessageRow]

    @cached_property
    def intended_ns(self) -> Integers:
        return _column(row.intended_ns for row in self.rows)

    @cached_property
    def completed_ns(self) -> Integers:
        return _column(row.completed_ns for row in self.rows)

    @cached_property
    def took_ns(self) -> Integers:
        return _column(row.took_ns for row in self.rows)

    @cached_property
    def octets(self) -> Floats:
        return np.array([row.bytes for row in self.rows], float)

    @cached_property
    def came_octets(self) -> Floats:
        """Of whole messages and of others."""
        return np.array([row.arrived_bytes or 0 for row in self.rows], float)

    @cached_property
    def _came_ns(self) -> tuple[Integers, Integers]:
        """From when, and up to when: the same, where the first is not known."""
        return (
            _column(row.came_from_ns for row in self.rows),
            _column(row.until_ns for row in self.rows),
        )

    @cached_property
    def _flows(self) -> Integers:
        """The number of what shares with the others: a demand, or a connection of a single one."""
        demands = {row.demand for row in self.rows}
        names = [row.demand if len(demands) > 1 else row.connection for row in self.rows]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        return np.array([numbers[name] for name in names], np.int64)

    @cached_property
    def demands(self) -> int:
        """How many."""
        return len({row.demand for row in self.rows})

    @cached_property
    def connections(self) -> frozenset[int]:
        return frozenset(row.connection for row in self.rows)

    def arrived(self, during: EventWindow) -> Floats:
        """Octets that arrived in a stretch, of unfinished messages too: each spread evenly from
        its first to its last, or to the end of its connection."""
        first, last = self._came_ns
        took = np.maximum(last - first, 1)
        within = np.minimum(last, during.until_ns) - np.maximum(last - took, during.from_ns)
        found: Floats = self.came_octets * np.clip(within, 0, None) / took
        found[last == NEVER] = 0.0
        return found

    def lasts_ns(self, during: EventWindow, over_ns: int) -> int:
        """How much of a stretch something was to arrive: from the first intended start to the last
        arrival, or to the end of the run where something never arrived."""
        begun = self.intended_ns != NEVER
        if not begun.any():
            return 0
        last_ns = int(self._came_ns[1][self.came_octets > 0].max(initial=NEVER))
        if (begun & (self.completed_ns == NEVER)).any():
            last_ns = max(last_ns, over_ns)
        first_ns = int(self.intended_ns[begun].min())
        return min(last_ns, during.until_ns) - max(first_ns, during.from_ns)

    def rates(self, during: EventWindow) -> list[float]:
        """At which messages came that were intended in a stretch, by flow: octets over the time
        they took together."""
        counted = within(self.intended_ns, during) & (self.took_ns > 0)
        flows = self._flows[counted]
        octets = np.bincount(flows, self.octets[counted])
        took = np.bincount(flows, self.took_ns[counted].astype(float))
        return [float(one) for one in (octets[took > 0] / took[took > 0])]


@dataclass(frozen=True, eq=False)
class RoundColumns:
    """Of one workload or one class, and how long each would take as expected."""

    rounds: Sequence[Round]
    expected: Mapping[RoundKey, int]

    @cached_property
    def from_ns(self) -> Integers:
        return _column(one.from_ns for one in self.rounds)

    @cached_property
    def took_ns(self) -> Integers:
        return _column(one.took_ns for one in self.rounds)

    @cached_property
    def expected_ns(self) -> Integers:
        return _column(self.expected.get(one.key) for one in self.rounds)

    @cached_property
    def has_deadline(self) -> Flags:
        return np.array([one.deadline_ns is not None for one in self.rounds], np.bool_)

    @cached_property
    def kept_back(self) -> Flags:
        return np.array([one.kept_back for one in self.rounds], np.bool_)

    @cached_property
    def met(self) -> Flags:
        return np.array([bool(one.met) for one in self.rounds], np.bool_)


def within(times_ns: Integers, during: EventWindow) -> Flags:
    known = times_ns != NEVER
    found: Flags = known & (times_ns >= during.from_ns) & (times_ns < during.until_ns)
    return found


def _column(values: Iterable[int | None]) -> Integers:
    return np.array([NEVER if value is None else value for value in values], np.int64)


# Measures of a demand's messages over time, in bins from the start of probing. Pure.

GOODPUT, COMPLETION, UNDER_WAY = "goodput_mbps", "completion_ms", "messages_under_way"
OF_MESSAGES = (GOODPUT, COMPLETION, UNDER_WAY)
"""What arrived, spread evenly from its first octet to its last; the median time of what was
intended in a bin; how many messages were meant to have begun and had not arrived as a bin ends."""


def of_messages(
    rows: Sequence[MessageRow], demand: str, measure: str, width_ns: int, start_ns: int
) -> list[Sample]:
    """Raises InputError where a demand has no messages."""
    mine = [row for row in rows if row.demand == demand and row.intended_ns is not None]
    if not mine:
        raise InputError(
            f"{measure} of {demand} is not known: no workload sent messages along it",
            "give it one under workloads",
        )
    last_ns = max(row.completed_ns or _partly_ns(row) or row.intended_ns or 0 for row in mine)
    bins = max(1, -(-(last_ns - start_ns) // width_ns))
    edges = start_ns + np.arange(bins + 1) * width_ns
    values = {GOODPUT: goodput_mbps, COMPLETION: _completion, UNDER_WAY: _under_way}[measure](
        mine, edges
    )
    return [
        Sample(round(number * width_ns / NS_PER_S, 9), value) for number, value in enumerate(values)
    ]


def _partly_ns(row: MessageRow) -> int | None:
    return row.until_ns if row.arrived_bytes else None


def goodput_mbps(rows: Sequence[MessageRow], edges: np.ndarray) -> list[float | None]:
    """Return the payload that arrived between edges, in ns of the clock of ``rows``."""
    found = np.zeros(len(edges) - 1)
    for row in rows:
        if row.until_ns is None or row.came_from_ns is None or not row.arrived_bytes:
            continue
        at = np.array([row.came_from_ns, max(row.until_ns, row.came_from_ns + 1)], float)
        found += np.diff(np.interp(edges.astype(float), at, [0.0, row.arrived_bytes]))
    return [float(octets) * 8_000 / int(edges[1] - edges[0]) for octets in found]


def _completion(rows: Sequence[MessageRow], edges: np.ndarray) -> list[float | None]:
    rounds = [one for one in rounds_of(rows) if one.took_ns is not None]
    begun = np.array([one.from_ns for one in rounds], np.int64)
    took = np.array([one.took_ns for one in rounds], np.int64)
    at = np.searchsorted(edges, begun, "right") - 1
    return [
        float(np.median(mine)) / 1e6 if len(mine := took[at == number]) else None
        for number in range(len(edges) - 1)
    ]


def _under_way(rows: Sequence[MessageRow], edges: np.ndarray) -> list[float | None]:
    begun = np.sort(np.array([row.intended_ns for row in rows], np.int64))
    ended = np.sort(
        np.array([row.completed_ns for row in rows if row.completed_ns is not None], np.int64)
    )
    ends = edges[1:]
    waiting = np.searchsorted(begun, ends, "right") - np.searchsorted(ended, ends, "right")
    return [float(one) for one in waiting]
