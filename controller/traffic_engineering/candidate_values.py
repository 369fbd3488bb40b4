"""Paths and detours as values. Fibres, things found dead and cases in sets are bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from typing import NamedTuple

from corridor.controller.forwarding.decisions import PossibleFailure
from corridor.controller.policy.product import Edge, Product
from corridor.controller.traffic_engineering.failure_cases import Load

type Order = tuple[int, ...]
"""Fibres, by number."""
type Key = tuple[int, ...]
"""Things that were found dead, one after another."""
type Group = tuple[int, Key, int, int]
"""Of detours that serve alike: where, what was found dead, the cases in which it is, and what of a
delay budget is spent."""


class RepairPoint(NamedTuple):
    """Where a path may meet something dead, and in which cases it then does that did not hit it
    before."""

    permit_state: int
    """Of the packet."""
    key: Key
    """What was found dead, the thing that is met there included."""
    newly: int
    """Cases, as bits."""
    bridged: int
    """Those of them that the switch there bypasses."""
    crossed: int
    """How many fibres lie behind it."""
    spent_ns: int

    @property
    def thing(self) -> int:
        return self.key[-1]

    @property
    def group(self) -> Group:
        return self.permit_state, self.key, self.newly, self.spent_ns


class Detour(NamedTuple):
    """An onward path from a spot."""

    order: Order
    one_way_ns: int
    sights: tuple[int, ...]
    """Its fibres, each as the hub sees it that sends over it."""
    ahead: tuple[PossibleFailure, ...]
    """What it may find dead."""
    things: int
    """The same as bits."""
    repair_points: tuple[RepairPoint, ...] = ()
    """Where it meets more failures in the cases of its own spot; empty for a further detour."""


class PrimaryPath(NamedTuple):
    """A primary path."""

    order: Order
    one_way_ns: int
    sights: tuple[int, ...]
    repair_points: tuple[RepairPoint, ...]
    """In the order in which packets come there."""


@dataclass(frozen=True, eq=False)
class CandidatePath:
    """One path of a demand, with the detours that switches take without the controller."""

    main: PrimaryPath
    onward: Mapping[Key, Detour]
    """By what was found dead; without those of which there is none."""
    load: Load
    """While nothing fails."""
    loads: Mapping[int, Load]
    """By case, of those in which it meets something that has failed."""

    @property
    def order(self) -> Order:
        return self.main.order

    @property
    def one_way_ns(self) -> int:
        return self.main.one_way_ns

    @cached_property
    def detours(self) -> Mapping[Key, Order]:
        return {found: one.order for found, one in self.onward.items()}

    @cached_property
    def key(self) -> tuple[object, ...]:
        return (self.order, tuple(sorted(self.detours.items())))

    def under(self, case: int | None) -> Load:
        return self.load if case is None else self.loads.get(case, self.load)


# The cheapest path within a delay bound: each path has both a price and a delay.
#
# Label setting (Hansen, Bicriterion path problems, 1980): of the paths that come to a place only
# those are gone on with that no cheaper one, or as cheap, comes to sooner.

MOST_LABELS = 200_000
"""Paths begun that are gone on with."""

type Cost = Callable[[int, Edge], int]
"""What an edge from a place costs, above zero."""


def cheapest_within_delay(
    product: Product, start: int, dead: int, cost: Cost, within_ns: int
) -> Order | None:
    """Of equal ones that over fewer fibres, then that over the fibres named first; None where none
    is in time, or not found within a number of labels."""
    soonest: dict[int, int] = {}
    queue: list[tuple[int, int, Order, int, int]] = [(0, 0, (), 0, start)]
    for _ in range(MOST_LABELS):
        while queue and soonest.get(queue[0][4], within_ns + 1) <= queue[0][3]:
            heappop(queue)
        if not queue:
            return None
        so_far, count, order, delay_ns, at = heappop(queue)
        if product.is_end(at):
            return order
        soonest[at] = delay_ns
        for edge in product.edges(at):
            after_ns = delay_ns + edge.delay_ns
            if edge.bit & dead or after_ns + edge.floor_ns > within_ns:
                continue
            if soonest.get(edge.far, within_ns + 1) > after_ns:
                label = (so_far + cost(at, edge), count + 1, (*order, edge.number))
                heappush(queue, (*label, after_ns, edge.far))
    return None
