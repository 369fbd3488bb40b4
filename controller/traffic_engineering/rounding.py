"""From shares of paths to whole ones.

What the program does not divide stays (relax and fix): ways in use that a demand has all of, and
detours that all of it takes. Of the rest branch and bound chooses, within a number of nodes. What
is left overloaded at last is repaired.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from corridor.controller.traffic_engineering.candidate_values import (
    CandidatePath,
    Detour,
    Group,
    Key,
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
from corridor.controller.traffic_engineering.path_program import (
    NO_SHARE,
    LinearProgram,
    Shares,
    Solution,
)

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
