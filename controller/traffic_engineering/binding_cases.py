"""Which cases are looked at during repair of whole paths: the binding ones, if there are many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from corridor.controller.traffic_engineering.candidate_paths import ALL
from corridor.controller.traffic_engineering.candidate_values import Way
from corridor.controller.traffic_engineering.path_program import Program


def binding(program: Program, ways: Sequence[Way]) -> frozenset[int]:
    """The cases of the rows, and those in which these paths overload links; all, where
    there are few."""
    if not program.has_many_cases:
        return frozenset(program.failures)
    grid, reckoning = program.grid, program.reckoning
    limits = np.maximum(np.array(program.capacity_bps), reckoning.fixed_bps)
    rows = np.nonzero((reckoning.carried_bps(ways) > limits).any(axis=1))[0]
    found = {grid.at(cell)[0] for cell in program.rows.cells} | {grid.cases[row] for row in rows}
    return frozenset(case for case in found if case is not None)


def watch(program: Program, ways: Sequence[Way]) -> list[Way]:
    """The same paths, that say what they load in these cases, and in those watched before, as all
    do from now on."""
    program.watched = binding(program, ways) | program.watched
    is_all = len(program.watched) == len(program.failures)
    mask = ALL if is_all else sum(1 << case for case in program.watched)
    found = []
    for space, way in zip(program.spaces, ways, strict=True):
        space.watch(mask)
        found.append(space.composed(way.main, way.onward))
    return found


def watch_all(program: Program) -> None:
    """Paths say what they load in every case."""
    for space in program.spaces:
        space.watch(ALL)
