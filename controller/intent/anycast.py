"""Demands that may go to any of several hubs: which one serves them.

The nearest lawful one: of the hubs that the selector certainly selects, the source aside, the one
to which the lawful path of the data takes least one way; of equal ones the first by id. A hub from
which answers may come back goes before one from which they may not, however near that is: a
request without an answer serves no one. What a permit spends on protection does not count.

Where no hub is lawful, the demand is blocked, towards the one that is nearest by fibre. Where no
fibre leads to any, it is down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from corridor.controller.intent.anycast_choice import AnycastChoice
from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.clauses import Trip
from corridor.controller.policy.failures import NO_FAILURES, Failures
from corridor.controller.policy.model import Demand, DemandEntry, Policy, PolicySet
from corridor.controller.policy.routes import NoRoute, best_route, lawful_route, shortest
from corridor.controller.policy.semantics import Ruling, rule
from corridor.controller.policy.terms.elements import Named, Where
from corridor.controller.policy.terms.places import Groups, operators
from corridor.topologies.base.documents import KeyPath
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.topology import Topology

MOST_TOLD = 3
"""The maximum of hubs for which the reason states what forbids the path."""
_ANYTHING = Policy(id="anything", effect="permit")
"""Narrows nothing: finds what the fibres alone would allow."""


@dataclass(frozen=True)
class Settled:
    """A demand to one hub; ``choice`` says among which, where there was one to make."""

    demand: Demand
    choice: AnycastChoice | None = None
    may_go: bool = True
    """Whether data may go there; only looked at where there was a choice to make."""


def settle(
    policies: PolicySet,
    topology: Topology,
    asked: DemandEntry,
    as_of: date,
    failures: Failures = NO_FAILURES,
) -> Settled:
    """A demand as it is served on a day. Raises InputError where its selector selects no hub."""
    return Settler(policies, topology, as_of, failures).settle(asked)


class Settler:
    """Settles demands under one set on one day; what many ask alike is searched once."""

    def __init__(
        self,
        policies: PolicySet,
        topology: Topology,
        as_of: date,
        failures: Failures = NO_FAILURES,
    ) -> None:
        self._policies, self._topology = policies, topology
        self._as_of, self._failures = as_of, failures
        self._lawful: dict[tuple[str | None, ...], int | None] = {}
        self._physical: dict[tuple[str, str], int | None] = {}

    def settle(self, asked: DemandEntry) -> Settled:
        """As the function of that name."""
        if not isinstance(asked.dst, Where):
            return Settled(asked.to(asked.dst))
        among = hubs_of(asked.dst, self._topology, self._policies.known_groups, asked.src)
        if not among:
            raise InputError(
                f'demand "{asked.id}" may go to {asked.dst}, and no hub of {self._topology.name} '
                "but its source certainly is that",
                f"corridor topology show {self._topology.name} lists its hubs",
            )
        ways = sorted((self._way(asked.to(hub)) for hub in among), key=lambda way: way.order)
        best, why = ways[0], "; ".join(self._why(ways))
        return Settled(
            best.demand, AnycastChoice(among, best.hub, why), best.one_way_ns is not None
        )

    def _way(self, demand: Demand) -> _Way:
        back = demand.returning()
        return _Way(
            demand,
            self._lawful_ns(demand),
            back is not None and self._lawful_ns(back) is None,
            self._physical_ns(demand),
        )

    def _lawful_ns(self, demand: Demand) -> int | None:
        key = (demand.data_class, demand.service, demand.src, demand.dst)
        if key not in self._lawful:
            route = lawful_route(self._ruling(demand), self._failures)
            self._lawful[key] = None if route is None else route.one_way_ns
        return self._lawful[key]

    def _physical_ns(self, demand: Demand) -> int | None:
        key = (demand.src, demand.dst)
        if key not in self._physical:
            src, dst = map(self._topology.hub, key)
            free = Automaton(Trip(src, dst, self._policies.known_groups), _ANYTHING, ())
            route = shortest(free, self._topology, self._failures)
            self._physical[key] = None if route is None else route.one_way_ns
        return self._physical[key]

    def _ruling(self, demand: Demand) -> Ruling:
        asked = self._policies.seen(demand)
        return rule(self._policies, self._topology, asked, self._as_of)

    def _why(self, ways: Sequence[_Way]) -> Iterator[str]:
        """Of ways in their order."""
        first, *others = ways
        allowed = [way for way in ways if way.is_lawful]
        if first.physical_ns is None:
            yield f"no fibre leads to any of {len(ways)}"
        elif first.one_way_ns is None:
            yield f"policies allow none of {len(ways)}, and it is the nearest by fibre"
            yield from self._told(ways)
        elif not allowed:
            took = _ms(first.one_way_ns)
            yield f"the nearest to which data may go, {took} one way; answers may from none"
            yield from self._told(ways)
        else:
            yield from _nearest(first.one_way_ns, len(ways), allowed)
            yield from self._told(_nearer(first.one_way_ns, others), "nearer by fibre is ")

    def _told(self, ways: Sequence[_Way], before: str = "") -> Iterator[str]:
        yield from (f"{before}{self._forbidden(way)}" for way in ways[:MOST_TOLD])
        if len(ways) > MOST_TOLD:
            yield f"and {len(ways) - MOST_TOLD} more"

    def _forbidden(self, way: _Way) -> str:
        """What forbids the shortest path, there or back."""
        back = way.demand.returning() if way.one_way_ns is not None else None
        route = best_route(self._ruling(back or way.demand), self._failures)
        because = route.because[:1] if isinstance(route, NoRoute) else ()
        told = "; ".join(map(str, because)) or "no fibres lead there"
        return f"{way.hub}{' back' if back else ''}: {told}"


def hubs_of(where: Where, topology: Topology, groups: Groups, src: str) -> tuple[str, ...]:
    """The hubs that are certainly selected, but for the source, sorted."""
    chosen = (hub.id for hub in topology.hubs if where.selects(hub, groups) is True)
    return tuple(sorted(set(chosen) - {src}))


def unknown_names(
    where: Where, topology: Topology, groups: Groups
) -> Iterator[tuple[KeyPath, str, frozenset[str]]]:
    """What a selector names that is not known: where, the name, and what is known."""
    places = frozenset(groups.members)
    run = [hub.operated_by for hub in topology.hubs]
    run += [fibre.operated_by for fibre in topology.fibres]
    known: dict[Named, frozenset[str]] = {
        "hub": frozenset(hub.id for hub in topology.hubs),
        "place": places,
        "operator": places.union(*map(operators, run)),
    }
    for one in where.given:
        if one.key.named is not None:
            names = known[one.key.named]
            yield from (((one.name,), name, names) for name in one.value if name not in names)
    for excepted in where.exceptions:
        for path, name, names in unknown_names(excepted, topology, groups):
            yield ("except", *path), name, names


@dataclass(frozen=True)
class _Way:
    """How a demand would fare with one of the hubs."""

    demand: Demand
    one_way_ns: int | None
    """By the lawful path; None where there is none."""
    is_deaf: bool
    """Whether answers may not come back."""
    physical_ns: int | None
    """By the shortest path there is; None where fibres do not lead there."""

    @property
    def hub(self) -> str:
        return self.demand.dst

    @property
    def order(self) -> tuple[int, int, str]:
        """The best first."""
        if self.one_way_ns is not None:
            return (int(self.is_deaf), self.one_way_ns, self.hub)
        if self.physical_ns is not None:
            return (2, self.physical_ns, self.hub)
        return (3, 0, self.hub)

    @property
    def is_lawful(self) -> bool:
        """Whether data may go there, and answers come back."""
        return self.order[0] == 0


def _nearest(one_way_ns: int, count: int, allowed: Sequence[_Way]) -> Iterator[str]:
    of = f"all {count}" if len(allowed) == count else f"{len(allowed)} of {count}"
    yield f"the nearest, {_ms(one_way_ns)} one way; policies allow {of}"
    if len(allowed) > 1 and allowed[1].one_way_ns is not None:
        yield f"next is {allowed[1].hub}, {_ms(allowed[1].one_way_ns)}"


def _nearer(one_way_ns: int, others: Sequence[_Way]) -> list[_Way]:
    """Those that are not lawful, and would be nearer if they were."""
    return [
        way
        for way in others
        if not way.is_lawful and way.physical_ns is not None and way.physical_ns < one_way_ns
    ]


def _ms(of_ns: int) -> str:
    return f"{of_ns / 1e6:.2f} ms"
