"""Paths, detours and what fails at once, as values.

Each thing fails alone, by its number in ``Risks``, and sets of things do, by numbers behind those.
Fibres, things found dead and cases in sets are bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from types import MappingProxyType
from typing import NamedTuple

from corridor.controller.forwarding.decisions import PossibleFailure
from corridor.controller.forwarding.failure_hypotheses import Risks
from corridor.controller.policy.product import Edge, Product
from corridor.topologies.model.routing import capacities_bps, shared_links
from corridor.topologies.model.topology import Topology

type Failed = frozenset[str]
"""Names of what has failed."""


class FailureSets:
    """Those that rates are to fit under."""

    def __init__(self, risks: Risks, singles: int, sets: Iterable[Collection[str]] = ()) -> None:
        """``singles`` are failures as bits; ``sets`` name more of them."""
        self.risks = risks
        number = {name: at for at, name in enumerate(risks.names)}
        ranked = sorted({tuple(sorted(number[name] for name in one)) for one in sets})
        members = [(at,) for at in range(len(number))] + [one for one in ranked if len(one) > 1]
        self._members = members
        self._number = {frozenset(one): case for case, one in enumerate(members)}
        first = len(number)
        self._of: list[int] = [1 << at if singles >> at & 1 else 0 for at in range(first)]
        """By failure, the cases that it is in."""
        for case, some in enumerate(members[first:], start=first):
            for failure in some:
                self._of[failure] |= 1 << case
        self._known: dict[int, int] = {}
        self._dead: dict[int, int] = {}
        self.every = 0
        """All that are, as bits."""
        for cases in self._of:
            self.every |= cases

    @property
    def numbers(self) -> list[int]:
        return [*numbers_of(self.every)]

    def named(self, case: int) -> Failed:
        return frozenset(self.risks.names[failure] for failure in self._members[case])

    def number(self, failed: Collection[str]) -> int | None:
        """Of a case that is there; None while nothing fails."""
        names = self.risks.names
        return self._number[frozenset(map(names.index, failed))] if failed else None

    def of(self, failures: int) -> int:
        """The cases in which one of these has failed."""
        if failures not in self._known:
            cases = 0
            for failure in numbers_of(failures):
                cases |= self._of[failure]
            self._known[failures] = cases
        return self._known[failures]

    def taken_down(self, case: int) -> int:
        """Fibres."""
        taken = 0
        for failure in self._members[case]:
            taken |= self.risks.takes_down[failure]
        return taken

    def closed(self, case: int) -> frozenset[str]:
        """Hubs whose gateway alone has failed."""
        split = (name.partition(":") for name in self.named(case))
        return frozenset(name for kind, _, name in split if kind == "gateway")

    def dead(self, case: int) -> int:
        """All things that are, as hubs find them."""
        if case not in self._dead:
            fibres = len(self.risks.fibres)
            dead = sum(3 << 2 * fibre for fibre in numbers_of(self.taken_down(case)))
            for hub in self.closed(case):
                dead |= 1 << 2 * fibres + self.risks.hubs[hub]
            self._dead[case] = dead
        return self._dead[case]


class ByCase[T]:
    """What holds in some cases, with these as bits."""

    def __init__(self, of: Mapping[int, T]) -> None:
        self._of = of
        self.cases = sum(1 << case for case in of)

    def but(self, case: int, here: T) -> ByCase[T]:
        """The same, with another in one of these cases."""
        return ByCase({**self._of, case: here})

    def among(self, cases: int) -> Iterator[T]:
        """Of those of these cases in which something holds."""
        for case in numbers_of(self.cases & cases):
            yield self._of[case]


def numbers_of(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit


# The directed links of a topology by number: twice that of a fibre, and one more from its second
# end; behind them what fibres share at a landing.

type Load = Mapping[int, int]
"""How often each link is crossed."""
type Price = Callable[[Edge], int]
"""What an edge of a product costs, above zero."""
type LinkPrices = ByCase[Mapping[int, int]]
"""What links cost, by case."""

NO_LOAD: Load = MappingProxyType({})
NOT_DEAR: LinkPrices = ByCase({})


class Links:
    """The directed links of a topology by number, with what may be promised of each."""

    def __init__(
        self,
        topology: Topology,
        less_bps: Mapping[tuple[str, str], int] | None = None,
        capacity_bps: Sequence[int] | None = None,
    ) -> None:
        """``less_bps`` is what is not to be promised, by names of links; ``capacity_bps``, by their
        numbers, stands for that of the topology."""
        self.names: list[tuple[str, str]] = [
            (fibre.id, end) for fibre in topology.fibres for end in fibre.ends
        ]
        numbers = {name: number for number, name in enumerate(self.names)}
        self._beside: list[tuple[int, ...]] = []
        for fibre in topology.fibres:
            for end in fibre.ends:
                beside = []
                for name in shared_links(fibre, end):
                    beside.append(numbers.setdefault(name, len(numbers)))
                    if beside[-1] == len(self.names):
                        self.names.append(name)
                self._beside.append(tuple(beside))
        self._loading: list[list[int]] = [[] for _ in self.names]
        for sight in range(len(self._beside)):
            for link in self.crossed(sight):
                self._loading[link].append(sight)
        by_name = capacities_bps(topology)
        less = less_bps or {}
        own = [max(by_name[one[0]] - less.get(one, 0), 1) for one in self.names]
        self.capacity_bps = own if capacity_bps is None else list(capacity_bps)

    @property
    def sights(self) -> int:
        """Fibres as hubs see them: two each."""
        return len(self._beside)

    def crossed(self, sight: int) -> tuple[int, ...]:
        """What a packet loads that takes a fibre, as the hub sees it from which it leads."""
        return (sight, *self._beside[sight])

    def by_sight(self, prices: Mapping[int, int]) -> Mapping[int, int]:
        """Prices of links, as those of whatever is loaded with a fibre."""
        total = dict[int, int]()
        for link, price in prices.items():
            for sight in self._loading[link]:
                total[sight] = total.get(sight, 0) + price
        return total

    def over(self, fibres: int, price: int) -> dict[int, int]:
        """A price of these fibres, as bits, in both directions."""
        sights = (sight for fibre in numbers_of(fibres) for sight in (2 * fibre, 2 * fibre + 1))
        return dict.fromkeys(sights, price)

    def load(self, sights: Iterable[int]) -> Load:
        return Counter(link for sight in sights for link in self.crossed(sight))


def priced(prices: Mapping[int, int], links: Links) -> Price:
    """What an edge costs: its delay, and the prices of the links that it loads."""
    by_sight = links.by_sight(prices)

    def price(edge: Edge) -> int:
        return edge.delay_ns + by_sight.get(edge.sight, 0)

    return price


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
