"""The section of a run's page on workloads: figures with intervals, and how they are scaled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import handmade_run
import handmade_workloads
from corridor.experiments.pages.workloads import Workloads, workloads_of
from corridor.experiments.results.messages import MESSAGES_FILE, read_messages, rounds_of
from corridor.experiments.results.results import read_plan, summarise


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Workloads:
    folder = tmp_path_factory.mktemp("workloads") / "run"
    handmade_workloads.write_run(folder)
    summary: Any = summarise(folder, read_plan(folder), handmade_run.FACTS)
    rounds = rounds_of(read_messages(folder / MESSAGES_FILE))
    found = workloads_of(summary, rounds, handmade_workloads.START_NS)
    assert found is not None
    return found


def test_each_workload_has_its_figures_intervals_and_how_it_is_scaled(told: Workloads) -> None:
    chat, saves, backup = told.rows
    assert (chat.done, chat.in_time) == ("60 of 60", "")
    assert chat.took[0].value == "50 ms"
    assert chat.took[0].interval == "", "rounds take 50 ms, then 250: no sample of one median"
    assert saves.took[0].interval == "", "three rounds"
    assert [one.value for one in chat.took[1:]] == ["–", "–"], "60 rounds carry no tail"
    assert (saves.done, saves.in_time) == ("3 of 4", "2 of 4")
    assert saves.notes == ("Octets are times 3e-06.",)
    assert saves.what == "checkpoint by tcp cubic, time compressed 900 times"
    assert backup.what.endswith(", in the background")


def test_what_is_kept_back_is_said(told: Workloads) -> None:
    assert told.said[-1] == "Policies blocked 1 round. No other number includes them."


def test_classes_are_told_before_while_and_after(told: Workloads) -> None:
    assert told.stretches == ["before dig", "dig", "after dig"]
    infer = dict(told.classes)["infer"]
    assert [cell.took for cell in infer] == ["50 ms", "250 ms", "~250 ms"]
    assert infer[0].more[0] == "30 of 30 rounds"


def test_rounds_are_drawn_at_their_start_and_late_ones_marked(told: Workloads) -> None:
    assert told.chart is not None
    ckpt, infer = told.chart.rows
    assert dict(ckpt.paths)["dots"].count("M") == 2
    assert dict(ckpt.paths)["lost"].count("M") == 2
    assert dict(infer.paths)["dots"].count("M") == 60
    assert dict(infer.paths)["mid"].count("M") == 3


def test_a_run_without_workloads_has_no_such_section(tmp_path: Path) -> None:
    handmade_run.write_run(tmp_path)
    summary: Any = summarise(tmp_path, read_plan(tmp_path), handmade_run.FACTS)
    assert workloads_of(summary, [], 0) is None
