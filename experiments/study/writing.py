"""What a study's folder gets next to its cells: values, answers, tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corridor.experiments.run.folders import writing
from corridor.experiments.run.version import version_line
from corridor.experiments.study.answers import Answers, RunValues
from corridor.experiments.study.study_file import StudyFile
from corridor.experiments.study.tables import as_csv, as_markdown, tables
from corridor.experiments.study.tables_in_latex import as_latex
from corridor.experiments.study.words import sentences
from corridor.topologies.base.parquet_file import write_parquet_file
from corridor.topologies.base.whole_file import write_text
from corridor.topologies.base.words import few

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
