"""The directed links of a topology by number: twice that of a fibre, and one more from its second
end; behind them what fibres share at a landing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from corridor.controller.policy.product import Edge
from corridor.controller.traffic_engineering.failure_cases import ByCase, numbers_of
from corridor.topologies.model.sharing import capacities_bps, shared_links
from corridor.topologies.model.topology import Topology

type Load = Mapping[int, int]
"""How often each link is crossed."""
type Price = Callable[[Edge], int]
"""What an edge of a product costs, above zero."""
type Dear = ByCase[Mapping[int, int]]
"""What links cost, by case."""

NO_LOAD: Load = MappingProxyType({})
NOT_DEAR: Dear = ByCase({})


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
