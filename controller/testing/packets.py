"""What was seen of packets on a network that runs, and what assertions make of it. Pure.

Packets that are sent under some failures can be distinguished from others. So what fibres and
gateways saw of them is a path that they took.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from corridor.controller.policy.clauses import Broken, Clause, Element, Trip
from corridor.controller.prover.search.tables import Tables
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring

type Failed = tuple[str, ...]
"""Names of failures, as ``corridor.controller.intent.specification.canonical`` orders them."""


class Crossing(NamedTuple):
    """Packets that were sent onto a fibre with the same label. A path may cross a fibre twice."""

    fibre: str
    sent_by: str
    """The hub."""
    label: int | None
    packets: int


@dataclass(frozen=True)
class Packets:
    """The outcome of those that were sent while just these had failed."""

    failed: Failed
    sent: int
    arrived: int
    fastest_ns: int | None
    """One-way delay without the serialization of the frame; None if no packet arrived."""
    crossings: tuple[Crossing, ...]
    """In the order in which they were first seen."""
    gateways: frozenset[str]
    """Hubs whose gateway let some pass."""


@dataclass(frozen=True)
class Seen:
    """All that was seen of one demand so far."""

    packets: Mapping[Failed, Packets]
    dropped: Mapping[str, int]
    """At the demand's source, by the reason that its switch counts them under."""
    amiss: tuple[str, ...] = ()
    """What no assertion allows: frames where none may be, tables that changed in the meantime."""
    refused: str = ""
    """Why nothing was sent."""


class Live[Demand](Protocol):
    """Networks that run, each with the tables of one demand."""

    @property
    def where(self) -> str:
        """Like ``in a guest with the virtual clock``."""

    @property
    def slack_ns(self) -> int:
        """What the fastest packet may take beyond the delay of its fibres."""

    def tables(self, demand: Demand) -> tuple[Tables, Wiring]:
        """What the switches say they hold."""

    def seen(self, demand: Demand, sets: Collection[Failed]) -> Seen:
        """Of packets under at least these sets of failures, unless nothing was sent."""


@dataclass(frozen=True)
class Taken:
    """A path that packets took, up to where they were last seen, and its violation."""

    packets: Packets
    path: Path
    broken: Broken


def breach(seen: Iterable[Packets], clause: Clause, trip: Trip, on: Topology) -> Taken | None:
    """The first path, under the fewest failures, that violates a clause."""
    for packets in sorted(seen, key=lambda one: (len(one.failed), one.failed)):
        served = replace(trip, closed=frozenset(hub.id for hub in on.hubs) - packets.gateways)
        for path in paths_taken(packets, trip.src.id, on):
            found = _walk(path, clause, served, on)
            if found is not None:
                return Taken(packets, *found)
    return None


def paths_taken(packets: Packets, src: str, on: Topology) -> Iterator[Path]:
    """The paths that crossings add up to, in the order of time. A path that leaves another begins
    with it; one without a predecessor begins where it was sent from."""
    left = list(packets.crossings)
    at = {crossing: number for number, crossing in enumerate(left)}
    taken: list[list[Crossing]] = []
    while left or not taken:
        crossings = _led_to(left[0], taken, at, on) if taken else []
        here = left[0].sent_by if taken else src
        while True:
            since = at[crossings[-1]] if crossings else -1
            onward = (one for one in left if one.sent_by == here and at[one] > since)
            step = next(onward, None)
            if step is None:
                break
            left.remove(step)
            crossings.append(step)
            here = on.fibre(step.fibre).other_end(here)
        taken.append(crossings)
        yield _path(crossings, src, on)


def _led_to(
    crossing: Crossing,
    taken: Iterable[list[Crossing]],
    at: Mapping[Crossing, int],
    on: Topology,
) -> list[Crossing]:
    """The part of a known path up to where a crossing was sent from, before that time."""
    for crossings in taken:
        for last in range(len(crossings), 0, -1):
            step = crossings[last - 1]
            arrives = on.fibre(step.fibre).other_end(step.sent_by)
            if arrives == crossing.sent_by and at[step] < at[crossing]:
                return crossings[:last]
    return []


def _path(crossings: Sequence[Crossing], src: str, on: Topology) -> Path:
    first = crossings[0].sent_by if crossings else src
    far = (on.fibre(one.fibre).other_end(one.sent_by) for one in crossings)
    return Path((first, *far), tuple(one.fibre for one in crossings))


def _walk(path: Path, clause: Clause, trip: Trip, on: Topology) -> tuple[Path, Broken] | None:
    """The path up to where the clause is violated."""
    state = 0
    for number, element in enumerate(_elements(path, on)):
        step = clause.enter(state, element, trip)
        if isinstance(step, Broken):
            hops = (number + 1) // 2
            return Path(path.hubs[: hops + 1], path.fibres[:hops]), step
        state = step
    broken = clause.finish(state, trip) if path.dst == trip.dst.id else None
    return None if broken is None else (path, broken)


def _elements(path: Path, on: Topology) -> Iterator[Element]:
    for place, hub in enumerate(path.hubs):
        yield on.hub(hub)
        if place < len(path.fibres):
            yield on.fibre(path.fibres[place])
