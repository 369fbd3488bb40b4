"""What a study comes to, in sentences and in tables. Pure.

Tables are for a page (Markdown) and for a program (CSV).
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from corridor.experiments.study.answers import (
    Answers,
    ComparisonAnswer,
    ConditionAnswer,
    ExpectationAnswer,
    RunValues,
)
from corridor.experiments.study.intervals import Difference, Estimate
from corridor.experiments.study.study_file import (
    BLANK,
    COMPARISONS,
    CONDITIONS,
    Blank,
    Levels,
    ShownEntry,
    StudyFile,
    TableEntry,
    blanks,
    described,
    entry_named,
    matches,
    named,
)
from corridor.traffic.measures.quantiles import Interval

DIGITS = 4
MISSING, ALIKE = "-", "all equal"
DIFFERENCE, NO_VALUE = "difference", "no value"
"""Headings of the mean of differences, and of the number of cells without a value."""


class Table(NamedTuple):
    name: str
    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int
    """How many of the first columns are words, the last of them the measure; the others are
    numbers."""
    study: str = ""


def figure(value: float | None, digits: int = DIGITS) -> str:
    """As many digits as say something."""
    if value is None:
        return MISSING
    if value == 0:
        return "0"
    shown = f"{value:.{digits}g}"
    if "e" in shown and abs(value) < 1e15:
        return f"{float(shown):z.0f}"
    return shown


def bounds(interval: Interval | None) -> str:
    return MISSING if interval is None else f"{figure(interval.low)} to {figure(interval.high)}"


def tables(study: StudyFile, answers: Answers) -> list[Table]:
    """Of conditions, of comparisons where there are some, and those of the study's own choice."""
    made = [_of_conditions(study, answers.conditions)]
    if answers.comparisons:
        made.append(_of_comparisons(study, answers.comparisons))
    return made + [_of_choice(study, answers, one) for one in study.tables]


def _of_choice(study: StudyFile, answers: Answers, entry: TableEntry) -> Table:
    shown = chosen(answers, entry, entry.measures)
    if entry.of == CONDITIONS:
        made = _of_conditions(study, shown.conditions)
    else:
        made = _of_comparisons(study, shown.comparisons)
    return made._replace(name=entry.id, caption=entry.title or made.caption)


def _of_conditions(study: StudyFile, found: Sequence[ConditionAnswer]) -> Table:
    axes = list(study.axes)
    units = {one.id: _headed(one.name, one.shown_unit) for one in study.measures}
    rows = []
    for one in found:
        told = one.estimate
        rows.append(
            (
                *(one.levels[axis] for axis in axes),
                units[one.measure],
                figure(told.mean if told else None),
                ALIKE if told and told.is_same else bounds(told.mean_within if told else None),
                figure(told.median if told else None),
                figure(told.spread if told else None),
                str(told.runs if told else 0),
                str(one.left_out + one.without),
            )
        )
    headings = (*axes, "measure", "mean", "95 % interval", "median", "spread", "runs", NO_VALUE)
    caption = study.title or study.name
    return Table(CONDITIONS, caption, headings, rows, len(axes) + 1, study.name)


def _of_comparisons(study: StudyFile, found: Sequence[ComparisonAnswer]) -> Table:
    axes = list(study.axes)
    units = {one.id: _headed(one.name, one.shown_unit) for one in study.measures}
    rows = []
    for one in found:
        told = one.difference
        share = None if told is None or told.share is None else 100 * told.share
        rows.append(
            (
                f"{one.one} to {one.other}",
                *(one.levels.get(axis, "") for axis in axes),
                units[one.measure],
                figure(told.mean if told else None),
                ALIKE if told and told.is_same else bounds(told.within if told else None),
                figure(share, 3),
                figure(told.greater if told else None, 2),
                str(told.blocks if told else 0),
            )
        )
    headings = ("from, to", *axes, "measure", DIFFERENCE, "95 % interval", "%", "delta", "seeds")
    used = [n for n in range(len(headings)) if n in (0,) or any(row[n] for row in rows)]
    return Table(
        COMPARISONS,
        f"{study.title or study.name}: differences, seed by seed",
        [headings[n] for n in used],
        [[row[n] for n in used] for row in rows],
        used.index(headings.index(DIFFERENCE)),
        study.name,
    )


