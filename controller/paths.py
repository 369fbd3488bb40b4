"""Delay-shortest paths over a topology, as values.

Costs are pure one-way delay in nanoseconds, ties fall as in ``topologies.routing``, so that the
same topology always gives the same path.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from topologies.errors import InputError
from topologies.model import Topology
from topologies.routing import Tree, shortest_tree, walk


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
    trees = {src: shortest_tree(topology, src) for src in dict.fromkeys(src for src, _ in wanted)}
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


def _walk(tree: Tree, src: str, dst: str) -> Path:
    hubs, fibres = walk(tree, dst)
    assert hubs[0] == src
    return Path(hubs, tuple(fibre.id for fibre in fibres))
