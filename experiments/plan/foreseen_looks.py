"""What one event makes of one demand, in one course of the timeline. Pure.

Read off as results do it from probes: medians of what is sent just before the event, and once it
may have been followed; and the longest that nothing arrives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from corridor.experiments.plan.foreseen_trips import LOST, Course, Piece, Trip
from corridor.experiments.plan.values import FOLLOWED_NS


class Ways(NamedTuple):
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

    course: Course
    demand: int
    window: Window

    @cached_property
    def pieces(self) -> list[Piece]:
        return self.course.pieces(self.demand, 0, self.window.over_ns)

    @cached_property
    def ways(self) -> Ways:
        begin_ns = self.window.begin_ns
        answered_ns = begin_ns - self._longest_ns
        had = self._mostly(answered_ns - FOLLOWED_NS, answered_ns)
        then = self._then()
        return Ways(had.rtt_ns, self._bridged().rtt_ns, then.rtt_ns, then.there)

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

    def _bridged(self) -> Trip:
        """By what switches held when it began, once they have seen what they can see of it."""
        begin_ns = self.window.begin_ns
        flips = [
            one.at_ns
            for one in self.course.standing
            if one.at_ns >= begin_ns and one.deployment is not None
        ]
        until_ns = min([*flips, self.window.end_ns, self.window.alone_until_ns])
        return self.course.trip_at(self.demand, until_ns - 1)

    def _then(self) -> Trip:
        begin_ns, end_ns = self.window.begin_ns, self.window.end_ns
        since_ns = begin_ns + FOLLOWED_NS
        if since_ns < end_ns - self._longest_ns:
            return self._mostly(since_ns, end_ns - self._longest_ns)
        return self._mostly(since_ns if since_ns < end_ns else begin_ns, end_ns)

    def _mostly(self, begin_ns: int, end_ns: int) -> Trip:
        """The median of what arrives of all that is sent between; lost if nothing does."""
        weights = dict[Trip, int]()
        for since_ns, until_ns, trip in self._between(begin_ns, end_ns):
            if trip.rtt_ns is not None:
                weights[trip] = weights.get(trip, 0) + until_ns - since_ns
        left_ns = (sum(weights.values()) + 1) // 2
        for trip in sorted(weights, key=lambda one: one.rtt_ns or 0):
            left_ns -= weights[trip]
            if left_ns <= 0:
                return trip
        return LOST

    def _between(self, begin_ns: int, end_ns: int) -> Iterator[tuple[int, int, Trip]]:
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
