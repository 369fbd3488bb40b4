"""Shortest paths over a graph under every draw at once.

Bellman and Ford's method, on arrays: a sweep takes every arc under every draw, and sweeps end when
no distance falls. Delays are whole nanoseconds, so that equal paths are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corridor.topologies.model.topology import Topology
from corridor.topologies.uncertainty.draws import Nanoseconds

HOPS_BITS = 16
"""Room for hops below a delay: of equal ways the one with fewer hops is taken, and none costs 0."""
FAR = 1 << 62
UNREACHED = -1
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Arcs:
    """A directed graph whose arcs are fibres: places by number, arcs sorted by the place they end
    at."""

    tails: Whole
    heads: Whole
    fibres: Whole
    """Of each arc, the number of its fibre in the topology."""
    start: int
    ends: tuple[int, ...]
    places: int

    def only(self, kept: npt.NDArray[np.bool_]) -> Arcs:
        """The same without some arcs."""
        return Arcs(
            self.tails[kept],
            self.heads[kept],
            self.fibres[kept],
            self.start,
            self.ends,
            self.places,
        )


@dataclass(frozen=True)
class Shortest:
    """Of each draw: what the shortest way takes, ``UNREACHED`` if there is none, and its fibres."""

    one_way_ns: Whole
    fibres: tuple[tuple[int, ...], ...]


def arcs_of(steps: Sequence[tuple[int, int, int]], start: int, ends: Sequence[int]) -> Arcs:
    """A graph from (tail, head, fibre) triples."""
    ordered = sorted(steps, key=lambda step: (step[1], step[2], step[0]))
    array = np.array(ordered, dtype=np.int64).reshape(-1, 3)
    named = [start, *ends, *array[:, 0].tolist(), *array[:, 1].tolist()]
    return Arcs(array[:, 0], array[:, 1], array[:, 2], start, tuple(ends), max(named) + 1)


def arcs_between(topology: Topology, a: str, z: str) -> Arcs:
    """The fibres of a topology, both ways, whatever any law says."""
    numbers = {hub.id: number for number, hub in enumerate(topology.hubs)}
    steps = []
    for fibre, one in enumerate(topology.fibres):
        near, far = numbers[one.a], numbers[one.z]
        steps += [(near, far, fibre), (far, near, fibre)]
    return arcs_of(steps, numbers[a], [numbers[z]])


def shortest_ways(arcs: Arcs, delays_ns: Nanoseconds) -> Shortest:
    """The shortest way from the start to any end under each draw (draws x fibres).

    Of ways that take equally long, one with the fewest hops.
    """
    costs = (delays_ns << HOPS_BITS) + 1
    arcs = _useful(arcs, costs)
    distances = _distances(arcs, costs, [arcs.start])
    at_ends = distances[:, list(arcs.ends)]
    best = at_ends.argmin(axis=1)
    found = at_ends[np.arange(len(best)), best]
    walk = _Walk(arcs, costs, distances)
    ways = tuple(
        walk.back(draw, arcs.ends[end]) if taken < FAR else ()
        for draw, (end, taken) in enumerate(zip(best.tolist(), found.tolist(), strict=True))
    )
    return Shortest(np.where(found < FAR, found >> HOPS_BITS, UNREACHED), ways)


def _useful(arcs: Arcs, costs: Whole) -> Arcs:
    """Without arcs that no draw can want: even at their least they are longer than what every draw
    can have."""
    if len(arcs.tails) == 0:
        return arcs
    least = costs.min(axis=0, keepdims=True)
    ahead = _distances(arcs, least, [arcs.start])
    end = min(arcs.ends, key=lambda place: int(ahead[0, place]))
    if ahead[0, end] >= FAR:
        return arcs
    way = _Walk(arcs, least, ahead).back(0, end)
    bound = int(costs[:, list(way)].sum(axis=1).max())
    behind = _distances(_turned(arcs), least, arcs.ends)
    through = ahead[0, arcs.tails] + least[0, arcs.fibres] + behind[0, arcs.heads]
    return arcs.only(through <= bound)


def _turned(arcs: Arcs) -> Arcs:
    """Every arc the other way round."""
    order = np.argsort(arcs.tails, kind="stable")
    heads, tails = arcs.tails[order], arcs.heads[order]
    return Arcs(tails, heads, arcs.fibres[order], arcs.start, arcs.ends, arcs.places)


def _distances(arcs: Arcs, costs: Whole, sources: Sequence[int]) -> Whole:
    """Draws x places: the cost from the nearest of the sources."""
    distances = np.full((len(costs), arcs.places), FAR, dtype=np.int64)
    distances[:, list(sources)] = 0
    if len(arcs.tails) == 0:
        return distances
    taken = costs[:, arcs.fibres]
    first = np.flatnonzero(np.r_[True, arcs.heads[1:] != arcs.heads[:-1]])
    places = arcs.heads[first]
    for _ in range(arcs.places):
        known = distances[:, places]
        reached = np.minimum.reduceat(distances[:, arcs.tails] + taken, first, axis=1)
        better = np.minimum(known, reached)
        if np.array_equal(better, known):
            break
        distances[:, places] = better
    return distances


class _Walk:
    """Back from an end along what made its distance."""

    def __init__(self, arcs: Arcs, costs: Whole, distances: Whole) -> None:
        self.arcs, self.costs, self.distances = arcs, costs, distances
        places = np.arange(arcs.places + 1)
        self._first = np.searchsorted(arcs.heads, places).tolist()

    def back(self, draw: int, end: int) -> tuple[int, ...]:
        """Numbers of fibres from the start to an end."""
        arcs, found, at = self.arcs, list[int](), end
        distances, costs = self.distances[draw], self.costs[draw]
        while at != arcs.start:
            into = slice(self._first[at], self._first[at + 1])
            tails, fibres = arcs.tails[into], arcs.fibres[into]
            chosen = int((distances[tails] + costs[fibres]).argmin())
            found.append(int(fibres[chosen]))
            at = int(tails[chosen])
        return tuple(reversed(found))