def _headed(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def as_csv(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.headings)
    writer.writerows(table.rows)
    return text.getvalue()


def as_markdown(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    marks = ["---" if n < table.words else "---:" for n in range(len(table.headings))]
    rows = [line(table.headings), line(marks), *map(line, table.rows)]
    return "\n".join(rows) + "\n"


# What a table or a figure of the study's own choice shows of its answers. Pure.


def chosen(found: Answers, entry: ShownEntry, measures: Sequence[str]) -> Answers:
    """Only of some ``measures`` (all if there are none), in these conditions and comparisons."""
    where = named(entry.where)

    def shows(measure: str) -> bool:
        return not measures or measure in measures

    return found._replace(
        conditions=[
            one for one in found.conditions if shows(one.measure) and matches(one.levels, where)
        ],
        comparisons=[
            one
            for one in found.comparisons
            if shows(one.measure)
            and matches(one.levels, where)
            and (not entry.compare or one.id in entry.compare)
        ],
    )


# The sentence that answers a study, with what it came to in its blanks.


def answer_of(study: StudyFile, answers: Answers) -> str:
    """Empty where the study has no such sentence."""
    values = {blank.text: _value(study, answers, blank) for blank in blanks(study)}
    said = BLANK.sub(lambda found: values[found["inside"]], study.answer)
    return " ".join(said.split())


def _value(study: StudyFile, answers: Answers, blank: Blank) -> str:
    measure = entry_named(blank.measure, study.measures, "measure")
    unit = f" {measure.shown_unit}" if measure.shown_unit else ""
    found: Estimate | Difference | None
    if blank.compare is None:
        of = (
            one.estimate
            for one in answers.conditions
            if one.measure == blank.measure and matches(one.levels, blank.where)
        )
        found = next(of, None)
        within = None if found is None else found.mean_within
        sign = ""
    else:
        differences = (
            one.difference
            for one in answers.comparisons
            if (one.id, one.measure) == (blank.compare.id, blank.measure)
            and matches(one.levels, blank.where)
        )
        found = next(differences, None)
        within = None if found is None else found.within
        sign = "+" if found is not None and found.mean > 0 else ""
    if found is None:
        return "(no run)"
    said = f"{sign}{figure(found.mean)}{unit}"
    is_one_answer = bool(study.computes) and study.repetitions == 1
    if found.is_same or is_one_answer or _looks_the_same(found):
        return said
    return f"{said} (95 %: {bounds(within)})" if within else f"{said} (no interval)"


def _looks_the_same(found: Estimate | Difference) -> bool:
    """Whether all runs have one value, to the digits that are shown."""
    if isinstance(found, Difference):
        return False
    return found.runs > 1 and figure(found.least) == figure(found.most)


MOST_NAMED = 5
SAVES = 1.1
"""Times as narrow; less is nothing."""


def sentences(study: StudyFile, answers: Answers) -> Iterator[str]:
    """The question and its answer first, then differences, what was expected, what is left out."""
    if study.question:
        yield study.question
    if study.answer:
        yield answer_of(study, answers)
    yield from differences(study, answers)
    for wanted in answers.expectations:
        yield _expected(wanted)
    yield from _left_out(answers.left_out)
    for none in answers.unresolved:
        runs = "1 run" if none.runs == 1 else f"{none.runs} runs"
        yield f"{none.measure} has no value in {runs}: {none.why}."
    yield from _unexpected(answers.unexpected)


def differences(study: StudyFile, answers: Answers) -> Iterator[str]:
    """What each comparison gave, a sentence each."""
    for one in answers.comparisons:
        yield _compared(study, one)


def _compared(study: StudyFile, one: ComparisonAnswer) -> str:
    measure = next(each for each in study.measures if each.id == one.measure)
    where = f" ({described(one.levels)})" if one.levels else ""
    what = f"{measure.name}, {one.one} to {one.other}{where}"
    found = one.difference
    if found is None:
        return f"{what}: unknown, because no seed has a run of each."
    unit = f" {measure.shown_unit}" if measure.shown_unit else ""
    seeds = f"{found.blocks} seed{'' if found.blocks == 1 else 's'}"
    if found.is_same:
        same = f"{_signed(found.mean)}{unit}" if found.mean else "no difference"
        return f"{what}: {same} with each of {seeds}."
    if found.within is None:
        return f"{what}: {_signed(found.mean)}{unit} ({seeds}: too few for an interval)."
    said = f"{_signed(found.mean)}{unit} (95 %: {bounds(found.within)}; {seeds}{_saved(found)})"
    if found.within.holds(0):
        return f"{what}: {said}; the difference may be 0."
    return f"{what}: {said}."


def _saved(found: Difference) -> str:
    """What it saves that both conditions have the same seeds."""
    if found.narrower is None:
        return ""
    if found.narrower < SAVES:
        return ", interval not narrower than with independent seeds"
    return f", interval {figure(found.narrower, 2)} times narrower than with independent seeds"


def _signed(value: float) -> str:
    return f"+{figure(value)}" if value > 0 else figure(value)


def _expected(one: ExpectationAnswer) -> str:
    verdict = {True: "met", False: "not met", None: "undecided"}[one.holds]
    where = f" ({described(one.where)})" if one.where else ""
    return (
        f"Expectation {verdict}: {one.of} of {one.measure} {one.wanted}{where}; found {one.found}."
    )


def _left_out(cells: Sequence[RunValues]) -> Iterator[str]:
    counts = Counter(one.state for one in cells)
    words = {
        "missing": "not run yet",
        "failed": "failed",
        "invalid": "invalid, and not used",
    }
    for state, count in counts.items():
        named = [_named(one.levels, one.repetition) for one in cells if one.state == state]
        more = f", and {count - MOST_NAMED} more" if count > MOST_NAMED else ""
        why = next((f" ({one.message})" for one in cells if one.state == state and one.message), "")
        cell = "cell is" if count == 1 else "cells are"
        verb = words[state] if state != "failed" else "without results"
        yield f"{count} {cell} {verb}{why}: {'; '.join(named[:MOST_NAMED])}{more}."


def _unexpected(cells: Sequence[RunValues]) -> Iterator[str]:
    if cells:
        first = cells[0]
        runs = "1 run" if len(cells) == 1 else f"{len(cells)} runs"
        yield (
            f"Warning: {runs} measured values outside their own expectation. The first is "
            f"{_named(first.levels, first.repetition)}: {first.unexpected[0]}."
        )


def _named(levels: Levels, repetition: int) -> str:
    return f"{described(levels)}, seed {repetition + 1}"


def failed(answers: Answers) -> bool:
    """Whether an expectation does not hold, or is unknown: a study that is a test fails."""
    return any(one.holds is not True for one in answers.expectations)
