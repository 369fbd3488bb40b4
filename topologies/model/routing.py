"""Paths over a topology as values, delay-shortest routes, and links that share a capacity.

Ties fall to the fewer hops and then to the fibre named first, so that a route is repeatable.
Capacity adds up over a directed link: a fibre, or what several fibres share at a landing.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from corridor.topologies.model.capacity import CapacityGroup, least_free_bps
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


@dataclass(frozen=True)
class Path:
    """Hubs in order and the fibres between them; ``len(fibres) == len(hubs) - 1``."""

    hubs: tuple[str, ...]
    fibres: tuple[str, ...]

    @property
    def src(self) -> str:
        return self.hubs[0]

    @property
    def dst(self) -> str:
        return self.hubs[-1]

    def reversed(self) -> Path:
        return Path(self.hubs[::-1], self.fibres[::-1])


def crossed_jurisdictions(topology: Topology, path: Path) -> tuple[str, ...]:
    """Jurisdictions that the path certainly meets, in their order: of hubs, and between them."""
    met: dict[str, None] = {}
    for position, hub in enumerate(path.hubs):
        met.setdefault(topology.hub(hub).located_in)
        if position < len(path.fibres):
            for jurisdiction in topology.fibre(path.fibres[position]).crosses:
                met.setdefault(jurisdiction)
    return tuple(met)


def marked(crosses: Iterable[str], may_cross: Iterable[str]) -> str:
    """``CN LK IN?``: what is not known to be crossed has a question mark."""
    return " ".join([*crosses, *(f"{code}?" for code in may_cross)])


def possible_jurisdictions(topology: Topology, path: Path) -> tuple[str, ...]:
    """Jurisdictions that the path may meet besides those that it does, in their order."""
    sure = set(crossed_jurisdictions(topology, path))
    fibres = (topology.fibre(name) for name in path.fibres)
    met = dict.fromkeys(one.code for fibre in fibres for one in fibre.may_cross)
    return tuple(code for code in met if code not in sure)


GROUP = "capacity group "
"""Before the id of a capacity group, where else an id of a fibre stands."""


def shared_links(fibre: Fibre, from_hub: str) -> tuple[tuple[str, str], ...]:
    """What else a packet loads that enters a fibre at a hub: each group, and its direction."""
    return tuple(
        (f"{GROUP}{group.id}", f"{'out of' if from_hub == group.at else 'into'} {group.at}")
        for group in fibre.shares
    )


def capacities_bps(topology: Topology) -> dict[str, int]:
    """Emulated rates for demands, by fibre and by capacity group: what the background leaves in the
    direction where it is largest."""
    fibres = {
        fibre.id: min(topology.free_rate_bps(fibre, hub) for hub in fibre.ends)
        for fibre in topology.fibres
    }
    groups = {
        f"{GROUP}{group.id}": _free_bps(topology, group)
        for group in topology.capacity_groups.values()
    }
    return fibres | groups


def _free_bps(topology: Topology, group: CapacityGroup) -> int:
    """What background leaves of a group, of what leaves its hub and of what arrives; as much of it
    at least as of a fibre."""
    sharing = [fibre for fibre in topology.fibres if group in fibre.shares]
    out_bps = sum(topology.background_bps(fibre, group.at) for fibre in sharing)
    in_bps = sum(topology.background_bps(fibre, fibre.other_end(group.at)) for fibre in sharing)
    rate_bps = topology.emulated_group_bps(group)
    return max(least_free_bps(rate_bps), rate_bps - max(out_bps, in_bps))


def assumed_capacities(topology: Topology) -> frozenset[str]:
    """Those of ``capacities_bps`` that no one publishes."""
    fibres = (fibre.id for fibre in topology.fibres if fibre.known_gbps is None)
    groups = (
        f"{GROUP}{group.id}"
        for group in topology.capacity_groups.values()
        if group.capacity_gbps is None
    )
    return frozenset([*fibres, *groups])
