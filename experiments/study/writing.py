"""What a study's folder gets next to its cells: values, answers, tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from corridor.experiments.run.folders import writing
from corridor.experiments.run.version import version_line
from corridor.experiments.study.answers import Answers, RunValues
from corridor.experiments.study.study_file import StudyFile
from corridor.experiments.study.words import NO_VALUE, Table, as_csv, as_markdown, sentences, tables
from corridor.topologies.base.whole_file import write_parquet_file, write_text
from corridor.topologies.base.words import escaped, few

# A table of a study as a page of a paper has it: grouped by measure, as wide as its text.
#
# What is alike in all rows is stated once below it. Letters are made smaller, and columns that
# say least left out, until it fits a page's text; CSV and Markdown have all columns.

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
        alike = len(values) == 1 and (column < table.words or heading in {*COUNTS, NO_VALUE})
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
    if heading == NO_VALUE:
        return [] if value == NONE else [f"{value} without a value each"]
    return [f"{heading} {value}"]


def _width_pt(table: Table, columns: Sequence[int], letter_pt: float) -> float:
    texts = ([row[column] for row in (table.headings, *table.rows)] for column in columns)
    return sum(max(map(len, one)) * letter_pt + 2 * APART_PT for one in texts) - 2 * APART_PT


VALUES, ANSWERS, TABLES = "values.parquet", "answers.json", "tables"
SCHEMA = 1


MOST_SEEDS = 40


def made_by(study: StudyFile, ran_by: str = "") -> str:
    """What captions have: ``ran_by`` is the version that ran the cells, this one if not said."""
    seeds = "seeds as given" if study.seeds else f"seed {study.seed}"
    return f"{ran_by or version_line()}, study {study.name}, scenario {study.scenario}, {seeds}"


def carried(study: StudyFile, runs: Sequence[RunValues], ran_by: str = "") -> str:
    """What every figure, table and row has with it: the same, and each seed."""
    seeds = [study.seed_of(one) for one in sorted({run.repetition for run in runs})]
    return f"{made_by(study, ran_by)}: {few(seeds, MOST_SEEDS)}"


def write(
    folder: Path,
    study: StudyFile,
    runs: Sequence[RunValues],
    found: Answers,
    ran_by: str = "",
) -> None:
    """Raises InputError where the folder cannot be written."""
    maker = carried(study, runs, ran_by)
    with writing(folder):
        _write_values(folder / VALUES, study, runs, maker)
        write_text(folder / ANSWERS, json.dumps(as_json(study, found), indent=1) + "\n")
        (folder / TABLES).mkdir(exist_ok=True)
        for table in tables(study, found):
            texts = {"csv": as_csv(table), "md": as_markdown(table), "tex": as_latex(table, maker)}
            for ending, text in texts.items():
                write_text(folder / TABLES / f"{table.name}.{ending}", text)


def _write_values(path: Path, study: StudyFile, runs: Sequence[RunValues], maker: str) -> None:
    """A row a cell and measure, with a column an axis; null where a run has no such value."""
    import pyarrow as pa

    rows = [(run, measure) for run in runs for measure in study.measures]
    columns: dict[str, Any] = {
        "cell": [run.cell for run, _ in rows],
        "seed": pa.array([study.seed_of(run.repetition) for run, _ in rows], pa.int64()),
        "repetition": pa.array([run.repetition for run, _ in rows], pa.int32()),
        "state": [run.state for run, _ in rows],
        **{axis: [run.levels[axis] for run, _ in rows] for axis in study.axes},
        "measure": [measure.id for _, measure in rows],
        "value": pa.array([run.values.get(measure.id) for run, measure in rows], pa.float64()),
        "unit": [measure.shown_unit for _, measure in rows],
    }
    measures = {
        one.id: {"of": one.of, "title": one.name, "unit": one.shown_unit} for one in study.measures
    }
    table = pa.table(columns).replace_schema_metadata(
        {"corridor_schema": str(SCHEMA), "made_by": maker, "measures": json.dumps(measures)}
    )
    write_parquet_file(path, table, {"value": "as column unit says"})


def as_json(study: StudyFile, found: Answers) -> dict[str, Any]:
    """All figures, as ``answers.json`` has them."""
    return {
        "schema": SCHEMA,
        "study": study.name,
        "question": study.question,
        "confidence": 0.95,
        "conditions": [
            {
                **one._asdict(),
                "levels": dict(one.levels),
                "estimate": one.estimate and one.estimate._asdict(),
            }
            for one in found.conditions
        ],
        "comparisons": [
            {
                **one._asdict(),
                "levels": dict(one.levels),
                "difference": one.difference and one.difference._asdict(),
            }
            for one in found.comparisons
        ],
        "expectations": [{**one._asdict(), "where": dict(one.where)} for one in found.expectations],
        "left_out": [
            {"cell": one.cell, "levels": dict(one.levels), "repetition": one.repetition}
            | {"state": one.state, "message": one.message}
            for one in found.left_out
        ],
        "sentences": list(sentences(study, found)),
    }
