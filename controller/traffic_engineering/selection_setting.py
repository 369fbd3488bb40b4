"""Who chooses among which paths, who keeps the paths that it has, and what may fail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

from corridor.controller.forwarding.failure_hypotheses import FailureHypotheses
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.intent.intent import UNPROTECTED
from corridor.controller.policy.product import Edge, ProductPath
from corridor.controller.traffic_engineering.candidate_paths import ALL, PathSpace
from corridor.controller.traffic_engineering.candidate_values import (
    NOT_DEAR,
    CandidatePath,
    Failed,
    FailureSets,
    Links,
)
from corridor.controller.traffic_engineering.guaranteed_demands import rates_of
from corridor.controller.traffic_engineering.load_grid import FixedCandidate, FixedLoad

MOST_PAIRS = 50_000


class SelectionProblem(NamedTuple):
    spaces: list[PathSpace]
    """What each demand may choose from that has a separate rate; those that are to be disjoint
    have only detours to choose."""
    alone: list[CandidatePath]
    """What each of them has alone."""
    fixed: FixedLoad
    """What those load that have rates together."""
    cases: FailureSets


def selection_problem_of(
    served: Iterable[ForwardingGraph],
    builder: GraphBuilder,
    links: Links,
    sets: Iterable[Collection[str]] = (),
    *,
    current_failures_only: bool = False,
) -> SelectionProblem:
    """Of demands as they are served: those with rates count. ``sets`` may fail together, besides
    each thing alone that any of them is protected against. With ``current_failures_only``, nothing
    fails in addition to what has failed."""
    asked = sorted((graph for graph in served if _rate_bps(graph)), key=_rank)
    kinds = {kind for graph in asked if graph.protection.k for kind in graph.protection.over}
    cases = FailureSets(
        builder.risks, 0 if current_failures_only else builder.risks.of_kinds(kinds), sets
    )
    spaces, alone, kept = list[PathSpace](), list[CandidatePath](), list[FixedCandidate]()
    for tree in asked:
        protection = UNPROTECTED if current_failures_only else tree.protection
        space = _space(replace(tree, protection=protection), builder, cases, links)
        candidate = space.candidate(space.main(builder.course(tree)), NOT_DEAR, alone=True)
        if tree.intent.aggregate is not None:
            kept.append(FixedCandidate(tree.intent.pays_as, space, candidate))
        else:
            spaces.append(space)
            alone.append(candidate)
    return SelectionProblem(spaces, alone, FixedLoad(kept), cases)


def too_large(
    served: Sequence[ForwardingGraph],
    builder: GraphBuilder,
    links: Links,
    sets: Iterable[Collection[str]] = (),
) -> dict[str, Failed]:
    """By name, demands whose rate no lawful path has room for, even alone: each with what then has
    failed, the first that is found."""
    narrowest = min(links.capacity_bps, default=0)
    if max(map(_rate_bps, served), default=0) <= narrowest:
        return {}
    setting, found = selection_problem_of(served, builder, links, sets), dict[str, Failed]()
    for space, alone in zip(setting.spaces, setting.alone, strict=True):
        if space.rate_bps > narrowest and not space.stays:
            for case in oversized_in(space, alone):
                found[space.name] = frozenset() if case is None else setting.cases.named(case)
                break
    return found


def pairs_of(
    served: Iterable[ForwardingGraph], builder: GraphBuilder
) -> frozenset[frozenset[str]] | None:
    """All two failures that someone with rates is protected against at once; None where they are
    too many to be reckoned with."""
    found = set[frozenset[str]]()
    protected = {
        graph.protection for graph in served if graph.protection.k > 1 and _rate_bps(graph)
    }
    for kinds in {frozenset(one.over) for one in protected}:
        some = [name for name in builder.risks.names if name.partition(":")[0] in kinds]
        found.update(map(frozenset, combinations(some, 2)))
    return frozenset(found) if len(found) <= MOST_PAIRS else None


def _space(
    tree: ForwardingGraph, builder: GraphBuilder, cases: FailureSets, links: Links
) -> PathSpace:
    assert tree.automaton is not None
    intent, automata = tree.intent, tree.intent.applicable_policies.automata
    return PathSpace(
        intent.id,
        _rate_bps(tree),
        tree.automaton,
        next(at for at, one in enumerate(automata) if one is tree.automaton),
        builder.courses(tree.automaton),
        builder.decisions(tree),
        FailureHypotheses(builder.risks, tree.protection, intent.demand.dst),
        cases,
        links,
        tree.within_ns,
        stays=bool(intent.disjoint),
        keeps=any(not pick.dead for pick in intent.picks),
    )


def _rate_bps(graph: ForwardingGraph) -> int:
    rates = rates_of(graph)
    return 0 if rates is None else rates.cir


def _rank(graph: ForwardingGraph) -> tuple[object, ...]:
    """An order that hangs on what is asked for, and on names only between equals."""
    intent = graph.intent
    demand = intent.demand
    back = intent.id != intent.asked_as
    permit = graph.permit.id if graph.permit else ""
    return (-_rate_bps(graph), demand.src, demand.dst, back, demand.data_class, permit, intent.id)


# Where a rate is more than any lawful path has room for, even if no one else had rates.


def oversized_in(space: PathSpace, alone: CandidatePath) -> Iterator[int | None]:
    """The cases protected against in which there is a path, and none that is wide enough: of those
    in which packets arrive by the path that the demand has alone. Else they may be lost where any
    other begins, or come too late by it, and load nothing."""
    if not space.narrow_links:
        return
    wide = space.anyhow(None, _delay)
    if wide is None:
        yield None
        return
    cases = space.cases
    left = cases.every & _met(space, wide)
    while left:
        case = (left & -left).bit_length() - 1
        left &= left - 1
        if not space.failure_hypotheses.protects(cases.named(case)):
            continue
        wide = space.anyhow(case, _delay)
        if wide is not None:
            left &= ALL if cases.closed(case) else _met(space, wide)
        elif _is_narrow(space, alone, case) and space.anyhow(case, _delay, divided=True):
            yield case


def _is_narrow(space: PathSpace, candidate: CandidatePath, case: int) -> bool:
    return not space.narrow_links.isdisjoint(candidate.under(case))


def _delay(edge: Edge) -> int:
    return 1 + edge.delay_ns


def _met(space: PathSpace, path: ProductPath) -> int:
    """The cases in which something of a path has failed."""
    cases, source = space.cases, space.automaton.trip.src
    met = cases.of(cases.risks.bit("hub", source.id))
    for _, edge in path.steps:
        met |= cases.of(cases.risks.kills(edge.sight))
    for hub in cases.risks.hubs:
        met |= cases.of(cases.risks.bit("gateway", hub))
    return met
