"""Shows a kernel build's progress: a line that moves on a terminal, a few lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from corridor.experiments.machines.kernel_build import Progress
from corridor.experiments.terminal.live import LiveLines, Say, can_move

QUIET_STEP = 0.25
"""Without a terminal, one line at each quarter of a phase."""
AFTERWARDS = "going on"


class ProgressPrinter:
    """Takes what a build tells. ``say`` is who tells lines in the meantime, if someone does."""

    def __init__(self, say: Say | None = None, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._owned = LiveLines(self._stream) if can_move(self._stream) else None
        self._live = say if isinstance(say, LiveLines) else self._owned
        self._started_s = time.monotonic()
        self._phase = ""
        self._told = -1.0

    def __call__(self, progress: Progress) -> None:
        fraction = progress.fraction or 0.0
        fresh = progress.phase != self._phase
        percent = "" if progress.fraction is None else f"{fraction:4.0%}"
        if self._live is not None:
            if fresh:
                self._live.doing(f"kernel: {progress.phase}")
            self._live.step(percent.strip())
        elif fresh or fraction - self._told >= QUIET_STEP:
            taken = f"({time.monotonic() - self._started_s:.0f} s)"
            line = " ".join(filter(None, (f"kernel: {progress.phase}", percent, taken)))
            print(line, file=self._stream, flush=True)
            self._told = fraction
        self._phase = progress.phase

    def close(self) -> None:
        """Ends the line that moves."""
        if self._live is self._owned and self._owned is not None:
            self._owned.rest()
        elif self._live is not None:
            self._live.doing(AFTERWARDS)
