"""Ends a guest that makes no progress: a program in it that never sleeps stops its virtual clock.

Progress is seen from outside, so that watching costs a guest nothing: its result folder grows,
by records, tables, events, or what it prints.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from corridor.experiments.plan.values import Plan
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.topologies.base.seconds import NS_PER_S

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
