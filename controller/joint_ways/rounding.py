"""From shares of ways to whole ones.

What the program does not divide stays (relax and fix): ways in use that a demand has all of, and
detours that all of it takes. Of the rest branch and bound chooses, within a number of nodes. What
is left too full at last is mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from corridor.controller.joint_ways.mending import Rank, State, cheaper, mended, roomier
from corridor.controller.joint_ways.pricing import improved
from corridor.controller.joint_ways.program import Program, Shares, Solution
from corridor.controller.joint_ways.spaces.space import Group, Way

SURE = 1 - 1e-6
ROUNDS = 60
"""How often new ways are asked for."""
FITS = 1e-6
ROOMS = (1.0, 0.9, 0.8)
"""The parts of capacities that shares may take, one after another until whole ways fit, or not even
shares do."""

type Unit = tuple[int, Group | None]
"""What has one column in the end: a demand's way in use, or its detours from one place."""


def priced_out(program: Program) -> Solution:
    """Solved with new ways until none helps, or so often."""
    found = program.solved()
    for _ in range(ROUNDS):
        if not improved(program, found):
            break
        found = program.solved()
    return found


def whole(program: Program) -> list[Way]:
    """One way for each demand: fitting, if such ways are found, and then cheap."""
    tried: list[State] = []
    for room in ROOMS:
        program.room = room
        program.allowed[:] = [True] * len(program.columns)
        found = priced_out(program)
        tried += _made_whole(program, found)
        if tried[-1].fits or found.over > FITS:
            break
    best = min(tried, key=_rank)
    return (cheaper(best) if best.fits else best).ways


def _made_whole(program: Program, found: Solution) -> Iterator[State]:
    """The best of what branch and bound chooses, mended; of none that fits, each with others making
    room, the best first, until one does."""
    by_key = {tuple(way.key for way in ways): ways for ways in _rounded(program, found)}
    tried = sorted((mended(program, ways) for ways in by_key.values()), key=_rank)
    for state in tried[:1] if tried[0].fits else map(roomier, tried):
        yield state
        if state.fits:
            break


def _rounded(program: Program, found: Solution) -> Iterator[list[Way]]:
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


def _composed_all(program: Program, shares: Shares) -> list[Way]:
    return [_composed(program, shares, demand) for demand in range(len(program.spaces))]


def _fix(program: Program, unit: Unit, shares: Shares) -> None:
    """The column that has all, if one has."""
    numbers = program.of(*unit)
    sure = next((number for number in numbers if shares[number] >= SURE), None)
    for number in numbers if sure is not None else ():
        program.allowed[number] = number == sure


def _composed(program: Program, shares: Shares, demand: int) -> Way:
    """The way in use with the largest share, from each place with the detour that has it."""
    order = program.columns[_largest(program.of(demand), shares)].order
    main = program.mains[demand][order]
    detours = {}
    for spot in main.spots:
        numbers = program.of(demand, spot.group)
        if numbers:
            known = program.detours[demand, spot.group]
            detours[spot.thing] = known[program.columns[_largest(numbers, shares)].order]
    return program.spaces[demand].composed(main, detours)


def _largest(numbers: Iterable[int], shares: Shares) -> int:
    return max(numbers, key=lambda number: (round(float(shares[number]), 6), -number))
