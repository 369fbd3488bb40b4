"""Whether some lawful path is left: paths are tried out, the shortest first, up to a bound.

Nothing here decides what is lawful: each path is put before the evaluator. What is found is there;
where nothing is found within the bound, there may still be something.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from corridor.controller.second_opinion.evaluator import DemandRules
from corridor.controller.second_opinion.failing import NOTHING, Failed
from corridor.controller.second_opinion.journey import Journey
from corridor.topologies.model.topology import Fibre, Topology

MOST_ALIKE = 4
"""Paths that are followed on of those that come to one hub past the same gateways."""


@dataclass(frozen=True)
class Around:
    """The network that is left, and where gateways work in it."""

    topology: Topology
    gateways: Collection[str]
    what: Failed = NOTHING

    @cached_property
    def _fibres(self) -> dict[str, list[Fibre]]:
        """Those that work, by the hubs that they end at."""
        found: dict[str, list[Fibre]] = {hub.id: [] for hub in self.topology.hubs}
        for fibre in self.topology.fibres:
            if fibre.id not in self.what.fibres:
                for end in fibre.ends:
                    found[end].append(fibre)
        return found

    def onward(self, journey: Journey, most_inspected: int) -> Iterator[Journey]:
        """Every path that is one step longer."""
        here = journey.hubs[-1]
        works = here.id in self.gateways and here.id not in self.what.gateways
        is_new = len(journey.hubs) - 1 not in journey.inspected
        if works and is_new and len(journey.inspected) < most_inspected:
            yield journey.through_gateway()
        for fibre in self._fibres[here.id]:
            yield journey.onward(fibre, self.topology.hub(fibre.other_end(here.id)))

    def delays_to(self, dst: str) -> dict[str, int]:
        """The minimum delay from each hub that can get there, in ns."""
        least = {dst: 0}
        waiting = [(0, dst)]
        while waiting:
            delay, here = heapq.heappop(waiting)
            if delay > least[here]:
                continue
            for fibre in self._fibres[here]:
                far, total = fibre.other_end(here), delay + fibre.one_way_delay_ns
                if total < least.get(far, total + 1):
                    least[far] = total
                    heapq.heappush(waiting, (total, far))
        return least


def permitted_path_on(
    rules: DemandRules, around: Around, start: Journey, most: int
) -> Journey | None:
    """A lawful path to the demand's destination that begins as ``start`` does, of the first
    ``most`` that are tried."""
    dst = rules.demand.dst.id
    left = around.delays_to(dst)
    if rules.allows_nothing or start.hubs[-1].id not in left or dst in around.what.hubs:
        return None
    alike: Counter[tuple[str, tuple[str, ...]]] = Counter()
    order, inspections = count(), len(start.inspected) + rules.inspections
    waiting = [(0, next(order), start)]
    for _ in range(most):
        if not waiting:
            return None
        _, _, journey = heapq.heappop(waiting)
        here = journey.hubs[-1].id
        if here == dst and rules.verdict(journey.delivered()).lawful:
            return journey.delivered()
        kind = (here, tuple(journey.hubs[at].id for at in sorted(journey.inspected)))
        alike[kind] += 1
        if alike[kind] > MOST_ALIKE:
            continue
        for longer in around.onward(journey, inspections):
            last = longer.hubs[-1].id
            if last in left and rules.verdict(longer).lawful:
                delay = longer.one_way_delay_ns + left[last]
                heapq.heappush(waiting, (delay, next(order), longer))
    return None
