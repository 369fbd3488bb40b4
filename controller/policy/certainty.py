"""How certain the path of a demand is: delay, path and law in Monte Carlo samples of the map.

Two things are asked of each sample. What would the path that is in use take? And which lawful path
would be the shortest, were the map as sampled: does it cross the same set of jurisdictions? What a
path is chosen for besides its delay (protection all along) is not sampled again. How near the next
set of jurisdictions is, is exact: on the delays that the map states.

Paths are searched in the product of ``policy/product.py``, whose places and fibres are written into
arrays. Delay budgets are not in it: they are asked of what was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.clauses import Trip
from corridor.controller.policy.clauses.places import shipped_groups
from corridor.controller.policy.model import Demand, Policy
from corridor.controller.policy.product import Ground, Product
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.topologies.analysis.arcs import (
    UNREACHED,
    Arcs,
    Shortest,
    arcs_of,
    shortest_ns,
    shortest_paths_in_samples,
)
from corridor.topologies.analysis.monte_carlo import Ensemble, Interval, Nanoseconds, interval_of
from corridor.topologies.base.arrays import Floats
from corridor.topologies.model.routing import Path, crossed_jurisdictions
from corridor.topologies.model.topology import Hub, Topology

type Step = tuple[int, int, int]
"""From a place, to a place, by a fibre; all by number."""


def lawful_arcs(product: Product, src: Hub) -> Arcs | None:
    """Every path from a hub that a product accepts; None where it accepts none.

    Places are numbered in the order in which they are met from there.
    """
    first = product.entered(src)
    if first is None:
        return None
    numbers, waiting, steps = {first: 0}, [first], list[Step]()
    while waiting:
        place = waiting.pop()
        tail = numbers[place]
        for edge in product.edges(place):
            head = numbers.get(edge.far)
            if head is None:
                head = numbers[edge.far] = len(numbers)
                waiting.append(edge.far)
            steps.append((tail, head, edge.number))
    ends = [number for place, number in numbers.items() if product.is_end(place)]
    return arcs_of(steps, 0, ends) if ends else None


type Met = Sequence[frozenset[str]]
"""By fibre, the jurisdictions that it and its ends lie in."""


def met_by_fibres(topology: Topology) -> Met:
    return [
        frozenset({topology.hub(one.a).located_in, topology.hub(one.z).located_in, *one.crosses})
        for one in topology.fibres
    ]


def touching(met: Met, codes: Collection[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """By fibre, whether it or an end of it lies in one of some jurisdictions."""
    return np.array([not one.isdisjoint(codes) for one in met], dtype=np.bool_)


def beyond(met: Met, codes: Collection[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """By fibre, whether it or an end of it lies in a jurisdiction that is none of these."""
    known = frozenset(codes)
    return np.array([not one <= known for one in met], dtype=np.bool_)


@dataclass(frozen=True)
class Margin:
    """The shortest lawful path through another set of jurisdictions, and what more it takes."""

    one_way_ns: int
    jurisdictions: tuple[str, ...]


def margin_of(
    topology: Topology, met: Met, arcs: Arcs, nominal_ns: Nanoseconds, path: Path, one_way_ns: int
) -> Margin | None:
    """Against a path that takes ``one_way_ns``; None where all lawful paths cross the same set.

    Another set either does not have one of the path's jurisdictions or has one more: the minimum
    over both.
    """
    crossed = crossed_jurisdictions(topology, path)
    best: Margin | None = None
    for found in _searches(topology, met, arcs, nominal_ns, path, crossed):
        taken = int(found.one_way_ns[0])
        if taken == UNREACHED:
            continue
        if best is None or taken - one_way_ns < best.one_way_ns:
            jurisdictions = crossed_jurisdictions(
                topology, path_of(topology, path.src, found.fibres[0])
            )
            best = Margin(taken - one_way_ns, jurisdictions)
    return best


def _searches(
    topology: Topology,
    met: Met,
    arcs: Arcs,
    nominal_ns: Nanoseconds,
    path: Path,
    crossed: tuple[str, ...],
) -> Iterator[Shortest]:
    delays = nominal_ns[None, :]
    ends = {topology.hub(path.src).located_in, topology.hub(path.dst).located_in}
    for code in crossed:
        if code not in ends:
            kept = ~touching(met, [code])[arcs.fibres]
            yield shortest_paths_in_samples(arcs.only(kept), delays)
    yield shortest_paths_in_samples(_leaving(arcs, beyond(met, crossed)), delays)


def _leaving(arcs: Arcs, outside: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Arcs:
    """Two floors of the same graph: a fibre that is outside leads up, and only above is an end."""
    floor = arcs.places
    steps = []
    triples = zip(arcs.tails.tolist(), arcs.heads.tolist(), arcs.fibres.tolist(), strict=True)
    for tail, head, fibre in triples:
        up = floor if outside[fibre] else 0
        steps.append((tail, head + up, fibre))
        steps.append((tail + floor, head + floor, fibre))
    return arcs_of(steps, arcs.start, [end + floor for end in arcs.ends])


def path_of(topology: Topology, src: str, fibres: tuple[int, ...]) -> Path:
    """The path from a hub along fibres, by their numbers."""
    hubs, names = [src], []
    for number in fibres:
        fibre = topology.fibres[number]
        hubs.append(fibre.other_end(hubs[-1]))
        names.append(fibre.id)
    return Path(tuple(hubs), tuple(names))


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
