"""What a worker does: one cell in a separate process and a separate folder, then sends it back.

The process ends with the worker, and the guest with the process, however the worker ends. The
outcome of a cell is a value.
"""

from __future__ import annotations

import io
import json
import pickle
import platform
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from corridor.experiments.study.bundle import Bundle
from corridor.topologies.base import child_process
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    MeasurementInvalid,
)
from corridor.topologies.base.installation import IMPORT_ROOT
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
