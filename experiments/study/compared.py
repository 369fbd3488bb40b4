"""Two studies of the same conditions side by side, seed by seed where seeds agree. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from corridor.experiments.study.answers import RunValues, Told
from corridor.experiments.study.intervals import Difference, difference, unpaired
from corridor.experiments.study.study_file import Levels, MeasureEntry, StudyFile, described
from corridor.experiments.study.words import ALIKE, DIFFERENCE, bounds, figure
from corridor.topologies.base.errors import InputError

HEADINGS = ("condition", "measure", "one", "other", DIFFERENCE, "95 % interval", "%", "seeds")
WORDS = 2
OWN_SEEDS = "own"
"""Where no seed ran in both: each condition is resampled independently."""


class Compared(NamedTuple):
    levels: Levels
    measure: MeasureEntry
    one: float
    other: float
    """Means over the runs that are compared."""
    difference: Difference
    """Its ``blocks`` are 0 where seeds do not agree."""


class ReadStudy(NamedTuple):
    of: StudyFile
    runs: Sequence[RunValues]

    def by_seed(self, levels: Levels, measure: str) -> Mapping[int, float]:
        found = Told(self.runs).by_seed(levels, measure)
        return {self.of.seed_of(repetition): value for repetition, value in found.items()}


def studies_compared(one: ReadStudy, other: ReadStudy) -> list[Compared]:
    """Raises InputError where they have nothing in common."""
    found = list(_compared(one, other))
    if not found:
        said = f"{one.of.name} and {other.of.name} have no measure of a condition in common"
        raise InputError(said, "compare studies with the same axes, levels and measures")
    return found


def left_out(one: ReadStudy, other: ReadStudy) -> list[str]:
    """Conditions and measures that only one of them has, or that mean something else there."""
    first, second = (
        {described(levels) for levels in Told(of.runs).conditions()} for of in (one, other)
    )
    said = [f"only {one.of.name} has {name}" for name in sorted(first - second)]
    said += [f"only {other.of.name} has {name}" for name in sorted(second - first)]
    paths = [{each.id: each.of for each in of.of.measures} for of in (one, other)]
    for name in paths[0] | paths[1]:
        if paths[0].get(name) != paths[1].get(name):
            both = all(name in path for path in paths)
            how = "is defined differently in the two" if both else "is in one of the two only"
            said.append(f"measure {name} {how}")
    return said


def _compared(one: ReadStudy, other: ReadStudy) -> Iterator[Compared]:
    theirs = {each.id: each for each in other.of.measures}
    conditions = Told(other.runs).conditions()
    for levels in Told(one.runs).conditions():
        if levels not in conditions:
            continue
        for measure in one.of.measures:
            if measure.id in theirs and theirs[measure.id].of == measure.of:
                first, second = (of.by_seed(levels, measure.id) for of in (one, other))
                if first and second:
                    yield _of_seeds(levels, measure, first, second)


def _of_seeds(
    levels: Levels, measure: MeasureEntry, first: Mapping[int, float], second: Mapping[int, float]
) -> Compared:
    both = sorted(first.keys() & second.keys())
    seeds = (both, both) if both else (sorted(first), sorted(second))
    mine, theirs = [first[seed] for seed in seeds[0]], [second[seed] for seed in seeds[1]]
    found = difference(mine, theirs) if both else unpaired(mine, theirs)
    return Compared(levels, measure, fmean(mine), fmean(theirs), found)


def rows(found: Sequence[Compared]) -> list[tuple[str, ...]]:
    """As ``HEADINGS`` have them."""
    return [_row(one) for one in found]


def _row(one: Compared) -> tuple[str, ...]:
    told = one.difference
    unit = f" ({one.measure.shown_unit})" if one.measure.shown_unit else ""
    return (
        described(one.levels),
        f"{one.measure.name}{unit}",
        figure(one.one),
        figure(one.other),
        figure(told.mean),
        ALIKE if told.is_same else bounds(told.within),
        figure(None if told.share is None else 100 * told.share, 3),
        str(told.blocks) if told.blocks else OWN_SEEDS,
    )


def as_json(found: Sequence[Compared]) -> list[dict[str, Any]]:
    return [
        {
            "levels": dict(one.levels),
            "measure": one.measure.id,
            "of": one.measure.of,
            "unit": one.measure.shown_unit,
            "one": one.one,
            "other": one.other,
            "difference": one.difference._asdict(),
        }
        for one in found
    ]
