"""Reading what an executing plan says: JSON lines among whatever else a console prints."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    InputError,
    MeasurementInvalid,
    PolicyFailure,
)

_BY_CODE: dict[int, type[CorridorError]] = {
    1: PolicyFailure,
    2: InputError,
    3: EnvironmentUnsupported,
    4: MeasurementInvalid,
}


class ConsoleEvent(TypedDict):
    """What reading needs of any event: those of ``lab/run_events.py``, or a command's own."""

    event: str
    wall_s: NotRequired[float]
    name: NotRequired[str]
    message: NotRequired[str]
    code: NotRequired[int]


_PARTS = {"failed": {"message", "code"}, "phase": {"name", "at_ns"}, "exit": {"code"}}
"""What an event of a kind must hold; a line without it is noise."""


def read_events(
    process: subprocess.Popen[bytes],
    on_event: Callable[[Any], None],
    console: Path,
    name: str,
    *,
    last_event: str = "end",
    until_phase: str | None = None,
) -> None:
    """Pass events on until the process ends; raises the failure it reported, if any.

    ``last_event`` names the event or phase without which it has ended too early. With
    ``until_phase`` that phase is the last that is read, of a process that goes on.

    Events are those of ``lab/run_events.py``, or a command's own. Each gets ``wall_s``, the
    monotonic second at which it was read here: a guest in the virtual clock cannot state how long
    anything took.
    """
    failure: CorridorError | None = None
    ended = False
    assert process.stdout is not None
    with console.open("wb", buffering=0) as log:
        for line in process.stdout:
            event = _event(line)
            if event is None:
                log.write(line)
                continue
            event["wall_s"] = time.monotonic()
            if event["event"] == "failed":
                failure = failure_of(event["code"], event["message"])
            ended = ended or last_event in (event["event"], event.get("name"))
            on_event(event)
            if until_phase is not None and (event["event"], event.get("name")) == (
                "phase",
                until_phase,
            ):
                return
    code = process.wait()
    if failure is not None:
        raise failure
    if not ended:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise MeasurementInvalid(
            f"{name} ended before the run did ({how})",
            f"what was measured is kept; its last words are in {console.name}",
        )


def failure_of(code: int, message: str) -> CorridorError:
    """What another process failed of, to be raised here."""
    return _BY_CODE.get(code, CorridorError)(message)


def _event(line: bytes) -> ConsoleEvent | None:
    if not line.startswith(b'{"event"'):
        return None
    try:
        event: ConsoleEvent = json.loads(line)
    except ValueError:
        return None
    kind = event["event"]
    if not isinstance(kind, str) or not event.keys() >= _PARTS.get(kind, set()):
        return None
    return event
