"""``python -m corridor.experiments.figures PARENT DIR``: draws a run's figures when it is told to.

Until then it gets ready: Matplotlib, fonts, the places of hubs. A line on standard input says that
``summary.json`` and ``probes.parquet`` are in DIR; its end without one, that there is nothing to
draw. Two forks draw, so that both start from what is ready and two cores are used. The code is 0 if
every figure is there that there can be. It dies with PARENT, and its forks with it; Ctrl-C is left
to PARENT.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.parent_death import die_with_parent

SHARES = (
    ("demand-ranges", "outages"),
    ("rtt-ecdf", "predicted-measured", "throughput", "timeline"),
)
"""Figures that take about as long as the others together."""

Places = Mapping[str, tuple[str, str]]


def main(parent: int, out_dir: Path) -> int:
    die_with_parent(parent=parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    from corridor.experiments.figures import data
    from corridor.experiments.figures.style import warm_up

    places = data.read_places(out_dir)
    warm_up()
    if not sys.stdin.readline():
        return 0
    forks = [_fork(names, out_dir, places) for names in SHARES]
    codes = [os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]) for fork in forks]
    return int(any(codes))


def _fork(names: Sequence[str], out_dir: Path, places: Places) -> int:
    """A process that draws some of the figures; its id."""
    parent = os.getpid()
    return os.fork() or _draw_and_end(parent, names, out_dir, places)


def _draw_and_end(parent: int, names: Sequence[str], out_dir: Path, places: Places) -> NoReturn:
    code = 1
    try:
        die_with_parent(parent=parent)
        _draw(names, out_dir, places)
        code = 0
    finally:
        os._exit(code)


def _draw(names: Sequence[str], out_dir: Path, places: Places) -> None:
    from corridor.experiments.figures import draw_figures

    summary = read_json(out_dir / "summary.json", RESULT)
    draw_figures(out_dir, summary, names, places)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
