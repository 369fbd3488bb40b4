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
from corridor.controller.policy.clauses.elements import Named, Where
from corridor.controller.policy.clauses.places import Groups, operators
from corridor.controller.policy.model import Demand, DemandEntry, Policy, PolicySet
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    best_permitted_path,
    lawful_route,
    shortest,
)
from corridor.controller.policy.semantics import NO_FAILURES, ApplicablePolicies, Failures, rule
from corridor.topologies.base.documents import KeyPath
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import ms
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
        offers = sorted(
            (self._offer(asked.to(hub)) for hub in among), key=lambda offer: offer.order
        )
        best, why = offers[0], "; ".join(self._why(offers))
        return Settled(
            best.demand, AnycastChoice(among, best.hub, why), best.one_way_ns is not None
        )

    def _offer(self, demand: Demand) -> _Offer:
        back = demand.returning()
        return _Offer(
            demand,
            self._lawful_ns(demand),
            back is not None and self._lawful_ns(back) is None,
            self._physical_ns(demand),
        )

    def _lawful_ns(self, demand: Demand) -> int | None:
        key = (demand.data_class, demand.service, demand.family, demand.src, demand.dst)
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

    def _ruling(self, demand: Demand) -> ApplicablePolicies:
        asked = self._policies.seen(demand)
        return rule(self._policies, self._topology, asked, self._as_of)

    def _why(self, offers: Sequence[_Offer]) -> Iterator[str]:
        """The reasons for the choice, of offers in their order."""
        first, *others = offers
        allowed = [offer for offer in offers if offer.is_lawful]
        if first.physical_ns is None:
            yield f"no fibre leads to any of {len(offers)}"
        elif first.one_way_ns is None:
            yield f"policies allow none of {len(offers)}, and it is the nearest by fibre"
            yield from self._told(offers)
        elif not allowed:
            took = ms(first.one_way_ns / 1e6, 2)
            yield f"the nearest to which data may go, {took} one way; answers may from none"
            yield from self._told(offers)
        else:
            yield from _nearest(first.one_way_ns, len(offers), allowed)
            yield from self._told(_nearer(first.one_way_ns, others), "nearer by fibre is ")

    def _told(self, offers: Sequence[_Offer], before: str = "") -> Iterator[str]:
        yield from (f"{before}{self._forbidden(offer)}" for offer in offers[:MOST_TOLD])
        if len(offers) > MOST_TOLD:
            yield f"and {len(offers) - MOST_TOLD} more"

    def _forbidden(self, offer: _Offer) -> str:
        """What forbids the shortest path, there or back."""
        back = offer.demand.returning() if offer.one_way_ns is not None else None
        route = best_permitted_path(self._ruling(back or offer.demand), self._failures)
        because = route.because[:1] if isinstance(route, NoPermittedPath) else ()
        told = "; ".join(map(str, because)) or "no fibres lead there"
        return f"{offer.hub}{' back' if back else ''}: {told}"


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
class _Offer:
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


def _nearest(one_way_ns: int, count: int, allowed: Sequence[_Offer]) -> Iterator[str]:
    of = f"all {count}" if len(allowed) == count else f"{len(allowed)} of {count}"
    yield f"the nearest, {ms(one_way_ns / 1e6, 2)} one way; policies allow {of}"
    if len(allowed) > 1 and allowed[1].one_way_ns is not None:
        yield f"next is {allowed[1].hub}, {ms(allowed[1].one_way_ns / 1e6, 2)}"


def _nearer(one_way_ns: int, others: Sequence[_Offer]) -> list[_Offer]:
    """Those that are not lawful, and would be nearer if they were."""
    return [
        offer
        for offer in others
        if not offer.is_lawful and offer.physical_ns is not None and offer.physical_ns < one_way_ns
    ]
