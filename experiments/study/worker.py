"""What a worker does: one cell in a separate process and a separate folder, then sends it back.

The process ends with the worker, and the guest with the process, however the worker ends. The
outcome of a cell is a value.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import platform
import sys
import tarfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

from corridor.experiments.scenario.scenario import LoadedScenario, Under, load_document
from corridor.experiments.study.cells import Cell, digest_of
from corridor.experiments.study.study_file import StudyFile, files_named
from corridor.topologies.base import child_process
from corridor.topologies.base.documents import Document, KeyPath, Plain
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    MeasurementInvalid,
)
from corridor.topologies.base.installation import CHECKOUT, IMPORT_ROOT, PACKAGE
from corridor.topologies.base.scratch import scratch_folder

type State = Literal["valid", "invalid", "failed", "unable"]
"""``unable``: where it was to run, it cannot; that is not a result, and is not kept."""
BUNDLE, OUTCOME, RUN, LOG = "cell.pickle", "outcome.json", "run", "cell.log"
ANSWER = "answer.json"
"""In the folder of a cell that is computed, instead of what a run leaves."""


class Ran(NamedTuple):
    id: str
    state: State
    message: str
    """Why it is not valid, or what does not hold; may be empty."""
    wall_s: float
    machine: str
    archive: bytes
    """What is kept of it, as a tar archive with gzip; empty of a cell that failed at once."""


def tell_outcome(folder: Path, run: Callable[[], tuple[State, str]]) -> None:
    """Carry out a run in the process that is there for it, and leave there the outcome of it."""
    state, message = _outcome(run)
    (folder / OUTCOME).write_text(json.dumps({"state": state, "message": message}))


def _outcome(run: Callable[[], tuple[State, str]]) -> tuple[State, str]:
    try:
        return run()
    except MeasurementInvalid as error:
        return "invalid", str(error)
    except EnvironmentUnsupported as error:
        return "unable", str(error)
    except CorridorError as error:
        return "failed", str(error)


PROGRAM = "corridor.experiments.study.one_cell"
TOLD_LINES = 3


def run_cell(bundle: Bundle) -> Ran:
    """Never raises for the outcome of a cell, which is returned."""
    started = time.monotonic()
    with scratch_folder() as folder:
        (folder / BUNDLE).write_bytes(pickle.dumps(bundle))
        with (folder / LOG).open("wb") as log:
            process = child_process.start(
                [sys.executable, "-P", "-m", PROGRAM, str(folder)],
                stdout=log,
                stderr=log,
                more_environment={"PYTHONPATH": str(IMPORT_ROOT), "PYTHONUNBUFFERED": "1"},
                cwd=folder,
            )
            try:
                code = process.wait()
            finally:
                child_process.end(process, 0)
        outcome = folder / OUTCOME
        state, message = _told(outcome) if outcome.exists() else ("failed", _died(folder, code))
        return Ran(
            bundle.id,
            state,
            message,
            time.monotonic() - started,
            platform.node(),
            _archive(folder),
        )


def _told(outcome: Path) -> tuple[State, str]:
    said = json.loads(outcome.read_text())
    return said["state"], said["message"]


def _died(folder: Path, code: int) -> str:
    lines = (folder / LOG).read_text(errors="replace").strip().splitlines()[-TOLD_LINES:]
    return f"ended with code {code}: {' / '.join(lines)}"


def _archive(folder: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        archive.add(folder / LOG, LOG)
        if (folder / RUN).exists():
            archive.add(folder / RUN, RUN)
    return packed.getvalue()


# A cell as it travels to where it runs: the scenario's values, and the files that they name.


class Bundle(NamedTuple):
    id: str
    seed: int
    day: str
    digest: str
    program: str
    testbed: Literal["uml", "qemu", "native"]
    clock: Literal["virtual", "real"]
    data: Plain
    file: str
    lines: list[tuple[KeyPath, int]]
    computes: str
    ask: dict[str, Plain]
    files: dict[str, bytes]
    """By name, those next to the study that the scenario or one of them names."""


def bundle_of(cell: Cell, study: StudyFile, folder: Path, program: str) -> Bundle:
    """Raises InputError where a file cannot be read."""
    document, asked = cell.condition.document, cell.condition.asked
    ask = {} if asked is None else dict(asked.written)
    return Bundle(
        id=cell.id,
        seed=cell.seed,
        day=cell.condition.loaded.as_of.isoformat(),
        digest=cell.condition.digest,
        program=program,
        testbed=study.testbed,
        clock=study.clock,
        data=document.data,
        file=document.file,
        lines=list(document.lines.items()),
        computes=study.computes,
        ask=ask,
        files=files_named([document.data, ask], folder),
    )


def opened(bundle: Bundle, folder: Path) -> LoadedScenario:
    """The scenario of a bundle, with its files in a ``folder``.

    Raises EnvironmentUnsupported where another version is here.
    """
    if bundle.program != program_digest():
        said = "the program here is not the version that began the study"
        raise EnvironmentUnsupported(said, "use the same version for both")
    for name, content in bundle.files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    document = Document(bundle.data, bundle.file, dict(bundle.lines))
    loaded = load_document(document, folder, Under(as_of=date.fromisoformat(bundle.day)))
    if digest_of(loaded) != bundle.digest:
        said = "the scenario has other values here than where the study was begun"
        raise EnvironmentUnsupported(said, "use the same versions and the same framework for both")
    return loaded


# Which program runs the cells: a hash of the package's own files.

KINDS = (".py", ".yaml", ".json", ".sh", ".c", ".config", ".csv")
FOLDERS = ("topologies", "controller", "traffic", "experiments")
BESIDE = (
    *("artifact/", "atlas/", "commands/", "figures/", "live_commands/", "pages/", "setup/"),
    *("study/answers.py", "study/cells.py", "study/compared.py", "study/figures_of_studies.py"),
    *("study/intervals.py", "study/load.py", "study/measures.py", "study/resolving.py"),
    *("study/shipped/", "study/study_file.py", "study/words.py", "terminal/"),
)
"""What asks for results, draws and states them, and makes none, below ``experiments``."""


def program_digest() -> str:
    """Of all files by which a run could come to other results."""
    digest = hashlib.sha256()
    beside = tuple(f"experiments/{one}" for one in BESIDE)
    for folder in FOLDERS:
        for path in sorted((PACKAGE / folder).rglob("*")):
            name = path.relative_to(PACKAGE).as_posix()
            if path.suffix in KINDS and not name.startswith(beside) and path.is_file():
                digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    lock = CHECKOUT / "requirements.lock"
    digest.update(lock.read_bytes() if lock.exists() else b"")
    return digest.hexdigest()
