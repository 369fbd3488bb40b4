"""The choice: which paths demands take so that rates fit, as picks that a specification carries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.intent.picks import Found, Pick
from corridor.controller.traffic_engineering import least_added_delay
from corridor.controller.traffic_engineering.candidate_paths import Space
from corridor.controller.traffic_engineering.candidate_values import CandidatePath
from corridor.controller.traffic_engineering.failure_cases import NOT_DEAR, Failed, Links
from corridor.controller.traffic_engineering.objective import Objective, seeing
from corridor.controller.traffic_engineering.path_program import Program
from corridor.controller.traffic_engineering.rounding import whole
from corridor.controller.traffic_engineering.selection_setting import setting_of
from corridor.topologies.model.topology import Topology


@dataclass(frozen=True)
class Choice:
    """Paths that were chosen together, and how they compare with the shortest ones."""

    picks: dict[str, tuple[Pick, ...]]
    """By id of an intent; none for one that keeps its shortest paths."""
    fullest_before: float
    fullest: float
    """The largest part of a capacity that is asked for, whatever one thing fails: of the shortest
    paths, and of these."""
    impossible: frozenset[Failed]
    """Failures for which no shares of the paths that were found fit; empty if all fit."""
    added_ns: dict[str, int]
    """The added delay of primary paths over the shortest, for the demands that moved."""


def choose(
    topology: Topology,
    served: Iterable[ForwardingGraph],
    builder: GraphBuilder,
    objective: Objective = least_added_delay.KIND,
    links: Links | None = None,
    *,
    sets: Iterable[Collection[str]] = (),
    as_is: bool = False,
) -> Choice:
    """For demands as they are served, of which those with rates count; ``links`` says what may be
    promised, if not all of the topology's, and ``sets`` what may fail together, next to each thing
    alone. Taken ``as_is``, nothing fails in addition to what has: rates need fit ways in use
    only."""
    links = links or Links(topology)
    room_bps = links.capacity_bps
    spaces, defaults, fixed, cases = setting_of(served, builder, links, sets, as_is=as_is)
    objective = seeing(objective, spaces, defaults)
    program = Program(spaces, room_bps, cases.numbers, objective, defaults, fixed)
    for demand, (space, candidate) in enumerate(zip(spaces, defaults, strict=True)):
        program.add(demand, candidate, space.detours(candidate.main, NOT_DEAR))
    candidates = whole(program) if spaces else []
    before, after = (
        float((program.reckoning.carried_bps(some) / room_bps).max(initial=0.0))
        for some in (defaults, candidates)
    )
    picks, added = {}, {}
    for space, candidate, default in zip(spaces, candidates, defaults, strict=True):
        some = tuple(preferred_paths_of(topology, space, candidate, default))
        if some:
            picks[space.name] = some
        if candidate.order != default.order:
            added[space.name] = candidate.one_way_ns - default.one_way_ns
    forgiven = program.forgiven.keys()
    impossible = frozenset(
        frozenset[str]() if case is None else cases.named(case) for case in forgiven
    )
    return Choice(picks, before, after, impossible, added)


def preferred_paths_of(
    topology: Topology, space: Space, candidate: CandidatePath, default: CandidatePath
) -> Iterator[Pick]:
    names = [fibre.id for fibre in topology.fibres]
    if candidate.order != default.order or space.keeps:
        yield Pick(at=space.automaton.trip.src.id, fibres=_named(names, candidate.order))
    hubs = dict[int, str]()
    for spot, order, shortest in space.taken(candidate):
        hubs[spot.thing] = space.decisions.hub(spot.standing)
        if order != shortest:
            found = [Found(at=hubs[one], dead=space.cases.risks.named(one)) for one in spot.key]
            yield Pick(
                at=found[-1].at,
                fibres=_named(names, order),
                dead=found[-1].dead,
                after=tuple(found[:-1]),
            )


def _named(names: Sequence[str], order: Iterable[int]) -> tuple[str, ...]:
    return tuple(names[number] for number in order)
