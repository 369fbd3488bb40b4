"""A demand under a policy set: minimum delay, single points of failure, capacity. Pure.

All three are of permitted paths, by any permit, so that one more restriction improves none.
Preference among permits and the delay spent on protection do not count here: they decide which
of its permitted paths a demand uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.clauses.places import Groups
from corridor.controller.policy.product import Ground, Product, ProductPath
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.topologies.model.routing import Path, shortest_tree, walk
from corridor.topologies.model.topology import Topology

NOTHING = frozenset[str]()


@dataclass(frozen=True)
class PricedPath:
    """One direction of a demand, by the shortest permitted path."""

    path: Path
    one_way_ns: int
    """Of the fibres alone."""
    single_points: frozenset[str]
    """Elements whose failure leaves no permitted path: ``link:``, ``srlg:``, ``hub:``,
    ``gateway:`` and a name. Neither of its ends counts."""
    widest_gbps: float
    """Capacity of the narrowest fibre on the permitted path with the highest capacity. Without a
    published value, the assumed capacity of the topology."""
    automaton: Automaton
    """Of the permit of that path."""


class PricedPaths:
    """Of one topology. What was searched once is kept, for all sets alike."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._ground = Ground(topology)
        self._floors: dict[str, dict[str, int]] = {}
        self._products: dict[object, Product] = {}
        self._found: dict[object, PricedPath | None] = {}
        self._groups: dict[object, Groups] = {}
        self._rates = {fibre.id: topology.capacity_gbps(fibre) for fibre in topology.fibres}
        self._srlgs = {
            srlg: self._ground.mask([one.id for one in topology.fibres_in_srlg(srlg)])
            for srlg in topology.srlgs
        }

    def on(self, topology: Topology) -> PricedPaths:
        """On a map like this one; with the same fibres, distances are not searched again."""
        other = PricedPaths(topology)
        if topology.fibres == self.topology.fibres:
            other._floors = self._floors
        return other

    def permitted(self, applicable_policies: ApplicablePolicies) -> PricedPath | None:
        """The shortest permitted path of a demand, in one direction; None if there is none."""
        automata = tuple(map(self._as_known, applicable_policies.automata))
        key = (applicable_policies.demand.src, *((one.course_key, one.budgets) for one in automata))
        if key not in self._found:
            self._found[key] = self._search(automata)
        found = self._found[key]
        if found is None:
            return None
        chosen = next(
            original
            for original, one in zip(applicable_policies.automata, automata, strict=True)
            if one.course_key == found.automaton.course_key
            and one.budgets == found.automaton.budgets
        )
        return replace(found, automaton=chosen)

    def least_ns(self, applicable_policies: ApplicablePolicies) -> int | None:
        """The delay of that path, without the rest of the search."""
        found = self._least(tuple(map(self._as_known, applicable_policies.automata)))
        return None if found is None else found[1].one_way_ns

    def around(
        self, automata: Sequence[Automaton], element: str
    ) -> tuple[Automaton, ProductPath] | None:
        """The shortest permitted path without an element."""
        return self._around(tuple(map(self._as_known, automata)), element)

    def _around(
        self, automata: Sequence[Automaton], element: str
    ) -> tuple[Automaton, ProductPath] | None:
        kind, _, name = element.partition(":")
        if kind == "gateway":
            return self._least(automata, closed=frozenset([name]))
        return self._least(automata, self._mask(kind, name))

    def path(self, automaton: Automaton, course: ProductPath) -> Path:
        trail = self.product(automaton).trail(course)
        return Path(tuple(place.hub for place in trail.places), trail.fibres)

    def _mask(self, kind: str, name: str) -> int:
        if kind == "srlg":
            return self._srlgs[name]
        fibres = self.topology.fibres_of(name) if kind == "hub" else ()
        return self._ground.mask([name] if kind == "link" else [one.id for one in fibres])

    def _search(self, automata: Sequence[Automaton]) -> PricedPath | None:
        least = self._least(automata)
        if least is None:
            return None
        automaton, course = least
        path = self.path(automaton, course)
        names = self._met(path, automata)
        lost = frozenset(name for name in names if self._around(automata, name) is None)
        return PricedPath(path, course.one_way_ns, lost, self._widest(automata), automaton)

    def _met(self, path: Path, automata: Iterable[Automaton]) -> list[str]:
        """Whatever a path meets and may fail."""
        srlgs = {srlg for name in path.fibres for srlg in self.topology.fibre(name).srlgs}
        inner = set(path.hubs) - {path.src, path.dst}
        assessed = any(bound.clause.gateways() for one in automata for bound in one.clauses)
        return [
            *(f"link:{name}" for name in set(path.fibres)),
            *(f"srlg:{name}" for name in srlgs),
            *(f"hub:{name}" for name in inner),
            *(f"gateway:{name}" for name in set(path.hubs) if assessed),
        ]

    def _widest(self, automata: Sequence[Automaton]) -> float:
        """Bisect the capacities: a path over fibres of high capacity fits lower limits, too."""
        rates = sorted(set(self._rates.values()))
        low, high = 0, len(rates)
        while high - low > 1:
            middle = (low + high) // 2
            narrow = [name for name, rate in self._rates.items() if rate < rates[middle]]
            if self._least(automata, self._ground.mask(narrow)) is None:
                high = middle
            else:
                low = middle
        return rates[low]

    def _least(
        self, automata: Sequence[Automaton], dead: int = 0, closed: frozenset[str] = NOTHING
    ) -> tuple[Automaton, ProductPath] | None:
        found: tuple[Automaton, ProductPath] | None = None
        for automaton in automata:
            product = self._product(automaton)
            start = product.entered(automaton.trip.src)
            if closed:
                product = product.without_gateways(closed)
                start = product.entered(automaton.trip.src)
            course = None if start is None else product.course(start, dead)
            if course is None or automaton.exceeds(course.one_way_ns):
                continue
            if found is None or course.one_way_ns < found[1].one_way_ns:
                found = (automaton, course)
        return found

    def product(self, automaton: Automaton) -> Product:
        """Of an automaton; one for all that take the same steps."""
        return self._product(self._as_known(automaton))

    def _product(self, automaton: Automaton) -> Product:
        key = automaton.course_key
        if key not in self._products:
            floor_ns = self._floor(automaton.trip.dst.id)
            product = Product(automaton, self.topology, floor_ns, ground=self._ground)
            self._products[key] = product
        return self._products[key]

    def _as_known(self, automaton: Automaton) -> Automaton:
        """With groups that are the same value wherever they mean the same."""
        groups = automaton.trip.groups
        known = self._groups.setdefault(frozenset(groups.members.items()), groups)
        if known is groups:
            return automaton
        return replace(automaton, trip=replace(automaton.trip, groups=known))

    def _floor(self, dst: str) -> dict[str, int]:
        if dst not in self._floors:
            tree = shortest_tree(self.topology, dst)
            delay_ns = self.topology.one_way_delay_ns
            self._floors[dst] = {
                hub: sum(delay_ns(fibre) for fibre in walk(tree, hub)[1]) for hub in tree
            }
        return self._floors[dst]
