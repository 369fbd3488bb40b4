"""The outcome of a cell, as it comes back from where it ran."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    MeasurementInvalid,
)

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
