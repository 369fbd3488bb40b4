"""The choice: which paths demands take so that rates fit, as picks that a specification carries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.intent.intent import Found, PreferredPath
from corridor.controller.traffic_engineering import least_added_delay
from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import CandidatePath
from corridor.controller.traffic_engineering.failure_cases import NOT_DEAR, Failed, Links
from corridor.controller.traffic_engineering.objective import Objective, seeing
from corridor.controller.traffic_engineering.path_program import LinearProgram
from corridor.controller.traffic_engineering.rounding import whole
from corridor.controller.traffic_engineering.selection_setting import selection_problem_of
from corridor.topologies.model.topology import Topology


@dataclass(frozen=True)
class PathSelection:
    """Paths that were chosen together, and how they compare with the shortest ones."""

    picks: dict[str, tuple[PreferredPath, ...]]
    """By id of an intent; none for one that keeps its shortest paths."""
    fullest_before: float
    fullest: float
    """The largest part of a capacity that is asked for, whatever one thing fails: of the shortest
    paths, and of these."""
    impossible: frozenset[Failed]
    """Failures for which no shares of the paths that were found fit; empty if all fit."""


def select_paths(
    topology: Topology,
    served: Iterable[ForwardingGraph],
    builder: GraphBuilder,
    objective: Objective = least_added_delay.KIND,
    links: Links | None = None,
    *,
    sets: Iterable[Collection[str]] = (),
    current_failures_only: bool = False,
) -> PathSelection:
    """For demands as they are served, of which those with rates count.

    Args:
        links: what may be promised, if not all of the topology's.
        sets: what may fail together, in addition to each thing alone.
        current_failures_only: nothing fails in addition to what has failed, so that rates need fit
            the paths in use only.
    """
    links = links or Links(topology)
    room_bps = links.capacity_bps
    spaces, defaults, fixed, cases = selection_problem_of(
        served, builder, links, sets, current_failures_only=current_failures_only
    )
    objective = seeing(objective, spaces, defaults)
    program = LinearProgram(spaces, room_bps, cases.numbers, objective, defaults, fixed)
    for demand, (space, candidate) in enumerate(zip(spaces, defaults, strict=True)):
        program.add(demand, candidate, space.detours(candidate.main, NOT_DEAR))
    candidates = whole(program) if spaces else []
    before, after = (
        float((program.reckoning.carried_bps(some) / room_bps).max(initial=0.0))
        for some in (defaults, candidates)
    )
    picks = {}
    for space, candidate, default in zip(spaces, candidates, defaults, strict=True):
        some = tuple(preferred_paths_of(topology, space, candidate, default))
        if some:
            picks[space.name] = some
    tolerated = program.tolerated.keys()
    impossible = frozenset(
        frozenset[str]() if case is None else cases.named(case) for case in tolerated
    )
    return PathSelection(picks, before, after, impossible)


def preferred_paths_of(
    topology: Topology, space: PathSpace, candidate: CandidatePath, default: CandidatePath
) -> Iterator[PreferredPath]:
    names = [fibre.id for fibre in topology.fibres]
    if candidate.order != default.order or space.keeps:
        yield PreferredPath(at=space.automaton.trip.src.id, fibres=_named(names, candidate.order))
    hubs = dict[int, str]()
    for repair_point, order, shortest in space.taken(candidate):
        hubs[repair_point.thing] = space.decisions.hub(repair_point.permit_state)
        if order != shortest:
            found = [
                Found(at=hubs[one], dead=space.cases.risks.named(one)) for one in repair_point.key
            ]
            yield PreferredPath(
                at=found[-1].at,
                fibres=_named(names, order),
                dead=found[-1].dead,
                after=tuple(found[:-1]),
            )


def _named(names: Sequence[str], order: Iterable[int]) -> tuple[str, ...]:
    return tuple(names[number] for number in order)
