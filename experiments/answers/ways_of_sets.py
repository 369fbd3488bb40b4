"""``ways.json`` next to prices: the map, and which way each demand takes under which set. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from corridor.controller.explain.clauses import forbidding
from corridor.controller.explain.path_summary import passage_of, shortest_passage
from corridor.controller.explain.references import Reference, grounds, references
from corridor.controller.policy.model import PolicySet
from corridor.experiments.answers.document import Way, way
from corridor.experiments.answers.map_document import MapDocument, map_document
from corridor.experiments.answers.names import Names, names_of
from corridor.experiments.answers.price_sets import Laid, Served
from corridor.topologies.base.codec import Document

SCHEMA = 2
WAYS_FILE = "ways.json"


@dataclass(frozen=True, kw_only=True)
class WayUnderSet:
    """The least lawful path of a demand under one set, or why there is none."""

    way: Way | None
    why: str
    permit: str | None
    legal: tuple[Reference, ...]


@dataclass(frozen=True, kw_only=True)
class DemandWays:
    """The ways of one demand."""

    id: str
    free: Way | None
    """The shortest, whatever policies say."""
    against: Way | None
    """Under the set that others are compared with."""
    round_trip_ms: float | None
    sets: tuple[WayUnderSet, ...]


@dataclass(frozen=True, kw_only=True)
class WaysDocument(Document):
    """What ``ways.json`` contains; demands and sets are in the order of the prices."""

    schema: int
    as_of: str
    against: str
    sets: tuple[str, ...]
    map: MapDocument
    demands: tuple[DemandWays, ...]
    names: Names = field(default_factory=Names)


def ways_document(
    laid: Laid, against: PolicySet, sets: Sequence[PolicySet], title: str = ""
) -> WaysDocument:
    """Return the paths of demands under each set. ``title`` is that of the scenario."""
    before = laid.under(against)
    under = [laid.under(policies) for policies in sets]
    return WaysDocument(
        schema=SCHEMA,
        as_of=str(laid.as_of),
        against=against.name,
        sets=tuple(policies.name for policies in sets),
        map=map_document(laid.ways.topology),
        demands=tuple(
            _demand(laid, was, sets, each) for was, *each in zip(before, *under, strict=True)
        ),
        names=names_of(title, (against, *sets)),
    )


def _demand(
    laid: Laid, was: Served, sets: Sequence[PolicySet], each: Sequence[Served]
) -> DemandWays:
    demand = was.demand
    return DemandWays(
        id=demand.id,
        free=way(shortest_passage(laid.ways.topology, demand.src, demand.dst)),
        against=_way(laid, was),
        round_trip_ms=None if was.round_trip_ns is None else was.round_trip_ns / 1e6,
        sets=tuple(
            _under(laid, policies, served) for policies, served in zip(sets, each, strict=True)
        ),
    )


def _under(laid: Laid, policies: PolicySet, served: Served) -> WayUnderSet:
    there = served.ways[0]
    permit = there.automaton.permit if there else None
    return WayUnderSet(
        way=_way(laid, served),
        why="; ".join(_blocked_by(laid, policies, served)),
        permit=permit.id if permit else None,
        legal=tuple(references(permit, laid.as_of)) if permit else (),
    )


def _blocked_by(laid: Laid, policies: PolicySet, served: Served) -> Iterator[str]:
    """What forbids a demand or its answers, whatever the other set does; empty if both go."""
    for ruling, way_taken in zip(served.rulings, served.ways, strict=True):
        if way_taken is None:
            died = forbidding(ruling, policies.known_groups)
            yield from map(str, grounds(died, policies, laid.as_of))


def _way(laid: Laid, served: Served) -> Way | None:
    there = served.ways[0]
    return None if there is None else way(passage_of(laid.ways.topology, there.path))
