"""What a process that carries out plans says to who waits: events, and how it failed."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from corridor.experiments.lab.run_events import Event
from corridor.topologies.base.errors import CorridorError

Emit = Callable[[Event], None]


def emit(event: Event) -> None:
    """One event as a line on standard output, with the moment of this kernel's clock."""
    said = json.dumps({"event": event["event"], "at_ns": time.time_ns(), **event})
    try:
        print(said, flush=True)
    except BrokenPipeError:  # who waited was killed, and what is left to do is tidying up
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def step(emit: Emit, what: str, done: int, of: int) -> None:
    """How far something has come that takes its time."""
    emit({"event": "step", "name": what, "done": done, "of": of})


def stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """For ``signal.signal``: end as by Ctrl-C."""
    raise KeyboardInterrupt


def failures_told(work: Callable[[], None]) -> int:
    """Do it; return the exit code, after a failure has been reported as an event."""
    try:
        work()
    except KeyboardInterrupt:
        emit({"event": "failed", "kind": "Interrupted", "message": "stopped", "code": 130})
        return 130
    except CorridorError as error:
        emit({"event": "failed", "message": str(error), "code": error.exit_code})
        return error.exit_code
    except OSError as error:
        emit({"event": "failed", "message": str(error), "code": 3})
        return 3
    return 0
