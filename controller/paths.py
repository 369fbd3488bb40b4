"""Delay-shortest paths over a topology, as values.

Costs are pure one-way delay in nanoseconds; ties fall to the fewer hops and then
to the fibre named first, so that the same topology always gives the same path.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from topologies.errors import InputError
from topologies.model import Fibre, Topology


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


def shortest_paths(
    topology: Topology, pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Path]:
    """The delay-shortest path of every ordered pair; raises InputError where there is none."""
    wanted = list(dict.fromkeys(pairs))
    trees = {src: _tree(topology, src) for src in dict.fromkeys(src for src, _ in wanted)}
    found = {}
    for src, dst in wanted:
        if dst not in trees[src]:
            raise InputError(
                f"no fibre leads from {src} to {dst} in {topology.name}",
                "add a fibre that joins the two parts, or drop the demand",
            )
        found[src, dst] = _walk(trees[src], src, dst)
    return found


def crossed_jurisdictions(topology: Topology, path: Path) -> tuple[str, ...]:
    """Jurisdictions in the order the path meets them: of hubs, and of media between hubs."""
    met: dict[str, None] = {}
    for position, hub in enumerate(path.hubs):
        met.setdefault(topology.hub(hub).located_in)
        if position < len(path.fibres):
            for jurisdiction in topology.fibre(path.fibres[position]).crosses:
                met.setdefault(jurisdiction)
    return tuple(met)


type _Tree = dict[str, tuple[str, str] | None]
"""Hub to (previous hub, fibre that led here); None at the root."""


def _tree(topology: Topology, src: str) -> _Tree:
    neighbours: dict[str, list[Fibre]] = {hub.id: [] for hub in topology.hubs}
    for fibre in topology.fibres:
        neighbours[fibre.a].append(fibre)
        neighbours[fibre.z].append(fibre)
    order = {fibre.id: number for number, fibre in enumerate(topology.fibres)}
    tree: _Tree = {}
    queue: list[tuple[int, int, tuple[int, ...], str, tuple[str, str] | None]] = [
        (0, 0, (), src, None)
    ]
    while queue:
        delay_ns, hops, trail, hub, came_by = heapq.heappop(queue)
        if hub in tree:
            continue
        tree[hub] = came_by
        for fibre in neighbours[hub]:
            far = fibre.other_end(hub)
            if far not in tree:
                longer = (*trail, order[fibre.id])
                total_ns = delay_ns + fibre.one_way_delay_ns
                heapq.heappush(queue, (total_ns, hops + 1, longer, far, (hub, fibre.id)))
    return tree


def _walk(tree: _Tree, src: str, dst: str) -> Path:
    hubs, fibres = [dst], []
    step = tree[dst]
    while step is not None:
        hub, fibre = step
        hubs.append(hub)
        fibres.append(fibre)
        step = tree[hub]
    assert hubs[-1] == src
    return Path(tuple(reversed(hubs)), tuple(reversed(fibres)))
