"""``report.html`` of a result folder: read, laid out, written whole or not at all."""

from __future__ import annotations

import contextlib
from pathlib import Path

from corridor.experiments.account.proof_document import read_proof
from corridor.experiments.account.run_files import PlanHead, read_manifest, read_plan_head
from corridor.experiments.answers.capacity_document import MAP_FILE, read_capacity
from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.answers.paths_by_policy_set import (
    FORMER_PATHS_FILE,
    PATHS_FILE,
    PathsDocument,
)
from corridor.experiments.atlas import event_data
from corridor.experiments.pages import REPORT
from corridor.experiments.pages.capacity import capacity_page
from corridor.experiments.pages.page import Page, report
from corridor.experiments.pages.price_page import price_page
from corridor.experiments.pages.run_page import RunResults, run_page
from corridor.experiments.results.messages import MESSAGES_FILE, read_messages, rounds_of
from corridor.experiments.results.run_result import Run
from corridor.experiments.text.price_text import Prices, prices_of
from corridor.experiments.text.run_verdict import read_answers
from corridor.topologies.base.bounded_file import RESULT, NoSuchFile, is_file, read_json
from corridor.topologies.base.codec import read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_text
from corridor.traffic.measures.samples import Probes

PRICES = "price.json"


def write_report(out_dir: Path) -> Path:
    """Of the run, the prices or the capacity that a folder holds; another report is replaced.
    Raises InputError where there are none."""
    page = _computed_page(out_dir) if holds_no_run(out_dir) else _run_page(out_dir)
    path = out_dir / REPORT
    write_text(path, report(page))
    return path


def holds_no_run(out_dir: Path) -> bool:
    """Whether it holds what is computed: prices, or capacity next to a separate map."""
    return is_file(out_dir / PRICES) or is_file(out_dir / MAP_FILE)


def _computed_page(out_dir: Path) -> Page:
    return _price_page(out_dir) if is_file(out_dir / PRICES) else _capacity_page(out_dir)


def _capacity_page(out_dir: Path) -> Page:
    found, where = read_capacity(out_dir), _document(MapDocument, out_dir / MAP_FILE)
    if found is None or where is None:
        raise InputError("capacity.json is missing", "ask again, with --out", file=str(out_dir))
    return capacity_page(found, where, read_manifest(out_dir))


def read_prices(out_dir: Path) -> Prices:
    """Return what ``price --out`` left in a folder.

    Raises:
        InputError: it was left by another version.
    """
    path = out_dir / PRICES
    return prices_of(read_json(path, RESULT), str(path))


def read_paths(out_dir: Path) -> PathsDocument:
    """Return the map and the paths of prices in a folder.

    Raises:
        InputError: the folder has no paths, or another version wrote them.
    """
    paths = _document(PathsDocument, out_dir / PATHS_FILE) or _document(
        PathsDocument, out_dir / FORMER_PATHS_FILE
    )
    if paths is None:
        raise InputError(
            f"{PATHS_FILE} is missing: the prices were written without a map",
            "run corridor price again, with --out",
            file=str(out_dir),
        )
    return paths


def _price_page(out_dir: Path) -> Page:
    paths = read_paths(out_dir)
    return price_page(read_prices(out_dir), paths, read_manifest(out_dir))


def _run_page(out_dir: Path) -> Page:
    return run_page(read_run(out_dir))


def read_run(out_dir: Path) -> RunResults:
    """Return what a page of a run is made of.

    Raises:
        InputError: the folder contains no run, or another version wrote it.
    """
    run = Run(out_dir)

    plan = read_plan_head(out_dir) or PlanHead()

    def probes() -> Probes:
        return event_data.read_probes(out_dir, plan.start_ns)

    return RunResults(
        summary=run.summary,
        answers=read_answers(out_dir),
        proof=read_proof(out_dir),
        manifest=read_manifest(out_dir),
        probes=probes,
        has_bfd=bool(plan.bfd_interval_ms),
        rounds=rounds_of(read_messages(out_dir / MESSAGES_FILE)),
        capacity=read_capacity(out_dir),
        start_ns=plan.start_ns,
    )


def _document[T](kind: type[T], path: Path) -> T | None:
    """Return what a file contains, None where there is no such file.

    Raises:
        InputError: another version wrote it.
    """
    with contextlib.suppress(NoSuchFile):
        found = read_json(path, RESULT)
        return read_document(kind, found, str(path), "ask again, with --out")
    return None
