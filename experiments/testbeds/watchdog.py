"""Reads what an executing plan says, and ends a guest that makes no progress.

A plan says JSON lines among whatever else a console prints. A program in a guest that never sleeps
stops its virtual clock. Progress is seen from outside, so that watching costs a guest nothing: its
result folder grows, by records, tables, events, or what it prints.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NotRequired, TypedDict

from corridor.experiments.plan.values import Plan
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    InputError,
    MeasurementInvalid,
    PolicyFailure,
)
from corridor.topologies.base.seconds import NS_PER_S

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


PATIENCE_S = 900.0
"""Far more than any step of a run has taken on a machine that was busy."""
VIRTUAL_SECOND_S = 30.0
"""Wall time that a second of streams may take, during which nothing is written: ten times that of
1 Gbit/s over ten hops."""
LOOKS = 8
LONGEST_PAUSE_S = 10.0


def patience_for(plan: Plan, *, virtual_clock: bool) -> float:
    """How long a guest that executes a plan may show no progress."""
    planned_s = plan.job.end_ns / NS_PER_S + sum(item.duration_s for item in plan.transfers)
    return PATIENCE_S + planned_s * (VIRTUAL_SECOND_S if virtual_clock else 1)


class Watchdog:
    """While entered, calls ``end`` once the folder has not grown for a time; says so on leaving."""

    def __init__(self, folder: Path, end: Callable[[], None], limit_s: float) -> None:
        self._folder = folder
        self._end = end
        self._limit_s = limit_s
        self._bitten = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._bitten and isinstance(error, MeasurementInvalid):
            raise MeasurementInvalid(
                f"the guest made no progress for {_said(self._limit_s)} and was ended",
                "what was measured is kept",
            ) from error

    def _watch(self) -> None:
        size, since = _size(self._folder), time.monotonic()
        while not self._stop.wait(min(LONGEST_PAUSE_S, self._limit_s / LOOKS)):
            now = _size(self._folder)
            if now != size:
                size, since = now, time.monotonic()
            elif time.monotonic() - since > self._limit_s:
                self._bitten = True
                self._end()
                return


def _size(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total


def _said(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
