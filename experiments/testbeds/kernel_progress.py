"""Shows a kernel build's progress: one line rewritten on a terminal, a few lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

from corridor.experiments.testbeds.kernel_build import Progress

QUIET_STEP = 0.25
"""Without a terminal, one line at each quarter of a phase."""


class ProgressPrinter:
    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self.stream = stream
        self.live = stream.isatty()
        self.start = time.monotonic()
        self.phase = ""
        self.shown = -1.0

    def __call__(self, progress: Progress) -> None:
        fraction = progress.fraction or 0.0
        fresh = progress.phase != self.phase
        if not fresh and fraction - self.shown < (0.005 if self.live else QUIET_STEP):
            return
        self.phase, self.shown = progress.phase, fraction
        percent = "" if progress.fraction is None else f" {fraction:4.0%}"
        line = f"kernel: {progress.phase}{percent} ({time.monotonic() - self.start:.0f} s)"
        if self.live:
            line = line[: shutil.get_terminal_size().columns - 1]
            print(f"\r\x1b[K{line}", end="", file=self.stream, flush=True)
        else:
            print(line, file=self.stream, flush=True)

    def close(self) -> None:
        """Ends the rewritten line."""
        if self.live and self.phase:
            print("\r\x1b[K", end="", file=self.stream, flush=True)
