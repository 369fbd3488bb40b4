"""Lawful paths over candidate fibres, by the candidates that each uses. Pure.

A label is a place of the product of graph and law, a delay and the candidates used so far. A label
that is no faster than another at its place, and uses all that the other uses, leads to nothing
better (Desrochers and Soumis 1988), so it is dropped. Delays are those of the shortest lengths of
candidates: any length adds the same to all paths that use a fibre as often, so a label that is
dropped is worse at every length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from corridor.controller.policy.product import Ground, Product
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.routing import shortest_tree
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

    def one_way_ns(self, longer_ns: Mapping[str, int]) -> int | None:
        """Return its delay; None if that is above its budget.

        Args:
            longer_ns: By candidate, what its length adds to the shortest.
        """
        taken_ns = self.least_ns + sum(n * longer_ns[name] for name, n in self.uses.items())
        return None if self.budget_ns is not None and taken_ns > self.budget_ns else taken_ns


class ColumnSearch:
    """Columns over one map with all candidate fibres at their shortest lengths."""

    def __init__(self, topology: Topology, candidates: Sequence[str]) -> None:
        """``candidates``: ids of fibres of the map that are not built."""
        self._topology = topology
        self._ground = Ground(topology)
        self._names = tuple(candidates)
        self._shifts = {
            self._ground.mask([name]): number * MOST_USES for number, name in enumerate(candidates)
        }
        self._all = self._ground.mask(candidates)
        self._lowest = sum(1 << shift for shift in self._shifts.values())
        self._floors: dict[str, dict[str, int]] = {}

    def columns(
        self, applicable: ApplicablePolicies, most: int, below_ns: int | None
    ) -> list[Column]:
        """Return the columns of one direction.

        Args:
            applicable: The policies of the direction, on this map.
            most: Candidates that a path may use at most.
            below_ns: Only paths with smaller one-way delays; None for all.

        Raises:
            InputError: A path uses one fibre more than eight times.
        """
        best: dict[tuple[int, int | None], int] = {}
        for automaton in applicable.automata:
            product = Product(
                automaton, self._topology, self._floor(applicable.demand.dst), ground=self._ground
            )
            budget = automaton.left_ns(0)
            for uses, least_ns in self._labels(product, most, below_ns):
                key = (uses, budget)
                best[key] = min(least_ns, best.get(key, least_ns))
        return [
            Column(self._counts(uses), least_ns, budget)
            for (uses, budget), least_ns in best.items()
        ]

    def shortest_ns(self, applicable: ApplicablePolicies, *, with_all: bool) -> int | None:
        """Return the smallest lawful one-way delay, with all candidates or with none."""
        found = []
        for automaton in applicable.automata:
            product = Product(
                automaton, self._topology, self._floor(applicable.demand.dst), ground=self._ground
            )
            first = product.first()
            dead = 0 if with_all else self._all
            course = product.course(product.number(first), dead) if first else None
            if course is not None and not product.automaton.exceeds(course.one_way_ns):
                found.append(course.one_way_ns)
        return min(found, default=None)

    def _labels(self, product: Product, most: int, below_ns: int | None) -> list[tuple[int, int]]:
        """Uses and delay of paths that no other path is at least as good as."""
        first = product.first()
        if first is None:
            return []
        found: list[tuple[int, int]] = []
        labels: dict[int, list[int]] = {}
        queue = [(0, 0, product.number(first))]
        while queue:
            delay_ns, uses, at = heappop(queue)
            known = labels.setdefault(at, [])
            if any(other & ~uses == 0 for other in known):
                continue  # labels come in the order of their delay
            known.append(uses)
            if product.is_end(at):
                if not product.automaton.exceeds(delay_ns):
                    found.append((uses, delay_ns))
                continue
            for edge in product.edges(at):
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

    def _floor(self, dst: str) -> dict[str, int]:
        """By hub, the smallest delay to a hub over any fibres."""
        if dst not in self._floors:
            tree = shortest_tree(self._topology, dst)
            floor: dict[str, int] = {}
            for hub, came_by in tree.items():  # nearer hubs come first
                floor[hub] = 0
                if came_by is not None:
                    nearer, fibre = came_by
                    floor[hub] = floor[nearer] + fibre.one_way_delay_ns
            self._floors[dst] = floor
        return self._floors[dst]
