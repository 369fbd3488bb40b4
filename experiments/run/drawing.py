"""The figures of a run, drawn by a process that gets ready for it while the run goes on.

Matplotlib takes longer to import than many a figure to draw, and a guest keeps one core busy.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from corridor.experiments.results.summary import Summary
from corridor.topologies.base.places import IMPORT_ROOT

PATIENCE_S = 120.0
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""The process forks, and has nothing to share out among threads."""


class Drawing:
    """Begun ``ahead``, it is a process; else, and wherever that fails, this process draws."""

    def __init__(self, out_dir: Path, *, ahead: bool) -> None:
        self._out_dir = out_dir
        self._process = _start(out_dir) if ahead else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing of it is left, whether it was told to draw or not."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def begin(self) -> None:
        """What the figures show is in the folder. Returns at once."""
        if self._process is not None:
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(b"draw\n")
                self._process.stdin.flush()

    def finish(self, summary: Summary, formats: Sequence[str] = ()) -> None:
        """The figures are drawn, in the usual formats or these; raises as ``draw_figures``."""
        if not self._drawn_by_process():
            from corridor.experiments.figures import draw_figures
            from corridor.experiments.figures.saving import ON_PAPER_AND_SCREEN

            draw_figures(self._out_dir, summary, formats=formats or ON_PAPER_AND_SCREEN)

    def _drawn_by_process(self) -> bool:
        if self._process is None:
            return False
        try:
            return self._process.wait(PATIENCE_S) == 0
        except subprocess.TimeoutExpired:
            self._process.kill()
            return False


def _start(out_dir: Path) -> subprocess.Popen[bytes]:
    words = [
        sys.executable,
        "-m",
        "corridor.experiments.figures",
        str(os.getpid()),
        str(out_dir.resolve()),
    ]
    return subprocess.Popen(
        words,
        cwd=IMPORT_ROOT,
        env=os.environ | ONE_THREAD,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
