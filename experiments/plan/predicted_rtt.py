"""The outcome of what demands send while a timeline goes on, by the time of sending. Pure.

A packet goes by the tables that its source holds when it is sent, and at each hub by what the
switch takes for live when it comes there: it may be lost behind the event that it left before.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from corridor.controller.openflow.deployments import Deployment
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_decisions import Watch
from corridor.controller.prover.exact_search import Explorer
from corridor.experiments.plan.predicted_controller import InstalledSince
from corridor.experiments.plan.predicted_fibres import Fibres
from corridor.experiments.plan.values import FOLLOWED_NS
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring

BEFORE_NS = -1
SHARP_NS = 10_000
"""How exactly it is found when something changes."""
LONGEST_NS = 1_000_000_000
"""No round trip is taken to last longer."""


class PredictedRtt(NamedTuple):
    """A demand's round trip."""

    rtt_ns: int | None
    """None where it does not arrive, or its answers do not."""
    there: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    """The hubs of the path."""
    fibres: frozenset[str] = frozenset()


LOST = PredictedRtt(None)


class Piece(NamedTuple):
    """The outcome of all that is sent from then on, until the next piece."""

    from_ns: int
    trip: PredictedRtt


class Explorers:
    """Of deployments, each made once."""

    def __init__(self, wiring: Wiring, topology: Topology) -> None:
        self._wiring, self._topology = wiring, topology
        self._known: dict[int, tuple[Deployment, Explorer]] = {}

    def of(self, deployment: Deployment) -> Explorer:
        if id(deployment) not in self._known:
            tables = tables_of(deployment.program)
            explorer = Explorer(tables, self._wiring, self._topology)
            self._known[id(deployment)] = deployment, explorer
        return self._known[id(deployment)][1]


@dataclass
class RunProgress:
    """A network in the course of a timeline."""

    fibres: Fibres
    standing: Sequence[InstalledSince]
    explorers: Explorers
    sizes: Sequence[int]
    """Of probes, by the demand, in octets."""

    def __post_init__(self) -> None:
        self._static: dict[tuple[int, int], PredictedRtt] = {}
        self._fares: dict[int, list[Piece]] = {}
        self._pieces: dict[tuple[int, int, int], list[Piece]] = {}

    @cached_property
    def moments(self) -> list[int]:
        """When anything changes, in order."""
        return sorted({*self.fibres.moments, *(one.at_ns for one in self.standing)})

    def pieces(self, demand: int, begin_ns: int, end_ns: int) -> list[Piece]:
        """Of all that a demand may send between, in order of time."""
        key = demand, begin_ns, end_ns
        if key not in self._pieces:
            self._pieces[key] = self._searched(demand, begin_ns, end_ns)
        return self._pieces[key]

    def _searched(self, demand: int, begin_ns: int, end_ns: int) -> list[Piece]:
        at = [one.from_ns for one in self.fares(demand) if begin_ns < one.from_ns < end_ns]
        at += [one - LONGEST_NS for one in at]
        times = sorted({begin_ns, end_ns, *(max(one, begin_ns) for one in at)})
        found = [Piece(begin_ns, self.trip(demand, begin_ns))]
        for low_ns, high_ns in pairwise(times):
            middle_ns = (low_ns + high_ns) // 2
            for first_ns, last_ns in ((low_ns, middle_ns), (middle_ns, high_ns)):
                found += self._changes(demand, first_ns, last_ns, found[-1].trip)
        return found

    def trip(self, demand: int, at_ns: int) -> PredictedRtt:
        """Of what is sent then."""
        fares = self.fares(demand)
        number = bisect_right(fares, at_ns, key=lambda piece: piece.from_ns)
        static = fares[number - 1].trip
        takes_ns = LONGEST_NS if static.rtt_ns is None else static.rtt_ns
        if number == len(fares) or at_ns + takes_ns < fares[number].from_ns:
            return static
        return _Travel(self, demand, None).trip(at_ns)

    def fares(self, demand: int) -> list[Piece]:
        """As if nothing changed while a packet is in flight: the first is before anything does."""
        if demand not in self._fares:
            pieces = [Piece(BEFORE_NS, self.trip_at(demand, BEFORE_NS))]
            for at_ns in self.moments:
                trip = self.trip_at(demand, at_ns)
                if trip != pieces[-1].trip:
                    pieces.append(Piece(at_ns, trip))
            self._fares[demand] = pieces
        return self._fares[demand]

    def trip_at(self, demand: int, at_ns: int) -> PredictedRtt:
        """As if all stayed as it is at a time."""
        key = demand, bisect_right(self.moments, at_ns)
        if key not in self._static:
            self._static[key] = _Travel(self, demand, at_ns).trip(at_ns)
        return self._static[key]

    def held(self, at_ns: int) -> Deployment | None:
        """What switches hold."""
        number = bisect_right(self.standing, at_ns, key=lambda one: one.at_ns)
        return self.standing[max(number - 1, 0)].deployment

    def _changes(
        self, demand: int, low_ns: int, high_ns: int, was: PredictedRtt
    ) -> Iterator[Piece]:
        """What is otherwise at the end, and since when."""
        at_end = self.trip(demand, high_ns)
        while was != at_end:
            last_ns = high_ns
            while last_ns - low_ns > SHARP_NS:
                middle_ns = (low_ns + last_ns) // 2
                if self.trip(demand, middle_ns) == was:
                    low_ns = middle_ns
                else:
                    last_ns = middle_ns
            was = self.trip(demand, last_ns)
            low_ns = last_ns
            yield Piece(last_ns, was)


