"""``paths.json`` next to prices: the map, and the path of each demand under each set. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from corridor.controller.explain.clauses import forbidding
from corridor.controller.explain.path_summary import (
    Reference,
    grounds,
    passage_of,
    references,
    shortest_passage,
)
from corridor.controller.policy.model import PolicySet
from corridor.experiments.answers.map_document import (
    MapDocument,
    PathDocument,
    map_document,
    path_document,
)
from corridor.experiments.answers.names import Names, names_of
from corridor.experiments.answers.price_sets import PricedScenario, Served
from corridor.topologies.base.codec import Document, formerly

SCHEMA = 2
PATHS_FILE, FORMER_PATHS_FILE = "paths.json", "ways.json"


@dataclass(frozen=True, kw_only=True)
class PathUnderSet:
    """The shortest permitted path of a demand under one set, or why there is none."""

    path: PathDocument | None = field(metadata=formerly("way"))
    why: str
    permit: str | None
    legal: tuple[Reference, ...]


@dataclass(frozen=True, kw_only=True)
class DemandPaths:
    """The paths of one demand."""

    id: str
    free: PathDocument | None
    """The shortest, whatever policies say."""
    against: PathDocument | None
    """Under the set that others are compared with."""
    round_trip_ms: float | None
    sets: tuple[PathUnderSet, ...]


@dataclass(frozen=True, kw_only=True)
class PathsDocument(Document):
    """What ``paths.json`` contains; demands and sets are in the order of the prices."""

    schema: int
    as_of: str
    against: str
    sets: tuple[str, ...]
    map: MapDocument
    demands: tuple[DemandPaths, ...]
    names: Names = field(default_factory=Names)


def paths_document(
    laid: PricedScenario, against: PolicySet, sets: Sequence[PolicySet], title: str = ""
) -> PathsDocument:
    """Return the paths of demands under each set. ``title`` is that of the scenario."""
    before = laid.under(against)
    under = [laid.under(policies) for policies in sets]
    return PathsDocument(
        schema=SCHEMA,
        as_of=str(laid.as_of),
        against=against.name,
        sets=tuple(policies.name for policies in sets),
        map=map_document(laid.paths.topology),
        demands=tuple(
            _demand(laid, was, sets, each) for was, *each in zip(before, *under, strict=True)
        ),
        names=names_of(title, (against, *sets)),
    )


def _demand(
    laid: PricedScenario, was: Served, sets: Sequence[PolicySet], each: Sequence[Served]
) -> DemandPaths:
    demand = was.demand
    return DemandPaths(
        id=demand.id,
        free=path_document(shortest_passage(laid.paths.topology, demand.src, demand.dst)),
        against=_path(laid, was),
        round_trip_ms=None if was.round_trip_ns is None else was.round_trip_ns / 1e6,
        sets=tuple(
            _under(laid, policies, served) for policies, served in zip(sets, each, strict=True)
        ),
    )


def _under(laid: PricedScenario, policies: PolicySet, served: Served) -> PathUnderSet:
    there = served.paths[0]
    permit = there.automaton.permit if there else None
    return PathUnderSet(
        path=_path(laid, served),
        why="; ".join(_blocked_by(laid, policies, served)),
        permit=permit.id if permit else None,
        legal=tuple(references(permit, laid.as_of)) if permit else (),
    )


def _blocked_by(laid: PricedScenario, policies: PolicySet, served: Served) -> Iterator[str]:
    """What forbids a demand or its answers, whatever the other set does; empty if both go."""
    for applicable_policies, path_taken in zip(served.rulings, served.paths, strict=True):
        if path_taken is None:
            died = forbidding(applicable_policies)
            yield from map(str, grounds(died, policies, laid.as_of))


def _path(laid: PricedScenario, served: Served) -> PathDocument | None:
    there = served.paths[0]
    return None if there is None else path_document(passage_of(laid.paths.topology, there.path))
