"""Tables of a study: for a paper (LaTeX, booktabs), a page (Markdown), a program (CSV). Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from corridor.experiments.study.answers import Answers, ComparisonAnswer, ConditionAnswer
from corridor.experiments.study.study_file import StudyFile
from corridor.topologies.base.latex import escaped
from corridor.traffic.measures.quantiles import Interval

DIGITS = 4
MISSING, ALIKE = "-", "all equal"


class Table(NamedTuple):
    name: str
    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int
    """How many of the first columns are words; the others are numbers."""


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
    """Of conditions, and of comparisons where there are some."""
    made = [_of_conditions(study, answers.conditions)]
    if answers.comparisons:
        made.append(_of_comparisons(study, answers.comparisons))
    return made


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
    headings = (*axes, "measure", "mean", "95 % interval", "median", "spread", "runs", "without")
    return Table("conditions", study.title or study.name, headings, rows, len(axes) + 1)


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
    headings = ("from, to", *axes, "measure", "more by", "95 % interval", "%", "delta", "seeds")
    used = [n for n in range(len(headings)) if n in (0,) or any(row[n] for row in rows)]
    return Table(
        "comparisons",
        f"{study.title or study.name}: differences, seed by seed",
        [headings[n] for n in used],
        [[row[n] for n in used] for row in rows],
        used.index(headings.index("more by")),
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


def as_latex(table: Table, made_by: str) -> str:
    """Ready for ``\\input`` in a document that uses booktabs."""

    def line(cells: Sequence[str]) -> str:
        return f"{' & '.join(map(escaped, cells))} \\\\"

    columns = "l" * table.words + "r" * (len(table.headings) - table.words)
    lines = [
        f"% {made_by}",
        r"\begin{table}",
        r"\centering",
        f"\\caption{{{escaped(table.caption)}}}",
        f"\\label{{tab:{table.name}}}",
        f"\\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        line(table.headings),
        r"\midrule",
        *map(line, table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


FORMATS: Mapping[str, Callable[[Table, str], str]] = {
    "csv": lambda table, _made_by: as_csv(table),
    "md": lambda table, _made_by: as_markdown(table),
    "tex": as_latex,
}
