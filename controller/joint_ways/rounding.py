"""From shares of ways to whole ones.

What the program does not divide stays (relax and fix): ways in use that a demand has all of, and
detours that all of it takes. Of the rest branch and bound chooses, within a number of nodes. What
is left too full at last is mended.
"""

from __future__ import annotations

from collections.abc import Iterable

from corridor.controller.joint_ways.mending import State, cheaper, mended
from corridor.controller.joint_ways.pricing import improved
from corridor.controller.joint_ways.program import Program, Shares, Solution
from corridor.controller.joint_ways.spaces.space import Detour, Group, Key, Way

SURE, HALF = 1 - 1e-6, 0.5
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
    """One way for each demand: fitting, if such ways are found, and then cheap. Cases that nothing
    fits are let pass, as little of each as can be, so that the others fit."""
    tried: list[State] = []
    for room in ROOMS:
        program.room = room
        program.allowed[:] = [True] * len(program.columns)
        found = _feasible(program)
        tried += [mended(program, ways) for ways in (_rounded(program, found), _by_level(program))]
        if tried[-1].full_cases <= program.forgiven.keys() or (room < 1 and found.over > FITS):
            break
    best = min(tried, key=lambda state: state.rank)
    return cheaper(best).ways


def _feasible(program: Program) -> Solution:
    """Shares that fit in every case that some shares fit."""
    found = priced_out(program)
    if found.over <= FITS or program.room < 1:
        return found
    program.apart = True
    beyond = priced_out(program).beyond.items()
    program.apart = False
    program.forgiven.update((case, over + FITS) for case, over in beyond if over > FITS)
    return priced_out(program)


def _rounded(program: Program, found: Solution) -> list[Way]:
    """What is divided is chosen by branch and bound; then detours of all, if need be."""
    shares = found.shares
    of_mains = [(demand, None) for demand in range(len(program.spaces))]
    for units in ([*of_mains, *program.detours], of_mains):
        program.allowed[:] = [True] * len(program.columns)
        for unit in units:
            _fix(program, unit, found.shares)
        best = program.whole()
        if best is not None:
            shares = best.shares
            if program.room * (1 + best.over) <= 1:
                break
    return _composed_all(program, shares)


def _by_level(program: Program) -> list[Way]:
    """Ways in use are made whole while detours may be divided, then these, then further ones; new
    ones are looked for in between, that suit what is chosen."""
    program.allowed[:] = [True] * len(program.columns)
    program.apart = True
    shares = priced_out(program).shares
    for level in range(1 + max(column.level for column in program.columns)):
        for number, column in enumerate(program.columns):
            if column.level == level:
                unit = (column.demand, column.group)
                if program.of(*unit)[0] == number:
                    _fix(program, unit, shares)
        best = program.whole(level)
        if best is None:
            break
        shares = best.shares
        for number, column in enumerate(program.columns):
            if column.level == level:
                program.allowed[number] = bool(shares[number] > HALF)
        program.settled = level + 1
        shares = priced_out(program).shares
    program.settled, program.apart = 0, False
    return _composed_all(program, shares)


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
    detours, spots = dict[Key, Detour](), [*main.spots]
    while spots:
        spot = spots.pop()
        numbers = program.of(demand, spot.group)
        if numbers:
            known = program.detours[demand, spot.group]
            detour = known[program.columns[_largest(numbers, shares)].order]
            detours[spot.key] = detour
            spots += detour.spots
    return program.spaces[demand].composed(main, detours)


def _largest(numbers: Iterable[int], shares: Shares) -> int:
    return max(numbers, key=lambda number: (round(float(shares[number]), 6), -number))