class _Travel:
    """Of packets of one demand, with time that passes unless it is ``frozen_ns``."""

    def __init__(self, course: RunProgress, demand: int, frozen_ns: int | None) -> None:
        self._course, self._demand, self._frozen_ns = course, demand, frozen_ns
        self._size = course.sizes[demand]

    def trip(self, at_ns: int) -> PredictedRtt:
        hubs, fibres = list[tuple[str, ...]](), list[str]()
        now_ns = at_ns
        for number in (2 * self._demand, 2 * self._demand + 1):
            deployment = self._course.held(self._time(now_ns))
            if deployment is None:
                return LOST
            intent = deployment.intents[number]
            journey = self._course.explorers.of(deployment).travel(intent, self, now_ns)
            if not journey.delivered:
                return LOST
            now_ns = journey.at_ns
            passed = [one for one in journey.crossed if not one.is_gateway]
            hubs.append((intent.pair[0], *(watch.far for watch in passed)))
            fibres += journey.fibres
        return PredictedRtt(now_ns - at_ns, hubs[0], hubs[1], frozenset(fibres))

    def takes_for_live(self, watch: Watch, at_ns: int) -> bool:
        return self._course.fibres.live((watch.hub, watch.port), self._time(at_ns))

    def arrives_ns(self, watch: Watch, at_ns: int) -> int | None:
        then_ns, port = self._time(at_ns), (watch.hub, watch.port)
        stays = self._frozen_ns is not None
        over_ns = self._course.fibres.crossed_ns(port, then_ns, self._size, stays=stays)
        if over_ns is None or self._course.held(self._time(over_ns)) is None:
            return None
        return at_ns + over_ns - then_ns

    def _time(self, at_ns: int) -> int:
        return at_ns if self._frozen_ns is None else self._frozen_ns


# What one event makes of one demand, in one course of the timeline. Pure.
#
# Read off as results do it from probes: medians of what is sent just before the event, and once it
# may have been followed; and the longest that nothing arrives.


class RttPhases(NamedTuple):
    """All but for how long."""

    before_rtt_ns: int | None
    bridged_rtt_ns: int | None
    followed_rtt_ns: int | None
    hubs_then: tuple[str, ...]


class Window(NamedTuple):
    """When to look; ns after the epoch."""

    begin_ns: int
    end_ns: int
    alone_until_ns: int
    """When another event begins."""
    owns_until_ns: int
    """When another begins that hits the demand: what is lost since is of that."""
    over_ns: int
    """When the last packet is sent."""


