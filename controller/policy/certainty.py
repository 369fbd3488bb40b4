"""How certain the path of a demand is: delay, path and law in Monte Carlo samples of the map.

Two things are asked of each draw. What would the path that is in use take? And which lawful path
would be the shortest, were the map as drawn: does it cross the same set of jurisdictions? What a
path is chosen for besides its delay (protection all along) is not drawn again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.clauses import Trip
from corridor.controller.policy.clauses.places import shipped_groups
from corridor.controller.policy.margins import Margin, margin_of, path_of
from corridor.controller.policy.model import Demand, Policy
from corridor.controller.policy.paths import Path, crossed_jurisdictions
from corridor.controller.policy.permitted_arcs import lawful_arcs, met_by_fibres
from corridor.controller.policy.product import Ground, Product
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.topologies.analysis.arcs import (
    UNREACHED,
    Arcs,
    shortest_ns,
    shortest_paths_in_samples,
)
from corridor.topologies.analysis.length_intervals import Interval, interval_of
from corridor.topologies.analysis.monte_carlo import Ensemble, Floats, Nanoseconds
from corridor.topologies.model.topology import Topology

NEAR_TIE = 0.1
"""Another set of jurisdictions is near if it is crossed in this share of draws or more: it then
lies within the 90 % that an interval speaks of."""


@dataclass(frozen=True)
class Share:
    """Of draws: how many have this."""

    of: tuple[str, ...]
    share: float


@dataclass(frozen=True)
class PathUncertainty:
    """One direction of a demand, over all draws."""

    demand: str
    path: Path
    """In use."""
    crosses: tuple[str, ...]
    taken: Interval
    """One way, by the path in use."""
    path_share: float
    """Draws in which the path in use is the shortest lawful one."""
    set_share: float
    """Draws in which the shortest lawful path crosses the same set of jurisdictions."""
    sets: tuple[Share, ...]
    """Sets of jurisdictions of shortest lawful paths, most frequent first, as they are met."""
    paths: tuple[Share, ...]
    """Hubs of shortest lawful paths, likewise."""
    blocked_share: float
    """Draws in which no lawful path is within its delay budget."""
    margin: Margin | None
    """Under the permit in use, on the delays that the map states."""
    taken_ns: Nanoseconds = field(repr=False, compare=False)
    """By draw, of the path in use."""
    best_ns: Nanoseconds = field(repr=False, compare=False)
    """By draw, of the shortest lawful path; -1 where there is none."""
    as_expected: np.ndarray[tuple[int], np.dtype[np.bool_]] = field(repr=False, compare=False)
    """By draw, whether the shortest lawful path crosses the expected set."""

    @property
    def near_tie(self) -> bool:
        """Which law is met is not decided by what is known of lengths."""
        return 1 - self.set_share >= NEAR_TIE


class Lawful:
    """Answers for rulings over one ensemble; what one ruling needed is kept for the next."""

    def __init__(
        self, ensemble: Ensemble, product: Callable[[Automaton], Product] | None = None
    ) -> None:
        """``product`` gives one for all automata that take the same steps, where there are some."""
        self.ensemble = ensemble
        self.topology: Topology = ensemble.topology
        self._ground = Ground(ensemble.topology)
        self._met = met_by_fibres(ensemble.topology)
        self._products: dict[object, Product] = {}
        self._product = product or self._own_product
        self._least: dict[object, Nanoseconds] = {}
        self._paths: dict[object, tuple[Nanoseconds, tuple[tuple[int, ...], ...]]] = {}
        self._crossed: dict[tuple[str, tuple[int, ...]], tuple[str, ...]] = {}
        self._graphs: dict[object, Arcs | None] = {}
        self._certain: dict[object, PathUncertainty] = {}

    def certainty(self, applicable_policies: ApplicablePolicies, path: Path) -> PathUncertainty:
        """Of the demand of a ruling that uses ``path``; demands that may go alike are as sure."""
        alike = tuple(
            (one.course_key, tuple(budget.one_way_ns for budget in one.budgets))
            for one in applicable_policies.automata
        )
        known = self._certain.get((path, alike))
        if known is None:
            known = self._certain[path, alike] = self._of(applicable_policies, path)
        return replace(known, demand=applicable_policies.demand.id)

    def _of(self, applicable_policies: ApplicablePolicies, path: Path) -> PathUncertainty:
        best_ns, fibre_paths = self.shortest(applicable_policies)
        src = path.src
        crosses = crossed_jurisdictions(self.topology, path)
        expected = frozenset(crosses)
        found = [self._crosses(src, fibres) for fibres in fibre_paths]
        as_expected = np.array([frozenset(one) == expected for one in found], dtype=np.bool_)
        served = best_ns != UNREACHED
        as_expected &= served
        columns = [self.ensemble.numbers[name] for name in path.fibres]
        taken_ns = self.ensemble.delays_ns[:, columns].sum(axis=1)
        in_use = tuple(columns)
        draws = self.ensemble.draws
        return PathUncertainty(
            demand=applicable_policies.demand.id,
            path=path,
            crosses=crosses,
            taken=interval_of(taken_ns),
            path_share=sum(fibres == in_use for fibres in fibre_paths) / draws,
            set_share=float(as_expected.mean()),
            sets=_by_set(found, served.tolist()),
            paths=self._by_path(src, fibre_paths, served.tolist()),
            blocked_share=1 - float(served.mean()),
            margin=self._margin(applicable_policies, path),
            taken_ns=taken_ns,
            best_ns=best_ns,
            as_expected=as_expected,
        )

    def shortest(
        self, applicable_policies: ApplicablePolicies
    ) -> tuple[Nanoseconds, tuple[tuple[int, ...], ...]]:
        """By draw, what the shortest path takes under the first permit that has one within its
        budget (-1 if none has), and the numbers of its fibres."""
        draws = self.ensemble.draws
        best = np.full(draws, UNREACHED, dtype=np.int64)
        fibre_paths: list[tuple[int, ...]] = [()] * draws
        for automaton in applicable_policies.automata:
            if not (best == UNREACHED).any():
                break
            found, by = self._under(automaton)
            fits = (best == UNREACHED) & (found != UNREACHED)
            if automaton.budgets:
                fits &= found <= automaton.budgets[0].one_way_ns
            for draw in np.flatnonzero(fits).tolist():
                best[draw], fibre_paths[draw] = found[draw], by[draw]
        return best, tuple(fibre_paths)

    def least_ns(self, applicable_policies: ApplicablePolicies) -> Floats:
        """By draw, what the shortest of all lawful paths takes, whichever permit it is by; ``nan``
        where there is none within its budget."""
        least = np.full(self.ensemble.draws, np.inf)
        for automaton in applicable_policies.automata:
            found = self._least_under(automaton).astype(np.float64)
            found[found == UNREACHED] = np.inf
            if automaton.budgets:
                found[found > automaton.budgets[0].one_way_ns] = np.inf
            least = np.minimum(least, found)
        return np.where(np.isinf(least), np.nan, least)

    def _least_under(self, automaton: Automaton) -> Nanoseconds:
        """By draw, what the shortest path takes; -1 where there is none."""
        key = self._key(automaton)
        if key not in self._least:
            arcs = self._graph(automaton)
            self._least[key] = (
                np.full(self.ensemble.draws, UNREACHED, dtype=np.int64)
                if arcs is None
                else shortest_ns(arcs, self.ensemble.delays_ns)
            )
        return self._least[key]

    def _under(self, automaton: Automaton) -> tuple[Nanoseconds, tuple[tuple[int, ...], ...]]:
        """The same with the numbers of its fibres."""
        key = self._key(automaton)
        if key not in self._paths:
            arcs = self._graph(automaton)
            if arcs is None:
                self._paths[key] = self._least_under(automaton), ((),) * self.ensemble.draws
            else:
                found = shortest_paths_in_samples(arcs, self.ensemble.delays_ns)
                self._paths[key] = (found.one_way_ns, found.fibres)
                self._least[key] = found.one_way_ns
        return self._paths[key]

    def _key(self, automaton: Automaton) -> object:
        """Equal for automata with the same paths from the same hub."""
        return automaton.trip.src.id, self._product(automaton)

    def _graph(self, automaton: Automaton) -> Arcs | None:
        key = self._key(automaton)
        if key not in self._graphs:
            product = self._product(automaton)
            self._graphs[key] = lawful_arcs(product, automaton.trip.src)
        return self._graphs[key]

    def _own_product(self, automaton: Automaton) -> Product:
        """What every source of a course shares."""
        key = automaton.course_key
        if key not in self._products:
            self._products[key] = Product(automaton, self.topology, ground=self._ground)
        return self._products[key]

    def _margin(self, applicable_policies: ApplicablePolicies, path: Path) -> Margin | None:
        permit = applicable_policies.verdict(path).permit
        for automaton in applicable_policies.automata:
            if automaton.permit.id == permit:
                arcs = self._graph(automaton)
                if arcs is None:
                    return None
                nominal = self.ensemble.nominal_ns
                taken = sum(int(nominal[self.ensemble.numbers[name]]) for name in path.fibres)
                return margin_of(self.topology, self._met, arcs, nominal, path, taken)
        return None

    def _crosses(self, src: str, fibres: tuple[int, ...]) -> tuple[str, ...]:
        if (src, fibres) not in self._crossed:
            path = path_of(self.topology, src, fibres)
            self._crossed[src, fibres] = crossed_jurisdictions(self.topology, path)
        return self._crossed[src, fibres]

    def _by_path(
        self, src: str, fibre_paths: Sequence[tuple[int, ...]], served: Sequence[bool]
    ) -> tuple[Share, ...]:
        counts = Counter(fibres for fibres, one in zip(fibre_paths, served, strict=True) if one)
        return tuple(
            Share(path_of(self.topology, src, fibres).hubs, count / len(fibre_paths))
            for fibres, count in counts.most_common()
        )


def _by_set(found: Sequence[tuple[str, ...]], served: Sequence[bool]) -> tuple[Share, ...]:
    counts: Counter[frozenset[str]] = Counter()
    first: Mapping[frozenset[str], tuple[str, ...]] = {}
    for crosses, one in zip(found, served, strict=True):
        if one:
            counts[frozenset(crosses)] += 1
            first = {frozenset(crosses): crosses, **first}
    return tuple(Share(first[one], count / len(found)) for one, count in counts.most_common())


def unruled(topology: Topology, demand: Demand) -> ApplicablePolicies:
    """A ruling that allows every path: what fibres alone would do."""
    trip = Trip(topology.hub(demand.src), topology.hub(demand.dst), shipped_groups())
    anything = Policy(id="anything", effect="permit")
    return ApplicablePolicies(topology, demand, (Automaton(trip, anything, ()),))


def round_trip_ns(there: PathUncertainty, back: PathUncertainty) -> Floats:
    """By draw, round trip by the paths in use."""
    return (there.taken_ns + back.taken_ns).astype(np.float64)


def price_ns(
    lawful: Lawful, with_law: Sequence[ApplicablePolicies], without: Sequence[ApplicablePolicies]
) -> Floats:
    """What policies add to a round trip, by draw: with them less without, on the same draw.

    Each side is the rulings of a demand and of its answers; ``unruled`` makes one without any
    policy. Draws in which one side has no lawful path are ``nan``; ``interval_of`` takes the rest:
    ``interval_of(found[~np.isnan(found)])``.
    """
    sides = []
    for rulings in (with_law, without):
        found = np.zeros(lawful.ensemble.draws)
        for applicable_policies in rulings:
            best_ns = lawful.shortest(applicable_policies)[0]
            found += np.where(best_ns == UNREACHED, np.nan, best_ns)
        sides.append(found)
    return sides[0] - sides[1]
