"""``report.html`` of a result folder: read, laid out, written whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from corridor.experiments.pages.course import Sample
from corridor.experiments.pages.demands import Json
from corridor.experiments.pages.page import Page, report
from corridor.experiments.pages.run_page import RunResults, run_page
from corridor.experiments.results.run_result import Run
from corridor.topologies.base.bounded_file import RESULT, NoSuchFile, read_json

REPORT = "report.html"


def write_report(out_dir: Path) -> Path:
    """Of the run that a folder holds. Raises InputError where that is none."""
    return written(out_dir, report(page_of(out_dir)))


def page_of(out_dir: Path) -> Page:
    run = Run(out_dir)

    def series(demand: str, measure: str, width: str) -> Sequence[Sample]:
        return run.series(demand, measure, width)

    return run_page(
        RunResults(
            summary=cast(Json, run.summary),
            answers=_read(out_dir / "answers.json"),
            proof=_read(out_dir / "proof.json"),
            manifest=_read(out_dir / "manifest.json"),
            series=series,
        )
    )


def written(out_dir: Path, text: str) -> Path:
    """Another report is replaced."""
    path, staged = out_dir / REPORT, out_dir / f".{REPORT}"
    staged.write_text(text, encoding="utf-8")
    staged.replace(path)
    return path


def _read(path: Path) -> Json | None:
    """None where there is no such file."""
    with contextlib.suppress(NoSuchFile):
        return cast(Json, read_json(path, RESULT))
    return None
