"""A study's remaining time follows from finished cells; the dashboard shows the requirements."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import distributed
import pytest

from corridor.experiments import cli
from corridor.experiments.study import running
from corridor.experiments.study.reading import Progress
from corridor.experiments.study.worker import Ran
from corridor.experiments.terminal.live import LiveLines
from corridor.topologies.base.errors import EnvironmentUnsupported

CELL: Any = SimpleNamespace(title="law th, seed 1")


def ran(wall_s: float, state: Any = "valid") -> Ran:
    return Ran("a", state, "late" * (state != "valid"), wall_s, "here", b"")


def test_the_first_of_two_at_once_does_not_double_what_is_left() -> None:
    said: list[str] = []
    progress = Progress(10, said.append, lambda: 2)
    progress.step(CELL, ran(60))
    assert progress.left_s() == pytest.approx(60 * 4.5), "nine cells, one of which is half done"
    assert said == ["1 of 10, about 4 min left: law th, seed 1"]


def test_nothing_is_left_in_the_end_and_what_failed_is_named() -> None:
    said: list[str] = []
    progress = Progress(2, said.append, lambda: 4)
    progress.step(CELL, ran(5))
    assert progress.left_s() == pytest.approx(2.5)
    progress.step(CELL, ran(5, "invalid"))
    assert progress.left_s() == 0
    assert said[-1] == "2 of 2: law th, seed 1 invalid: late"


def test_workers_that_come_make_the_rest_shorter() -> None:
    at_once = 1
    progress = Progress(9, lambda _: None, lambda: at_once)
    progress.step(CELL, ran(10))
    alone = progress.left_s()
    at_once = 8
    assert progress.left_s() < alone / 8


def test_a_terminal_has_a_line_of_what_runs_waits_and_is_spoilt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(LiveLines, "doing", lambda _, text: shown.append(text))
    monkeypatch.setattr(LiveLines, "__call__", lambda *_: None)
    progress = Progress(5, LiveLines(None), lambda: 2)  # type: ignore[arg-type]
    progress.step(CELL, ran(30, "failed"))
    assert shown == [
        "2 cells run, 3 wait, 0 done",
        "2 cells run, 2 wait, 1 done, 1 failed or not valid, about 45 s left",
    ]


def test_a_dashboard_without_bokeh_is_refused_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(running, "find_spec", lambda _: None)
    assert cli.main(["study", "run", "no-such-file.yaml", "--dashboard"]) == 3
    assert "Dask's dashboard needs bokeh" in capsys.readouterr().err
    assert cli.main(["study", "scheduler", "--dashboard"]) == 3


def test_a_cluster_without_workers_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    real, made = distributed.LocalCluster, []

    def first_without_workers(*, n_workers: int, **options: Any) -> distributed.LocalCluster:
        made.append(n_workers if made else 0)
        return real(n_workers=made[-1], **options)

    monkeypatch.setattr(distributed, "LocalCluster", first_without_workers)
    monkeypatch.setattr(running, "START_S", 0.5)
    with running.cluster(None, 1) as client:
        assert client.submit(sum, [1, 2]).result() == 3
    assert made == [0, 1]


def test_workers_that_never_start_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = distributed.LocalCluster
    monkeypatch.setattr(
        distributed, "LocalCluster", lambda **options: real(**{**options, "n_workers": 0})
    )
    monkeypatch.setattr(running, "START_S", 0.1)
    with (
        pytest.raises(EnvironmentUnsupported, match="no worker started on this machine, 3 times"),
        running.cluster(None, 1),
    ):
        pass


def test_workers_that_somebody_starts_rest_as_those_of_the_command_do() -> None:
    ask = (
        "import dask, distributed\n"
        f"print([dask.config.get(key) for key in {list(running.RESTING)}])"
    )
    said = subprocess.run(
        [sys.executable, "-c", ask],
        env={**os.environ, **running.resting_environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == str(list(running.RESTING.values()))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--scheduler", "tcp://10.0.0.1:8786"], "the dashboard of a scheduler that runs"),
        (["--array", "1/2"], "--array runs cells here, without workers"),
    ],
)
def test_a_dashboard_is_of_workers_of_this_command(
    more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["study", "run", "no-such-file.yaml", "--dashboard", *more]) == 2
    assert said in capsys.readouterr().err