@dataclass(frozen=True)
class Look:
    """At one demand."""

    course: RunProgress
    demand: int
    window: Window

    @cached_property
    def pieces(self) -> list[Piece]:
        return self.course.pieces(self.demand, 0, self.window.over_ns)

    @cached_property
    def phases(self) -> RttPhases:
        begin_ns = self.window.begin_ns
        answered_ns = begin_ns - self._longest_ns
        had = self._mostly(answered_ns - FOLLOWED_NS, answered_ns)
        then = self._then()
        return RttPhases(had.rtt_ns, self._bridged().rtt_ns, then.rtt_ns, then.there)

    @cached_property
    def out_ns(self) -> float:
        """0 if it is not; ``math.inf`` until the run ends."""
        begin_ns, over_ns = self.window.begin_ns, self.window.over_ns
        first_ns, last_ns = (
            at_ns - self._longest_ns for at_ns in (begin_ns, self.window.owns_until_ns)
        )
        longest_ns: float = 0
        for since_ns, until_ns in self._runs():
            is_its = first_ns <= since_ns < last_ns
            if is_its and until_ns > begin_ns:
                lasts_ns = math.inf if until_ns >= over_ns else until_ns - max(since_ns, begin_ns)
                longest_ns = max(longest_ns, lasts_ns)
        return longest_ns

    @cached_property
    def _longest_ns(self) -> int:
        return max((piece.trip.rtt_ns or 0 for piece in self.pieces), default=0)

    def _bridged(self) -> PredictedRtt:
        """By what switches held when it began, once they have seen what they can see of it."""
        begin_ns = self.window.begin_ns
        flips = [
            one.at_ns
            for one in self.course.standing
            if one.at_ns >= begin_ns and one.deployment is not None
        ]
        until_ns = min([*flips, self.window.end_ns, self.window.alone_until_ns])
        return self.course.trip_at(self.demand, until_ns - 1)

    def _then(self) -> PredictedRtt:
        begin_ns, end_ns = self.window.begin_ns, self.window.end_ns
        since_ns = begin_ns + FOLLOWED_NS
        if since_ns < end_ns - self._longest_ns:
            return self._mostly(since_ns, end_ns - self._longest_ns)
        return self._mostly(since_ns if since_ns < end_ns else begin_ns, end_ns)

    def _mostly(self, begin_ns: int, end_ns: int) -> PredictedRtt:
        """The median of what arrives of all that is sent between; lost if nothing does."""
        weights = dict[PredictedRtt, int]()
        for since_ns, until_ns, trip in self._between(begin_ns, end_ns):
            if trip.rtt_ns is not None:
                weights[trip] = weights.get(trip, 0) + until_ns - since_ns
        left_ns = (sum(weights.values()) + 1) // 2
        for trip in sorted(weights, key=lambda one: one.rtt_ns or 0):
            left_ns -= weights[trip]
            if left_ns <= 0:
                return trip
        return LOST

    def _between(self, begin_ns: int, end_ns: int) -> Iterator[tuple[int, int, PredictedRtt]]:
        following = [piece.from_ns for piece in self.pieces[1:]]
        for piece, next_ns in zip(self.pieces, [*following, self.window.over_ns], strict=True):
            since_ns, until_ns = max(piece.from_ns, begin_ns), min(next_ns, end_ns)
            if since_ns < until_ns:
                yield since_ns, until_ns, piece.trip

    def _runs(self) -> Iterator[tuple[int, int]]:
        """From when until when nothing arrives."""
        since_ns: int | None = None
        for piece in self.pieces:
            if piece.trip.rtt_ns is None and since_ns is None:
                since_ns = piece.from_ns
            elif piece.trip.rtt_ns is not None and since_ns is not None:
                yield since_ns, piece.from_ns
                since_ns = None
        if since_ns is not None:
            yield since_ns, self.window.over_ns
