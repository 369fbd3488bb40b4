"""When policies block demands: messages planned for then are not lost to load. Pure.

As planned. A demand that is blocked at first, or by a change of policies or of the day, stays
blocked until a later change permits it. Packets that a failure drops are lost, not blocked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.experiments.scenario.event_registry import KINDS

ENDLESS_NS = 1 << 62
CHANGES = ("day", "file")
"""Of events that change which policies apply: what the values of their keys name."""


class BlockedPeriod(NamedTuple):
    """A demand, from when until when after the epoch."""

    demand: str
    from_ns: int
    until_ns: int

    def holds(self, at_ns: int) -> bool:
        return self.from_ns <= at_ns < self.until_ns


def kept_back(plan: Plan) -> list[BlockedPeriod]:
    """All times at which any demand is."""
    return [one for demand in plan.demands for one in _of(plan, demand)]


def _of(plan: Plan, demand: PlannedDemand) -> Iterator[BlockedPeriod]:
    since_ns = 0 if demand.predicted_rtt_ns is None else None
    for event in plan.events:
        impact = next((one for one in event.impacts if one.demand == demand.index), None)
        if KINDS[event.kind].of not in CHANGES or impact is None:
            continue
        if impact.followed_rtt_ns is None and since_ns is None:
            since_ns = event.begin_ns
        elif impact.followed_rtt_ns is not None and since_ns is not None:
            yield BlockedPeriod(demand.id, since_ns, event.begin_ns)
            since_ns = None
    if since_ns is not None:
        yield BlockedPeriod(demand.id, since_ns, ENDLESS_NS)


class Keeping:
    """Decides of each message, in order, whether it is blocked: its demand is blocked, or a
    blocked message is before it on its connection."""

    def __init__(self, kept: Iterable[BlockedPeriod]) -> None:
        self._spans: dict[str, list[BlockedPeriod]] = {}
        for one in kept:
            self._spans.setdefault(one.demand, []).append(one)
        self._until_ns: dict[int, int] = {}
        """By connection: when the last blocked message has arrived."""

    def keeps(
        self, demand: str, connection: int, from_ns: int | None, completed_ns: int | None
    ) -> bool:
        """``from_ns`` is when it was meant to begin; None: never, and then it is not."""
        if from_ns is None or demand not in self._spans:
            return False
        is_kept = any(span.holds(from_ns) for span in self._spans[demand])
        is_behind = from_ns < self._until_ns.get(connection, 0)
        if is_kept or is_behind:
            arrived_ns = ENDLESS_NS if completed_ns is None else completed_ns
            self._until_ns[connection] = max(arrived_ns, self._until_ns.get(connection, 0))
        return is_kept or is_behind
