"""Delay-shortest routes over a topology. Ties are broken by fibre id, so a route is repeatable."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from topologies.model import Fibre, Topology


@dataclass(frozen=True)
class Route:
    """The hubs from one end to the other and the fibres between them."""

    hubs: tuple[str, ...]
    fibres: tuple[Fibre, ...]

    @property
    def one_way_delay_ns(self) -> int:
        return sum(fibre.one_way_delay_ns for fibre in self.fibres)

    @property
    def rtt_ms(self) -> float:
        """Both ways along the same fibres, without any switch or host."""
        return 2 * self.one_way_delay_ns / 1e6

    def __str__(self) -> str:
        return " - ".join(self.hubs)


def shortest_route(topology: Topology, source: str, target: str) -> Route | None:
    """The route of least one-way delay, or None when the two are not connected."""
    topology.hub(source)
    topology.hub(target)
    neighbours: dict[str, list[Fibre]] = {hub.id: [] for hub in topology.hubs}
    for fibre in topology.fibres:
        neighbours[fibre.a].append(fibre)
        neighbours[fibre.z].append(fibre)
    arrived: dict[str, Fibre | None] = {}
    queue: list[tuple[int, str, str, Fibre | None]] = [(0, "", source, None)]
    while queue:
        delay_ns, _, here, through = heapq.heappop(queue)
        if here in arrived:
            continue
        arrived[here] = through
        if here == target:
            return _trace(arrived, target)
        for fibre in neighbours[here]:
            far = fibre.other_end(here)
            if far not in arrived:
                entry = (delay_ns + fibre.one_way_delay_ns, f"{fibre.id} {far}", far, fibre)
                heapq.heappush(queue, entry)
    return None


def _trace(arrived: dict[str, Fibre | None], target: str) -> Route:
    hubs, fibres, here = [target], [], target
    while (fibre := arrived[here]) is not None:
        fibres.append(fibre)
        here = fibre.other_end(here)
        hubs.append(here)
    return Route(tuple(reversed(hubs)), tuple(reversed(fibres)))
