"""What a study comes to: each measure by condition, differences, expectations, in words. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from corridor.experiments.study.intervals import Difference, Estimate, difference, estimate
from corridor.experiments.study.load import Study
from corridor.experiments.study.measures import parse_bound
from corridor.experiments.study.study_file import (
    CompareEntry,
    ExpectEntry,
    Levels,
    MeasureEntry,
    StudyFile,
    UntilEntry,
    described,
    matches,
    named,
)
from corridor.traffic.measures.quantiles import Interval

MOST_STEP = 2
"""The maximum factor by which seeds grow at once: few seeds give a vague estimate of the spread."""


class RunValues(NamedTuple):
    """One cell: a run, or why there is none."""

    cell: str
    levels: Levels
    repetition: int
    state: str
    """``valid``, ``invalid``, ``failed``, or ``missing``: not run yet."""
    message: str
    values: Mapping[str, float | None]
    """By measure; none of a cell that is not valid."""
    unresolved: Mapping[str, str] = {}
    """By measure that the run has no such number for, what is wrong with its path."""
    unexpected: Sequence[str] = ()
    """What the run measured outside its own expectation."""


class ConditionAnswer(NamedTuple):
    levels: Levels
    measure: str
    estimate: Estimate | None
    """None where no run has a value."""
    without: int
    """Runs that are valid and have no such value."""
    left_out: int
    """Runs that are missing, failed or not valid."""


class ComparisonAnswer(NamedTuple):
    id: str
    measure: str
    levels: Levels
    """Those of all other axes."""
    one: str
    other: str
    difference: Difference | None
    """None where no seed ran with both."""


class ExpectationAnswer(NamedTuple):
    measure: str
    of: str
    wanted: str
    where: Levels
    holds: bool | None
    """None where the runs do not tell."""
    found: str


class UnresolvedMeasure(NamedTuple):
    """A measure whose path leads to nothing in some valid runs."""

    measure: str
    runs: int
    why: str
    """Of the first of them."""


class Told:
    """The runs of a study, asked by condition."""

    def __init__(self, runs: Sequence[RunValues]) -> None:
        self.runs = runs

    def conditions(self) -> list[Levels]:
        return list({described(one.levels): one.levels for one in self.runs}.values())

    def of(self, levels: Levels) -> list[RunValues]:
        return [one for one in self.runs if one.levels == levels]

    def by_seed(self, levels: Levels, measure: str) -> dict[int, float]:
        """Of valid runs that have a value."""
        found = {one.repetition: one.values.get(measure) for one in self.of(levels)}
        return {seed: value for seed, value in found.items() if value is not None}


class Answers(NamedTuple):
    conditions: list[ConditionAnswer]
    comparisons: list[ComparisonAnswer]
    expectations: list[ExpectationAnswer]
    left_out: list[RunValues]
    """Cells that are in no figure, and why."""
    unresolved: list[UnresolvedMeasure]
    unexpected: Sequence[RunValues] = ()
    """Cells that are in figures, and measured something outside their own expectation."""


def answers(study: StudyFile, runs: Sequence[RunValues]) -> Answers:
    told = Told(runs)
    return Answers(
        [_condition(told, levels, one) for levels in told.conditions() for one in study.measures],
        [found for one in study.compare for found in _compared(study, told, one)],
        [found for one in study.expect for found in _all_expected(study, told, one)],
        [one for one in runs if one.state != "valid"],
        list(_unresolved(runs)),
        [one for one in runs if one.state == "valid" and one.unexpected],
    )


def _unresolved(runs: Sequence[RunValues]) -> Iterator[UnresolvedMeasure]:
    every = [(measure, why) for one in runs for measure, why in one.unresolved.items()]
    counts = Counter(measure for measure, _ in every)
    reasons = dict(reversed(every))
    for measure, count in counts.items():
        yield UnresolvedMeasure(measure, count, reasons[measure])


def _condition(told: Told, levels: Levels, measure: MeasureEntry) -> ConditionAnswer:
    values = list(told.by_seed(levels, measure.id).values())
    runs = told.of(levels)
    valid = sum(one.state == "valid" for one in runs)
    return ConditionAnswer(
        levels,
        measure.id,
        estimate(values) if values else None,
        valid - len(values),
        len(runs) - valid,
    )


def _compared(study: StudyFile, told: Told, wanted: CompareEntry) -> Iterator[ComparisonAnswer]:
    where = named(wanted.where)
    for levels in told.conditions():
        other = {**levels, wanted.axis: wanted.other}
        if levels.get(wanted.axis) != wanted.one or not matches(levels, where):
            continue
        rest = {axis: level for axis, level in levels.items() if axis != wanted.axis}
        for measure in wanted.measures or [one.id for one in study.measures]:
            found = _difference(told, levels, other, measure)
            yield ComparisonAnswer(wanted.id, measure, rest, wanted.one, wanted.other, found)


def _difference(told: Told, one: Levels, other: Levels, measure: str) -> Difference | None:
    first, second = told.by_seed(one, measure), told.by_seed(other, measure)
    both = sorted(first.keys() & second.keys())
    if not both:
        return None
    return difference([first[seed] for seed in both], [second[seed] for seed in both])


def _all_expected(study: StudyFile, told: Told, wanted: ExpectEntry) -> Iterator[ExpectationAnswer]:
    """Never empty: an expectation without data counts as unknown."""
    found = list(_expected(study, told, wanted))
    nothing = ExpectationAnswer(wanted.measure, wanted.of, wanted.holds, {}, None, "no condition")
    yield from found or [nothing]


def _expected(study: StudyFile, told: Told, wanted: ExpectEntry) -> Iterator[ExpectationAnswer]:
    where = named(wanted.where)
    if wanted.compare:
        entry = next(one for one in study.compare if one.id == wanted.compare)
        for one in _compared(study, told, entry):
            if one.measure == wanted.measure and matches(one.levels, where):
                found = one.difference
                within = None if found is None else found.within
                mean = None if found is None else found.mean
                what = f"{wanted.compare}: mean difference"
                same = found is not None and found.is_same
                yield _judged(wanted, what, one.levels, mean, within, is_same=same)
        return
    for levels in told.conditions():
        if not matches(levels, where):
            continue
        values = list(told.by_seed(levels, wanted.measure).values())
        if not values:
            yield ExpectationAnswer(wanted.measure, wanted.of, wanted.holds, levels, None, "no run")
        elif wanted.of == "each":
            yield _each(wanted, levels, values)
        else:
            found_here = estimate(values)
            median = wanted.of == "median"
            middle = found_here.median if median else found_here.mean
            within = found_here.median_within if median else found_here.mean_within
            same = found_here.is_same
            yield _judged(wanted, wanted.of, levels, middle, within, is_same=same)


def _each(wanted: ExpectEntry, levels: Levels, values: Sequence[float]) -> ExpectationAnswer:
    bound = parse_bound(wanted.holds)
    held = sum(bound.holds(value) for value in values)
    said = f"{held} of {len(values)} runs"
    return ExpectationAnswer(
        wanted.measure, "each", wanted.holds, levels, held == len(values), said
    )


def _judged(
    wanted: ExpectEntry,
    of: str,
    levels: Levels,
    middle: float | None,
    within: Interval | None,
    *,
    is_same: bool,
) -> ExpectationAnswer:
    """It holds if it does over the whole interval, and does not if it does nowhere in it."""
    bound = parse_bound(wanted.holds)
    if middle is not None and is_same:
        said = f"{middle:.6g} in each run"
        return ExpectationAnswer(
            wanted.measure, of, wanted.holds, levels, bound.holds(middle), said
        )
    if middle is None or within is None:
        said = "no run" if middle is None else f"{middle:.6g}, with too few runs for an interval"
        return ExpectationAnswer(wanted.measure, of, wanted.holds, levels, None, said)
    held = {bound.holds(within.low), bound.holds(within.high)}
    said = f"{middle:.6g} ({within.low:.6g} to {within.high:.6g})"
    holds = held.pop() if len(held) == 1 else None
    return ExpectationAnswer(wanted.measure, of, wanted.holds, levels, holds, said)


def enough_repetitions(study: Study, told: Told, repetitions: int) -> int:
    """How many seeds it needs until its measure is known well enough; never fewer than it has."""
    until = study.of.until
    if until is None or repetitions >= until.most:
        return repetitions
    needed = repetitions
    for within, mean in _known_so_far(study.of, told, until):
        if within is None:
            needed = max(needed, repetitions + 1)
            continue
        half, aim = (within.high - within.low) / 2, until.within * abs(mean)
        if half > aim:
            grown = repetitions * min(MOST_STEP, (half / aim) ** 2 if aim else MOST_STEP)
            needed = max(needed, math.ceil(grown), repetitions + 1)
    return min(needed, until.most)


def _known_so_far(
    study: StudyFile, told: Told, until: UntilEntry
) -> Iterator[tuple[Interval | None, float]]:
    """Of each condition, or each difference, that is not the same in all runs: its interval, and
    the mean that this is to be narrow in addition."""
    for entry in (one for one in study.compare if one.id == until.compare):
        for one in _compared(study, told, entry):
            if one.measure == until.measure and one.difference and not one.difference.is_same:
                first = told.by_seed({**one.levels, entry.axis: entry.one}, until.measure)
                yield one.difference.within, fmean(first.values())
    for levels in () if until.compare else told.conditions():
        values = list(told.by_seed(levels, until.measure).values())
        found = estimate(values) if values else None
        if found is not None and not found.is_same:
            yield found.mean_within, found.mean
