"""The choice: which paths demands take so that rates fit, as picks that a specification carries.

From shares of paths to whole ones: what the program does not divide stays (relax and fix): paths
in use that a demand has all of, and detours that all of it takes. Of the rest branch and bound
chooses, within a number of nodes. What is left overloaded at last is repaired.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.intent.intent import Found, PreferredPath
from corridor.controller.traffic_engineering import least_added_delay
from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import (
    NOT_DEAR,
    CandidatePath,
    Detour,
    Failed,
    Group,
    Key,
    Links,
)
from corridor.controller.traffic_engineering.column_generation import avoiding_failures, improved
from corridor.controller.traffic_engineering.local_search import (
    Rank,
    State,
    at_lower_cost,
    watch_all,
    watched,
    with_ejection_chains,
    with_less_overload,
)
from corridor.controller.traffic_engineering.objective import Objective, seeing
from corridor.controller.traffic_engineering.path_program import (
    NO_SHARE,
    LinearProgram,
    Shares,
    Solution,
)
from corridor.controller.traffic_engineering.selection_setting import selection_problem_of
from corridor.topologies.model.topology import Topology

SURE = 1 - 1e-6
ROUNDS = 60
"""How often new paths are asked for."""
IDLE, SLIGHT = 3, 1e-4
"""After this many rounds that change costs by no larger part, paths are tried that keep clear."""
FITS = 1e-6
ROOMS = (1.0, 0.9, 0.8)
"""The parts of capacities that shares may take, one after another until whole paths fit, or not
even shares do."""

type Unit = tuple[int, Group | None]
"""What has one column in the end: a demand's primary path, or its detours from one place."""


def priced_out(program: LinearProgram) -> Solution:
    """Solved with new paths until none helps, or so often. Where the cheapest ones hardly help any
    more, those are tried that keep clear of failures."""
    found, idle = program.solved(), 0
    for _ in range(ROUNDS):
        added = improved(program, found) if idle < IDLE else 0
        keeps_clear = not added
        if keeps_clear:
            added = avoiding_failures(program, found)
        if not added:
            break
        before, found = found.cost_ms, program.solved()
        changed = abs(found.cost_ms - before) > SLIGHT * before
        if keeps_clear and not changed:
            break
        idle = 0 if changed else idle + 1
    return found


def whole(program: LinearProgram) -> list[CandidatePath]:
    """One path for each demand: fitting, if such paths are found, and then cheap. Cases that
    nothing fits are let pass, as little of each as can be, so that the others fit."""
    tried: list[State] = []
    for room in ROOMS:
        program.room = room
        watch_all(program)
        program.allowed[:] = [True] * len(program.columns)
        found = _feasible(program)
        tried += _made_whole(program, found)
        infeasible = room < 1 and found.over > FITS
        if tried[-1].fits or infeasible or program.has_many_cases:
            break
    return _cheaper(program, min(tried, key=_rank)).candidates


def _cheaper(program: LinearProgram, state: State) -> State:
    """Where there are many cases, of what fits only, and with those that then are overloaded; as it
    is if these cannot be repaired."""
    if not program.has_many_cases:
        return at_lower_cost(state)
    state = watched(program, state.candidates)
    if not state.fits:
        return state
    found = with_less_overload(program, at_lower_cost(state).candidates)
    return found if found.fits else state


def _feasible(program: LinearProgram) -> Solution:
    """Shares that fit in every case that some shares fit."""
    found = priced_out(program)
    if found.over <= FITS or program.room < 1:
        return found
    if program.has_many_cases:  # else most of what is found first serves no end
        program.apart = found.prices.by_failure.keys()
        priced_out(program)
    program.apart = program.grid.all
    found = priced_out(program)
    beyond = found.beyond.items()
    program.apart = ()
    program.tolerated.update((case, over + FITS) for case, over in beyond if over > FITS)
    return priced_out(program)


def _made_whole(program: LinearProgram, found: Solution) -> Iterator[State]:
    """Level by level; if that does not fit, the best of what branch and bound chooses of all at
    once, repaired; of none that fits, each with others making room, the best first, until one does.
    """
    if program.failures:
        state = with_less_overload(program, _by_level(program))
        yield state
        if state.fits or program.has_many_cases:
            return
        program.allowed[:] = [True] * len(program.columns)
        found = priced_out(program)
    by_key = {
        tuple(candidate.key for candidate in candidates): candidates
        for candidates in _rounded(program, found)
    }
    tried = sorted(
        (with_less_overload(program, candidates) for candidates in by_key.values()), key=_rank
    )
    fits = tried[0].fits
    for state in tried[:1] if fits else map(with_ejection_chains, tried[:2]):
        yield state
        if state.fits:
            break


def _by_level(program: LinearProgram) -> list[CandidatePath]:
    """Primary paths become whole while detours may be divided, then detours, then further ones; new
    ones are looked for in between, that suit what is chosen."""
    program.allowed[:] = [True] * len(program.columns)
    program.apart = program.grid.all
    shares = priced_out(program).shares
    for level in range(1 + max(column.level for column in program.columns)):
        of_level = (column for column in program.columns if column.level == level)
        units = dict.fromkeys((column.demand, column.group) for column in of_level)
        for unit in units:
            _fix(program, unit, shares)
        for best in program.whole(level):
            shares = best.shares
        for unit in units:
            _fix(program, unit, shares, NO_SHARE)
        program.settled = level + 1
        shares = priced_out(program).shares
    program.settled, program.apart = 0, ()
    return _composed_all(program, shares)


def _rounded(program: LinearProgram, found: Solution) -> Iterator[list[CandidatePath]]:
    """What is divided is chosen by branch and bound; detours of all, then all, if need be; at last
    by the largest share."""
    of_mains = [(demand, None) for demand in range(len(program.spaces))]
    for units in ([*of_mains, *program.detours], of_mains, []):
        program.allowed[:] = [True] * len(program.columns)
        for unit in units:
            _fix(program, unit, found.shares)
        over = 1.0
        for best in program.whole():
            yield _composed_all(program, best.shares)
            over = best.over
        if program.room * (1 + over) <= 1:
            return
    yield _composed_all(program, found.shares)


def _rank(state: State) -> Rank:
    return state.rank


def _composed_all(program: LinearProgram, shares: Shares) -> list[CandidatePath]:
    return [_composed(program, shares, demand) for demand in range(len(program.spaces))]


def _fix(program: LinearProgram, unit: Unit, shares: Shares, least: float = SURE) -> None:
    """The column that has the largest share, if that is so large."""
    numbers = program.of(*unit)
    largest = _largest(numbers, shares)
    for number in numbers if shares[largest] >= least else ():
        program.allowed[number] = number == largest


def _composed(program: LinearProgram, shares: Shares, demand: int) -> CandidatePath:
    """The primary path with the largest share, with the largest detour from each place."""
    order = program.columns[_largest(program.of(demand), shares)].order
    main = program.mains[demand][order]
    detours, repair_points = dict[Key, Detour](), [*main.repair_points]
    while repair_points:
        repair_point = repair_points.pop()
        numbers = program.of(demand, repair_point.group)
        if numbers:
            known = program.detours[demand, repair_point.group]
            detour = known[program.columns[_largest(numbers, shares)].order]
            detours[repair_point.key] = detour
            repair_points += detour.repair_points
    return program.spaces[demand].composed(main, detours)


def _largest(numbers: Iterable[int], shares: Shares) -> int:
    return max(numbers, key=lambda number: (round(float(shares[number]), 6), -number))


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
