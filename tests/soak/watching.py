"""What the watch saw on fibres, held against where the oracle lets packets be. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

from corridor.controller.intent.specification import Specification
from corridor.experiments.account.summary import Crossing
from corridor.experiments.account.transit_check import TransitChecker
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents.transits import Seen, SeenFlow
from tests.soak.attacks import ATTACK_PORT
from tests.soak.judging import FLIPPED_NS
from tests.soak.oracle import Directed, lawful


class Watcher(TransitChecker):
    """The judge of crossings, by the oracle's own account of what is lawful."""

    def __init__(self, specification: Specification, wiring: Wiring) -> None:
        super().__init__(specification, wiring)
        self._ruled_by = specification

    @cached_property
    def _lawful(self) -> dict[str, frozenset[Directed]]:
        return lawful(self._ruled_by)

    def lets(self, crossing: Crossing) -> bool:
        return self.allows(crossing)

    def crossings(self, seen: Seen) -> dict[str, dict[Directed, int]]:
        """By demand, packets on each fibre."""
        found: dict[str, dict[Directed, int]] = defaultdict(lambda: defaultdict(int))
        for crossing in map(self.crossing, seen.flows):
            found[crossing.demand][crossing.fibre, crossing.sent_by] += crossing.packets
        return {demand: dict(counts) for demand, counts in found.items() if demand}


def wrong_on_fibres(
    watchers: Sequence[Watcher],
    seen: Seen,
    away: Mapping[str, Watcher] = MappingProxyType({}),
) -> Iterator[str]:
    """What no policy in force allows, packets without a demand, and what was not seen.

    ``away`` are hubs whose switch cannot be told of anything, with what was in force when it
    could: it may send on what that allowed, out of its own fibres and no further.
    """
    verdicts = [one.verdict(seen) for one in watchers]
    for crossing in _common([one.forbidden for one in verdicts]):
        watcher = away.get(crossing.sent_by)
        if watcher is None or not watcher.lets(crossing):
            yield f"forbidden: {_told(crossing)}"
    for crossing in _common([one.strange for one in verdicts]):
        yield f"without a demand, or not labelled once: {_told(crossing)}"
    for flow in seen.flows:
        if flow.src_port == ATTACK_PORT:
            yield f"an attacker's packets came onto {flow.interface}: {flow}"
    if seen.lost:
        yield f"the watch had no room for {seen.lost} frames"


def wrong_since(
    watcher: Watcher,
    seen: Seen,
    at_ns: int,
    delay_ns: Mapping[str, int],
    away: Mapping[str, Watcher] = MappingProxyType({}),
) -> Iterator[str]:
    """What was sent onto fibres after that time and is not allowed there by what has been in force
    from then on. ``delay_ns`` is how long each fibre takes: packets are seen as they leave it."""

    def is_later(flow: SeenFlow) -> bool:
        fibre, _ = watcher.sender(flow.interface)
        return flow.last_ns > at_ns + FLIPPED_NS + delay_ns[fibre]

    later = seen._replace(flows=tuple(filter(is_later, seen.flows)))
    for crossing in watcher.verdict(later).forbidden:
        allowed = away.get(crossing.sent_by)
        if allowed is None or not allowed.lets(crossing):
            yield f"forbidden by then: {_told(crossing)}"


def labels(seen: Seen) -> list[int]:
    """Those that were on fibres."""
    return sorted({flow.label for flow in seen.flows if flow.label is not None})


def _told(crossing: Crossing) -> str:
    return (
        f"{crossing.packets} packets of {crossing.demand or 'no demand'} on {crossing.fibre} from"
        f" {crossing.sent_by} ({crossing.flow}, label {crossing.label})"
    )


def _common(of_each: Sequence[Sequence[Crossing]]) -> tuple[Crossing, ...]:
    first, *others = of_each
    return tuple(one for one in first if all(one in other for other in others))
