"""Shortest paths over a graph under every draw at once.

Delta stepping (Meyer and Sanders 2003) on arrays of places x draws: a step takes all arcs from the
places that are nearest among those whose distance fell. Delays are whole nanoseconds, so that equal
paths are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from corridor.topologies.analysis.monte_carlo import Nanoseconds
from corridor.topologies.base.arrays import Integers
from corridor.topologies.model.topology import Topology

HOPS_BITS = 16
"""Bits for hops below a delay: the path with fewer hops wins a tie, and no path costs 0."""
FAR = 1 << 62
UNREACHED, NO_ARC = -1, -1


@dataclass(frozen=True)
class Arcs:
    """A directed graph whose arcs are fibres: places by number, arcs sorted by the place they end
    at."""

    tails: Integers
    heads: Integers
    fibres: Integers
    """Of each arc, the number of its fibre in the topology."""
    start: int
    ends: tuple[int, ...]
    places: int

    @cached_property
    def into(self) -> Integers:
        """The numbers of the arcs that end at each place, in a row; -1 fills rows up."""
        counts = np.bincount(self.heads, minlength=self.places)
        table = np.full((self.places, counts.max(initial=1)), NO_ARC, dtype=np.int64)
        starts = np.cumsum(counts) - counts
        at = np.arange(len(self.heads)) - np.repeat(starts, counts)
        table[self.heads, at] = np.arange(len(self.heads))
        return table

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
    """By sample: the delay of the shortest path, ``UNREACHED`` if there is none, and its fibres."""

    one_way_ns: Integers
    fibres: tuple[tuple[int, ...], ...]


def arcs_of(steps: Sequence[tuple[int, int, int]], start: int, ends: Sequence[int]) -> Arcs:
    """A graph from (tail, head, fibre) triples."""
    ordered = sorted(steps, key=lambda step: (step[1], step[2], step[0]))
    array = np.array(ordered, dtype=np.int64).reshape(-1, 3)
    named = [start, *ends, *array[:, 0].tolist(), *array[:, 1].tolist()]
    return Arcs(array[:, 0], array[:, 1], array[:, 2], start, tuple(ends), max(named) + 1)


def arcs_between(topology: Topology, a: str, z: str) -> Arcs:
    """The fibres of a topology, in both directions, whatever any law says."""
    numbers = {hub.id: number for number, hub in enumerate(topology.hubs)}
    steps = []
    for fibre, one in enumerate(topology.fibres):
        near, far = numbers[one.a], numbers[one.z]
        steps += [(near, far, fibre), (far, near, fibre)]
    return arcs_of(steps, numbers[a], [numbers[z]])


def shortest_paths_in_samples(arcs: Arcs, delays_ns: Nanoseconds) -> Shortest:
    """The shortest path from the start to any end in each sample (samples x fibres).

    Of paths with equal delay, one with the fewest hops.
    """
    search = _Search(arcs, delays_ns)
    return Shortest(search.one_way_ns, search.paths())


def shortest_ns(arcs: Arcs, delays_ns: Nanoseconds) -> Integers:
    """The delays of the same paths, without the paths: it costs half as much."""
    return _Search(arcs, delays_ns).one_way_ns


class _Search:
    """From the start of a graph to its ends, under each draw."""

    def __init__(self, arcs: Arcs, delays_ns: Nanoseconds) -> None:
        self._arcs = arcs
        self._costs = np.ascontiguousarray(((delays_ns << HOPS_BITS) + 1).T)
        self._distances = _distances(arcs, self._costs)
        at_ends = self._distances[list(arcs.ends)]
        self._ends = np.array(arcs.ends, dtype=np.int64)[at_ends.argmin(axis=0)]
        self._found = at_ends.min(axis=0)

    @property
    def one_way_ns(self) -> Integers:
        return np.where(self._found < FAR, self._found >> HOPS_BITS, UNREACHED)

    def paths(self) -> tuple[tuple[int, ...], ...]:
        return _back(self._arcs, self._costs, self._distances, self._ends)


def _distances(arcs: Arcs, costs: Integers) -> Integers:
    """Places x draws: the cost from the start; ``costs`` is fibres x draws.

    Exact for places that are nearer than the nearest end; the search stops there.
    """
    distances = np.full((arcs.places, costs.shape[1]), FAR, dtype=np.int64)
    distances[arcs.start] = 0
    if len(arcs.tails) == 0:
        return distances
    ends, step = list(arcs.ends), int(costs[arcs.fibres].mean())
    nearest = np.full(arcs.places, FAR, dtype=np.int64)  # under any draw, where its distance fell
    nearest[arcs.start] = 0
    while (first := int(nearest.min())) < FAR and first <= distances[ends].min(axis=0).max():
        taken = (nearest[arcs.tails] <= first + step).nonzero()[0]
        nearest[nearest <= first + step] = FAR
        if len(taken) == 0:
            continue
        heads = arcs.heads[taken]
        is_first = np.ones(len(heads), dtype=np.bool_)
        np.not_equal(heads[1:], heads[:-1], out=is_first[1:])
        begins = is_first.nonzero()[0]
        places = heads[begins]
        reached = distances[arcs.tails[taken]]
        reached += costs[arcs.fibres[taken]]
        reached = np.minimum.reduceat(reached, begins, axis=0)
        known = distances[places]
        fell = (reached < known).any(axis=1)
        better = np.minimum(reached[fell], known[fell])
        distances[places[fell]] = better
        nearest[places[fell]] = better.min(axis=1)
    return distances


def _back(
    arcs: Arcs, costs: Integers, distances: Integers, ends: Integers
) -> tuple[tuple[int, ...], ...]:
    """By draw, the numbers of the fibres from the start to an end; none where it is not reached.

    All draws go back hop by hop, each along the first arc that made its distance.
    """
    draws = np.flatnonzero(distances[ends, np.arange(len(ends))] < FAR)
    at = ends[draws]
    found: list[list[int]] = [[] for _ in range(len(ends))]
    while len(draws := draws[going := at != arcs.start]):
        into = arcs.into[at[going]]
        cost = (
            distances[arcs.tails[into], draws[:, None]] + costs[arcs.fibres[into], draws[:, None]]
        )
        cost[into == NO_ARC] = FAR
        taken = into[np.arange(len(draws)), cost.argmin(axis=1)]
        at = arcs.tails[taken]
        for draw, fibre in zip(draws.tolist(), arcs.fibres[taken].tolist(), strict=True):
            found[draw].append(fibre)
    return tuple(tuple(reversed(one)) for one in found)
