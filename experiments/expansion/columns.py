"""Lawful paths over candidate fibres, by the candidates that each uses. Pure.

A label is a place of the product of graph and law, a delay and the candidates used so far. A label
that is no faster than another at its place, and uses all that the other uses, leads to nothing
better (Desrochers and Soumis 1988), so it is dropped. Delays are those of the shortest lengths of
candidates: any length adds the same to all paths that use a fibre as often, so a label that is
dropped is worse at every length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.product import Ground, Product
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.experiments.answers.price_paths import PricedPaths
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.topology import Topology

MOST_USES = 8
"""Of one fibre by one path: past a gateway and back is two."""
FULL = (1 << MOST_USES) - 1


@dataclass(frozen=True)
class Column:
    """A lawful path of one direction that may be the best for some set of candidates."""

    uses: Mapping[str, int]
    """How often it passes each candidate fibre."""
    least_ns: int
    """One-way delay at the shortest lengths of these."""
    budget_ns: int | None
    """The longest delay that law or the demand allows on it."""

    @property
    def within_ns(self) -> int | None:
        """The longest that the lengths of its candidates may add; None for any."""
        return None if self.budget_ns is None else self.budget_ns - self.least_ns

    def one_way_ns(self, longer_ns: Mapping[str, int]) -> int | None:
        """Return its delay; None if that is above its budget.

        Args:
            longer_ns: By candidate, what its length adds to the shortest.
        """
        taken_ns = self.least_ns + sum(n * longer_ns[name] for name, n in self.uses.items())
        return None if self.budget_ns is not None and taken_ns > self.budget_ns else taken_ns


class _Entry(NamedTuple):
    """Where packets enter the graph under one permit."""

    automaton: Automaton
    product: Product
    start: int


class ColumnSearch:
    """Columns over one map with all candidate fibres at their shortest lengths."""

    def __init__(self, topology: Topology, candidates: Sequence[str]) -> None:
        """``candidates``: ids of fibres of the map that are not built."""
        self._paths = PricedPaths(topology)
        self._ground = Ground(topology)
        self._names = tuple(candidates)
        self._shifts = {
            self._ground.mask([name]): number * MOST_USES for number, name in enumerate(candidates)
        }
        self._all = self._ground.mask(candidates)
        self._lowest = sum(1 << shift for shift in self._shifts.values())

    def mask(self, fibres: Iterable[str]) -> int:
        """Return fibres as bits, for ``dead``."""
        return self._ground.mask(list(fibres))

    def columns(
        self, applicable: ApplicablePolicies, most: int, below_ns: int | None = None, dead: int = 0
    ) -> list[Column]:
        """Return the columns of one direction.

        Args:
            applicable: The policies of the direction, on this map.
            most: Candidates that a path may use at most.
            below_ns: Only paths with smaller one-way delays; None for all.
            dead: Failed fibres, as bits.

        Raises:
            InputError: A path uses one fibre more than eight times.
        """
        best: dict[tuple[int, int | None], int] = {}
        for entry in self._entries(applicable):
            budget = entry.automaton.left_ns(0)
            for uses, least_ns in self._labels(entry, most, below_ns, dead):
                key = (uses, budget)
                best[key] = min(least_ns, best.get(key, least_ns))
        return [
            Column(self._counts(uses), least_ns, budget)
            for (uses, budget), least_ns in best.items()
        ]

    def shortest_ns(
        self, applicable: ApplicablePolicies, *, with_all: bool, dead: int = 0
    ) -> int | None:
        """Return the smallest lawful one-way delay, with all candidates or with none."""
        down = dead if with_all else dead | self._all
        found = []
        for automaton, product, start in self._entries(applicable):
            course = product.course(start, down)
            if course is not None and not automaton.exceeds(course.one_way_ns):
                found.append(course.one_way_ns)
        return min(found, default=None)

    def _entries(self, applicable: ApplicablePolicies) -> Iterator[_Entry]:
        for automaton in applicable.automata:
            product = self._paths.product(automaton)
            start = product.entered(automaton.trip.src)
            if start is not None:
                yield _Entry(automaton, product, start)

    def _labels(
        self, entry: _Entry, most: int, below_ns: int | None, dead: int
    ) -> list[tuple[int, int]]:
        """Uses and delay of paths that no other path is at least as good as."""
        automaton, product, start = entry
        found: list[tuple[int, int]] = []
        labels: dict[int, list[int]] = {}
        queue = [(0, 0, start)]
        while queue:
            delay_ns, uses, at = heappop(queue)
            known = labels.setdefault(at, [])
            if any(other & ~uses == 0 for other in known):
                continue  # labels come in the order of their delay
            known.append(uses)
            if product.is_end(at):
                if not automaton.exceeds(delay_ns):
                    found.append((uses, delay_ns))
                continue
            for edge in product.edges(at):
                if edge.bit & dead:
                    continue
                further = self._past(uses, edge.bit)
                total_ns = delay_ns + edge.delay_ns
                if below_ns is not None and total_ns + edge.floor_ns >= below_ns:
                    continue
                if (further & self._lowest).bit_count() <= most:
                    heappush(queue, (total_ns, further, edge.far))
        return found

    def _past(self, uses: int, bit: int) -> int:
        """Uses after one more fibre: a run of ones for each candidate."""
        shift = self._shifts.get(bit)
        if shift is None:
            return uses
        run = uses >> shift & FULL
        if run == FULL:
            raise InputError(f"a path uses a candidate fibre more than {MOST_USES} times")
        return uses | (run + 1) << shift

    def _counts(self, uses: int) -> dict[str, int]:
        found = {}
        for number, name in enumerate(self._names):
            run = uses >> number * MOST_USES & FULL
            if run:
                found[name] = run.bit_count()
        return found
