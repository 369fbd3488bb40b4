"""Tests that look at one run share it, in processes side by side, too."""

import multiprocessing
import time

import pytest

import corridor_runs
from corridor_runs import Result, run_once


def pretend(monkeypatch, code=0):
    """Have each run leave a file more in its folder, after a while."""

    def run(folder, scenario, *words, client):
        folder.mkdir()
        time.sleep(0.2)
        with (folder.parent / "runs").open("a") as runs:
            runs.write(f"{scenario.name} {words[-1]}\n")
        return Result(folder, code, "said", "")

    monkeypatch.setattr(corridor_runs, "run", run)


def test_a_run_takes_place_once_whoever_asks(tmp_path, monkeypatch):
    pretend(monkeypatch)
    ask = multiprocessing.get_context("fork").Process
    asking = [ask(target=run_once, args=(tmp_path, "timing", "--seed", "2")) for _ in range(2)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    ran = run_once(tmp_path, "timing", "--seed", "2")
    assert (ran.code, ran.said, ran.folder.is_dir()) == (0, "said", True)
    assert (ran.folder.parent / "runs").read_text() == "timing.yaml 2\n"
    assert run_once(tmp_path, "timing").folder != ran.folder


def test_a_run_that_fails_is_not_shared(tmp_path, monkeypatch):
    pretend(monkeypatch, code=4)
    for number in (1, 2):
        with pytest.raises(AssertionError, match="timing: exit 4"):
            run_once(tmp_path, "timing")
        assert len((tmp_path / "timing/runs").read_text().splitlines()) == number
