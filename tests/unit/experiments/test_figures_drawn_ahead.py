"""Figures of another process: the same files, whatever becomes of that process; none is left."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import handmade_answers
import handmade_run
from corridor.experiments.figures import NAMES, draw_figures
from corridor.experiments.figures.__main__ import shares
from corridor.experiments.figures.registry import KINDS
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.run.drawing import Drawing


@pytest.fixture
def run(tmp_path: Path) -> Path:
    handmade_run.write_run(tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def summary(run: Path) -> dict[str, Any]:
    return summarise(run, read_plan(run), handmade_run.FACTS)


def files(run: Path) -> dict[str, bytes]:
    paths = (path for path in (run / "figures").rglob("*") if path.is_file())
    return {path.name: path.read_bytes() for path in paths}


def id_of(drawing: Drawing) -> int:
    assert drawing._process is not None
    return drawing._process.pid


@contextlib.contextmanager
def never_here() -> Iterator[None]:
    """This process may draw nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "corridor.experiments.figures.draw_figures", lambda *_: pytest.fail("drawn here")
        )
        yield


def test_the_shares_are_all_figures_and_take_about_as_long() -> None:
    both = shares(NAMES)
    assert sorted(name for share in both for name in share) == sorted(NAMES)
    efforts = [sum(KINDS[name].effort for name in share) for share in both]
    assert abs(efforts[0] - efforts[1]) <= 3


def test_the_files_are_those_that_this_process_draws(run: Path, summary: dict[str, Any]) -> None:
    draw_figures(run, summary)
    drawn_here = files(run)
    shutil.rmtree(run / "figures")
    with Drawing(run, ahead=True) as drawing, never_here():
        drawing.begin()
        drawing.finish(summary)
    assert files(run) == drawn_here


def test_a_process_that_was_killed_is_stood_in_for(run: Path, summary: dict[str, Any]) -> None:
    with Drawing(run, ahead=True) as drawing:
        os.kill(id_of(drawing), signal.SIGKILL)
        drawing.begin()
        drawing.finish(summary)
    assert len(files(run)) == 12  # no events, no answers, no series


def test_a_figure_that_fails_there_fails_here_as_well(run: Path, summary: dict[str, Any]) -> None:
    (run / "figures").write_text("no folder")
    with Drawing(run, ahead=True) as drawing:
        drawing.begin()
        with pytest.raises(FileExistsError):
            drawing.finish(summary)


def test_nothing_is_drawn_or_left_if_it_is_not_told_to(run: Path) -> None:
    with Drawing(run, ahead=True) as drawing:
        process = id_of(drawing)
    assert not (run / "figures").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_it_ends_with_a_parent_that_is_killed(run: Path) -> None:
    start = "import sys, time; from pathlib import Path;"
    start += "from corridor.experiments.run.drawing import Drawing;"
    start += "d = Drawing(Path(sys.argv[1]), ahead=True); print(d._process.pid, flush=True);"
    parent = subprocess.Popen(
        [sys.executable, "-c", start + "time.sleep(60)", str(run)],
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 20
    while _lives(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lives(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_what_is_computed_is_drawn_before_it_is_told_to(run: Path, summary: dict[str, Any]) -> None:
    handmade_answers.write_answers(run)
    rates = ("capacity", "capacity-map")  # of runs that promise some
    early = [name for name, kind in KINDS.items() if kind.foreseen and name not in rates]
    with Drawing(run, ahead=True) as drawing, never_here():
        deadline = time.monotonic() + 300
        while not all((run / "figures" / f"{name}-column.png").exists() for name in early):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert not (run / "figures" / "rtt-ecdf.pdf").exists()
        drawing.begin()
        drawing.finish(summary)
    drawn = files(run)
    shutil.rmtree(run / "figures")
    draw_figures(run, summary)
    assert files(run) == drawn
