"""What demands are served and judged by: topology, policies, a day, whose packets are whose.

A specification crosses into a guest as JSON, so that the tables the switches hold are proven where
they are, before any traffic.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import combinations
from typing import Self

from corridor.controller.intent.intent import (
    Aggregate,
    Disjoint,
    Intent,
    PreferredPath,
    Protection,
    Selector,
)
from corridor.controller.policy.model import (
    RETURN,
    Bandwidth,
    Demand,
    PolicySet,
    Protected,
    RateStep,
)
from corridor.controller.policy.semantics import Failures, PolicyLookup
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.memory import remembered
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.topology import Frozen, Topology

MOST_RULINGS = 2
"""Sets on a day whose rulings are kept: those in force, and others that are asked for."""


@remembered(MOST_RULINGS)
def _rulings(policies: PolicySet, topology: Topology, as_of: date) -> PolicyLookup:
    """What is alike but for paths that are chosen is ruled on once."""
    return PolicyLookup(policies, topology, as_of)


class Direction(Frozen):
    """A demand, or its answers, and what tells its packets from others between the same hubs."""

    demand: Demand
    selectors: tuple[Selector, ...]
    bandwidth: Bandwidth | None = None
    given_up: tuple[RateStep, ...] = ()
    """To make room for rates: for nothing where the ladder of the permit in use does not have the
    step."""
    dscp: int = 0
    """What its packets are marked with where they enter the network."""
    police: int | None = None
    """What its edge lets in where nothing is promised to it, in bit/s."""
    picks: tuple[PreferredPath, ...] = ()
    """Which paths it takes instead of its shortest ones, so that rates fit."""


class Specification(Frozen):
    """Everything the prover judges tables by, next to the wiring."""

    topology: Topology
    policies: PolicySet
    as_of: date
    directions: tuple[Direction, ...]
    k: int
    over: tuple[Protected, ...]
    disjoint: tuple[Disjoint, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    chooses: bool = False
    """Whether paths are chosen together where rates do not fit."""

    def intents(self) -> tuple[Intent, ...]:
        """In the order of the demands, each followed by its answers."""
        rulings = _rulings(self.policies, self.topology, self.as_of)
        return tuple(
            Intent(
                rulings.on(self.policies.seen(one.demand)),
                one.selectors,
                Protection(self.k, self.over),
                one.bandwidth,
                one.given_up,
                self._disjoint(one.demand.id.removesuffix(RETURN)),
                next((some for some in self.aggregates if one.demand.id in some.demands), None),
                one.dscp,
                one.police,
                one.picks,
            )
            for one in self.directions
        )

    def _disjoint(self, demand: str) -> tuple[Disjoint, ...]:
        return tuple(one for one in self.disjoint if demand in one.demands)

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls.model_validate_json(text)


# What is chosen of a specification while a network runs, and what may be kept in a file of it.


class PathPreferences(Frozen):
    """Of one demand, or of its answers."""

    picks: tuple[PreferredPath, ...] = ()
    given_up: tuple[RateStep, ...] = ()


NONE_CHOSEN = PathPreferences()

type ChosenByDemand = Mapping[str, PathPreferences]


def chosen_in(specification: Specification) -> dict[str, PathPreferences]:
    """By demand, without demands for which no path is chosen."""
    chosen = {
        one.demand.id: PathPreferences(picks=one.picks, given_up=one.given_up)
        for one in specification.directions
    }
    return {name: one for name, one in chosen.items() if one != NONE_CHOSEN}


def choosing(specification: Specification, chosen: ChosenByDemand) -> Specification:
    """The same with what is chosen, and nothing else that was."""
    directions = []
    for one in specification.directions:
        preferences = chosen.get(one.demand.id, NONE_CHOSEN)
        if (one.picks, one.given_up) != (preferences.picks, preferences.given_up):
            one = one.model_copy(
                update={"picks": preferences.picks, "given_up": preferences.given_up}
            )
        directions.append(one)
    if all(new is old for new, old in zip(directions, specification.directions, strict=True)):
        return specification
    return specification.model_copy(update={"directions": tuple(directions)})


# Failures by name: ``link:ID``, ``srlg:cable:aae-1``, ``hub:kunming``, ``gateway:kunming``.

KINDS: tuple[Protected, ...] = ("link", "srlg", "hub", "gateway")


def elements(topology: Topology, kinds: Collection[str] = KINDS) -> tuple[str, ...]:
    """Everything of these kinds that may fail, by name."""
    return tuple(f"{kind}:{name}" for kind in kinds for name in _names(topology, kind))


def failures_of(topology: Topology, names: Iterable[str]) -> Failures:
    """What these names say is out of order. A shared-risk group may go without ``srlg:``.

    Raises InputError with a near match for a name the topology does not have.
    """
    failed: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for written in names:
        kind, name = _read(topology, written)
        failed[kind].add(name)
    links, srlgs, hubs, gateways = (frozenset(failed[kind]) for kind in KINDS)
    return Failures(links, srlgs, hubs, gateways)


def canonical(topology: Topology, names: Iterable[str]) -> tuple[str, ...]:
    """The same set of failures as one value, however it was written; raises as ``failures_of``."""
    return tuple(sorted({":".join(_read(topology, written)) for written in names}))


def up_to(k: int, names: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Every set of at most ``k`` of these names, the smaller first."""
    for size in range(k + 1):
        yield from combinations(names, size)


def _names(topology: Topology, kind: str) -> Iterable[str]:
    if kind == "link":
        return (fibre.id for fibre in topology.fibres)
    return topology.srlgs if kind == "srlg" else (hub.id for hub in topology.hubs)


def _read(topology: Topology, written: str) -> tuple[str, str]:
    kind, _, name = written.partition(":")
    if kind not in KINDS:
        kind, name = "srlg", written
    if name not in _names(topology, kind):
        known = elements(topology)
        hint = nearest_named(written, known) or f"write {', '.join(f'{one}:NAME' for one in KINDS)}"
        raise InputError(f'nothing called "{written}" can fail in {topology.name}', hint)
    return kind, name
