"""``python -m corridor.experiments.figures PARENT DIR``: draws a run's figures when it is told to.

Until then it gets ready: Matplotlib, fonts, the places of hubs; and it draws what needs nothing
measured. A line on standard input says that ``summary.json`` and ``probes.parquet`` are in DIR;
its end without one, that there is nothing to draw. Two forks draw, so that both start from what is
ready and two cores are used. The code is 0 if every figure is there that there can be. It dies with
PARENT, and its forks with it; Ctrl-C is left to PARENT.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from corridor.topologies.base.parent_death import die_with_parent

FORKS = 2
EARLY_NICENESS = 10
"""The run comes first."""

Places = Mapping[str, tuple[str, str]]


def main(parent: int, out_dir: Path) -> int:
    die_with_parent(parent=parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    from corridor.experiments.figures import data
    from corridor.experiments.figures.style import warm_up

    places = data.read_places(out_dir)
    warm_up()
    early = _early(out_dir)
    codes = [_code_of(_fork(early, out_dir, places, measured=False))] if early else []
    if not sys.stdin.readline():
        return 0
    late = _late(out_dir, early)
    forks = [_fork(names, out_dir, places, measured=True) for names in shares(late)]
    codes += [_code_of(fork) for fork in forks]
    return int(any(codes))


def _early(out_dir: Path) -> list[str]:
    """Figures of what is computed beforehand, if that is there."""
    from corridor.experiments.figures.answers_data import FILE
    from corridor.experiments.figures.registry import KINDS

    if not (out_dir / FILE).exists():
        return []
    return [name for name, kind in KINDS.items() if kind.foreseen]


def _late(out_dir: Path, early: Sequence[str]) -> list[str]:
    """The others, and those again that what was sent changes."""
    from corridor.experiments.figures.registry import KINDS
    from corridor.experiments.results.tracks import SERIES_FILE

    sent = (out_dir / SERIES_FILE).exists()
    return [
        name for name, kind in KINDS.items() if name not in early or (sent and kind.shows_loads)
    ]


def shares(names: Iterable[str]) -> list[list[str]]:
    """Figures that take about as long as the others together, for each fork."""
    from corridor.experiments.figures.registry import KINDS

    found: list[list[str]] = [[] for _ in range(FORKS)]
    for name in sorted(names, key=lambda name: -KINDS[name].effort):
        least = min(found, key=lambda share: sum(KINDS[other].effort for other in share))
        least.append(name)
    return found


def _code_of(fork: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1])


def _fork(names: Sequence[str], out_dir: Path, places: Places, *, measured: bool) -> int:
    """A process that draws some of the figures; its id."""
    parent = os.getpid()
    return os.fork() or _draw_and_end(parent, names, out_dir, places, measured)


def _draw_and_end(
    parent: int, names: Sequence[str], out_dir: Path, places: Places, measured: bool
) -> NoReturn:
    code = 1
    try:
        die_with_parent(parent=parent)
        if not measured:
            os.nice(EARLY_NICENESS)
        _draw(names, out_dir, places, measured)
        code = 0
    finally:
        os._exit(code)


def _draw(names: Sequence[str], out_dir: Path, places: Places, measured: bool) -> None:
    from corridor.experiments.figures import draw_figures
    from corridor.experiments.figures.run_data import NOTHING_MEASURED
    from corridor.experiments.results.summary import read_summary

    summary = read_summary(out_dir / "summary.json") if measured else NOTHING_MEASURED
    draw_figures(out_dir, summary, names, places)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
