"""Delay-shortest routes over a topology.

Ties fall to the fewer hops and then to the fibre named first, so that a route is repeatable.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from dataclasses import dataclass

from corridor.topologies.model.topology import Fibre, Topology


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
        """In both directions along the same fibres, without any switch or host."""
        return 2 * self.one_way_delay_ns / 1e6

    def __str__(self) -> str:
        return " - ".join(self.hubs)


type Tree = dict[str, tuple[str, Fibre] | None]
"""Hub to the hub before it and the fibre that leads here; None at the root."""


def shortest_path_between(
    topology: Topology, source: str, target: str, dead: Collection[str] = ()
) -> Route | None:
    """The route of least one-way delay over all fibres but the dead ones, or None when the two are
    not connected."""
    topology.hub(source)
    topology.hub(target)
    tree = shortest_tree(topology, source, dead)
    return Route(*walk(tree, target)) if target in tree else None


def shortest_tree(topology: Topology, source: str, dead: Collection[str] = ()) -> Tree:
    """The shortest path from ``source`` to every hub that can be reached without dead fibres."""
    neighbours: dict[str, list[Fibre]] = {hub.id: [] for hub in topology.hubs}
    for fibre in (one for one in topology.fibres if one.id not in dead):
        neighbours[fibre.a].append(fibre)
        neighbours[fibre.z].append(fibre)
    order = {fibre.id: number for number, fibre in enumerate(topology.fibres)}
    tree: Tree = {}
    queue: list[tuple[int, int, tuple[int, ...], str, tuple[str, Fibre] | None]] = [
        (0, 0, (), source, None)
    ]
    while queue:
        delay_ns, hops, trail, here, came_by = heapq.heappop(queue)
        if here in tree:
            continue
        tree[here] = came_by
        for fibre in neighbours[here]:
            far = fibre.other_end(here)
            if far not in tree:
                longer = (*trail, order[fibre.id])
                total_ns = delay_ns + fibre.one_way_delay_ns
                heapq.heappush(queue, (total_ns, hops + 1, longer, far, (here, fibre)))
    return tree


def walk(tree: Tree, target: str) -> tuple[tuple[str, ...], tuple[Fibre, ...]]:
    """Hubs and fibres from the root of a tree to one of its hubs."""
    hubs: list[str] = [target]
    fibres: list[Fibre] = []
    step = tree[target]
    while step is not None:
        hub, fibre = step
        hubs.append(hub)
        fibres.append(fibre)
        step = tree[hub]
    return tuple(reversed(hubs)), tuple(reversed(fibres))
