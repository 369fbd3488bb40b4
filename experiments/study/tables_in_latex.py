"""A table of a study as a page of a paper has it: grouped by measure, as wide as its text. Pure.

What is alike in all rows is stated once below it. Letters are made smaller, and columns that say
least left out, until it fits a page's text; CSV and Markdown have all columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from corridor.experiments.study.tables import Table
from corridor.topologies.base.words import escaped

TEXT_PT = 345.0
"""Of a page of ``article`` at 10 pt."""
APART_PT = 4.0
"""Between a column and what is next to it, on either side."""
SIZES: Mapping[str, float] = {"small": 4.65, "footnotesize": 4.15}
"""With the width of a letter or digit, in pt, of Computer Modern."""
SPARE = ("spread", "median", "delta")
"""Columns that may be left out, first those that say least."""
COUNTS: Mapping[str, str] = {"runs": "runs each", "seeds": "seeds each"}
NONE = "0"


class _Laid(NamedTuple):
    columns: Sequence[int]
    size: str
    note: str


def as_latex(table: Table, made_by: str) -> str:
    """Ready for ``\\input`` in a document that uses booktabs."""
    laid = _laid_out(table)
    words = sum(column < table.words for column in laid.columns)
    kinds = "l" * words + "r" * (len(laid.columns) - words)
    lines = [
        f"% {made_by}",
        r"\begin{table}",
        r"\centering",
        f"\\{laid.size}",
        f"\\setlength{{\\tabcolsep}}{{{APART_PT:g}pt}}",
        r"\setlength{\abovecaptionskip}{0pt}",
        r"\setlength{\belowcaptionskip}{6pt}",  # it stands above the table
        f"\\caption{{{escaped(table.caption)}}}",
        f"\\label{{tab:{table.study}-{table.name}}}",
        f"\\begin{{tabular}}{{@{{}}{kinds}@{{}}}}",
        r"\toprule",
        _line([table.headings[column] for column in laid.columns]),
        *_groups(table, laid.columns),
        r"\bottomrule",
        r"\end{tabular}",
        *([rf"\par\smallskip{{\footnotesize {escaped(laid.note)}\par}}"] if laid.note else []),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _groups(table: Table, columns: Sequence[int]) -> Iterator[str]:
    """Each measure's rows below its name, in the order in which measures come first."""
    measure = table.words - 1
    order = {
        name: place for place, name in enumerate(dict.fromkeys(r[measure] for r in table.rows))
    }
    rows = sorted(table.rows, key=lambda row: order[row[measure]])
    for number, (name, of_it) in enumerate(groupby(rows, key=lambda row: row[measure])):
        yield r"\addlinespace" if number else r"\midrule"
        yield rf"\multicolumn{{{len(columns)}}}{{@{{}}l}}{{\textit{{{escaped(name)}}}}} \\"
        yield from (_line([row[column] for column in columns]) for row in of_it)


def _line(cells: Sequence[str]) -> str:
    return f"{' & '.join(map(escaped, cells))} \\\\"


def _laid_out(table: Table) -> _Laid:
    columns, notes = [], []
    for column, heading in enumerate(table.headings):
        values = {row[column] for row in table.rows}
        alike = len(values) == 1 and (column < table.words or heading in {*COUNTS, "without"})
        if column == table.words - 1:
            continue
        if alike and column > 0:
            notes += _said_once(heading, values.pop())
        else:
            columns.append(column)
    note = f"{'; '.join(notes)}." if notes else ""
    size = ""
    for spared in ("", *SPARE):
        columns = [column for column in columns if table.headings[column] != spared]
        for size, letter_pt in SIZES.items():
            if _width_pt(table, columns, letter_pt) <= TEXT_PT:
                return _Laid(columns, size, note)
    return _Laid(columns, size, note)


def _said_once(heading: str, value: str) -> list[str]:
    if heading in COUNTS:
        return [f"{value} {COUNTS[heading]}"]
    if heading == "without":
        return [] if value == NONE else [f"{value} without a value each"]
    return [f"{heading} {value}"]


def _width_pt(table: Table, columns: Sequence[int], letter_pt: float) -> float:
    texts = ([row[column] for row in (table.headings, *table.rows)] for column in columns)
    return sum(max(map(len, one)) * letter_pt + 2 * APART_PT for one in texts) - 2 * APART_PT
