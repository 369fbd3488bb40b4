"""Tables of a study: their rows, for a page (Markdown) and for a program (CSV). Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

from corridor.experiments.study.answers import Answers, ComparisonAnswer, ConditionAnswer
from corridor.experiments.study.matrix import matches
from corridor.experiments.study.study_file import (
    COMPARISONS,
    CONDITIONS,
    ShownEntry,
    StudyFile,
    TableEntry,
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
    return f"{float(shown):.0f}" if "e" in shown and abs(value) < 1e15 else shown


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
