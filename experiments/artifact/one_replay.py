"""One run again, in a separate process: ``... one_replay RECORDED OUT TESTBED``.

Leaves its results in ``OUT/run`` and says in ``OUT/outcome.json`` the outcome of it.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from corridor.experiments.run.runner import Testbed, replay
from corridor.experiments.study.worker import RUN, State, tell_outcome


def main(recorded: Path, out: Path, testbed: Testbed) -> None:
    tell_outcome(out, partial(_run, recorded, out / RUN, testbed))


def _run(recorded: Path, out: Path, testbed: Testbed) -> tuple[State, str]:
    summary = replay(recorded, out, testbed, print)
    return ("invalid", summary.invalid) if summary.invalid else ("valid", "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])  # type: ignore[arg-type]
