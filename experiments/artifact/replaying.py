"""Runs of an artifact again, each in a process and a separate folder, some at once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from corridor.experiments.answers.document import ANSWERS_FILE, document
from corridor.experiments.answers.gathering import gather
from corridor.experiments.artifact.deriving import told
from corridor.experiments.artifact.expected import ExpectedRun, held
from corridor.experiments.artifact.verdict import RunAgain
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.results.results import read_plan
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.study.cells import Cell
from corridor.experiments.study.worker import LOG, OUTCOME, RUN
from corridor.topologies.base import child_process
from corridor.topologies.base.bounded_file import RESULT, is_file, read_json, read_text
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import CorridorError
from corridor.topologies.base.installation import IMPORT_ROOT
from corridor.topologies.base.scratch import scratch_folder
from corridor.topologies.model.delay_model import load_delay_model

PROGRAM = "corridor.experiments.artifact.one_replay"
TOLD_LINES = 3
SPECIFICATION = "raw/specification.json"
type Say = Callable[[str], None]
type Process = subprocess.Popen[bytes]


def run_again(
    folders: Mapping[str, Path],
    runs: Sequence[ExpectedRun],
    cells: Mapping[str, Cell],
    *,
    here: bool,
    workers: int,
    say: Say,
) -> list[RunAgain]:
    """In the order of ``runs``. ``cells`` are those of a study, whose plans are compiled again
    first; ``here`` is whether the environment is the one in which they ran."""
    found: dict[str, RunAgain] = {}
    processes: set[Process] = set()
    with ThreadPoolExecutor(workers) as pool:
        begun = [
            pool.submit(_again, folders[one.cell], one, cells.get(one.cell), here, processes)
            for one in runs
        ]
        try:
            for future in as_completed(begun):
                one = future.result()
                found[one.cell] = one
                say(f"{len(found)} of {len(runs)}: {one.title}: {one.state} ({one.took_s:.0f} s)")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(processes):
                child_process.end(process, 0)
            raise
    return [found[one.cell] for one in runs]


def _again(
    recorded: Path, wanted: ExpectedRun, cell: Cell | None, here: bool, processes: set[Process]
) -> RunAgain:
    started = time.monotonic()
    testbed = read_json(recorded / "manifest.json", RESULT)["testbed"]["testbed"]
    if cell is not None and (problem := _problem_of_inputs(recorded, cell, testbed)):
        return RunAgain(wanted.cell, wanted.title, "failed", problem, 0.0, False, [])
    with scratch_folder() as folder:
        state, message = _carried_out(recorded, folder, testbed, processes)
        took_s = round(time.monotonic() - started, 1)
        if state != "valid":
            return RunAgain(wanted.cell, wanted.title, state, message, took_s, False, [])
        return RunAgain(
            wanted.cell,
            wanted.title,
            "valid",
            "",
            took_s,
            _same_samples(recorded, folder / RUN),
            held(wanted.values, told(folder / RUN, wanted.values), here=here),
        )


def _problem_of_inputs(recorded: Path, cell: Cell, testbed: str) -> str:
    """Whether a study's files come to what ran, and to what was computed beforehand. Natively,
    names in a plan are made up."""
    loaded = cell.condition.loaded
    if loaded.own_objective is not None:
        return ""  # code of the author's is not carried out here: runs are repeated by their plans
    try:
        plan = read_plan(recorded)
        intended, clock, run_id = Intended.of(loaded), plan.job.clock, plan.wiring.run_id
        again = make_plan(loaded, clock=clock, run_id=run_id, seed=cell.seed, intended=intended)
        if testbed != "native" and to_plain(again) != to_plain(plan):
            return "the study gives another plan than the one that ran"
        if intended.specification.to_json() != read_text(recorded / SPECIFICATION, RESULT):
            return "the study states another specification for verification"
        computed = document(gather(loaded, load_delay_model(None), intended), "")
        if json.loads(json.dumps(computed.to_json())) != read_json(recorded / ANSWERS_FILE, RESULT):
            return f"the study gives another {ANSWERS_FILE}"
    except CorridorError as error:
        return f"its plan cannot be compiled again: {error}"
    return ""


def _carried_out(
    recorded: Path, folder: Path, testbed: str, processes: set[Process]
) -> tuple[Any, str]:
    with (folder / LOG).open("wb") as log:
        process = child_process.start(
            [sys.executable, "-P", "-m", PROGRAM, str(recorded), str(folder), testbed],
            stdout=log,
            stderr=log,
            more_environment={"PYTHONPATH": str(IMPORT_ROOT), "PYTHONUNBUFFERED": "1"},
        )
        processes.add(process)
        try:
            code = process.wait()
        finally:
            child_process.end(process, 0)
            processes.discard(process)
    if is_file(folder / OUTCOME):
        said = json.loads((folder / OUTCOME).read_text())
        return said["state"], said["message"]
    lines = (folder / LOG).read_text(errors="replace").strip().splitlines()[-TOLD_LINES:]
    return "failed", f"ended with code {code}: {' / '.join(lines)}"


def _same_samples(recorded: Path, again: Path) -> bool:
    """Of all probes, octet by octet."""
    names = {path.name for folder in (recorded, again) for path in (folder / "raw").glob("*.rec")}
    return all(_read(recorded / "raw" / one) == _read(again / "raw" / one) for one in names)


def _read(path: Path) -> bytes:
    return path.read_bytes() if is_file(path) else b""
