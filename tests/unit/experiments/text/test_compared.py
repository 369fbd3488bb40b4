"""Two runs side by side: corridor compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import handmade_run
import handmade_workloads
from corridor.experiments import cli
from corridor.experiments.account.summary import read_summary
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.text.comparison_text import class_pairs, classes_compared, told_runs
from described import wrong
from typed_summary import typed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("workloads") / "lawful"
    handmade_workloads.write_run(found)
    summarise(found, read_plan(found), handmade_run.FACTS)
    return found


@pytest.fixture
def summary(folder: Path) -> Any:
    return read_summary(folder / "summary.json")


def slower(summary: Any) -> Any:
    found = summary.to_json()
    for one in found["workloads"]["classes"]:
        if one["class"] == "infer":
            one["completion_ms"]["p50"] = 75.0
    found["policies"] = "other"
    return typed(found)


def test_what_differs_stands_before_and_after_an_arrow(summary: Any) -> None:
    other = slower(summary)
    head = told_runs(summary, other, ("lawful", "free"))
    assert head.splitlines() == [
        "lawful: handmade, policy set none, seed 7",
        "-> free: handmade, policy set other, seed 7",
    ]
    said = classes_compared(summary, other, None)
    line = next(line for line in said.splitlines() if "whole run" in line and "50 ms" in line)
    assert "50 ms -> 75 ms" in line
    assert said.count("->") == 1, "all else is the same"


def test_every_class_has_all_parts_of_the_run(summary: Any) -> None:
    found = [(pair.data_class, pair.when) for pair in class_pairs(summary, summary)]
    whens = ["whole run", "before dig", "dig", "after dig"]
    assert found == [
        (name, when) for name in ("ckpt", "infer", "dr") for when in whens
    ] or found == [(name, when) for name in ("infer", "ckpt", "dr") for when in whens]


def test_the_command_prints_all_figures_as_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", str(folder), str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert wrong("compare-answer", document) == []
    first = document["classes"][0]
    assert first["one"] == first["other"]
    assert first["when"] == "whole run"


def test_of_a_run_without_workloads_demands_are_compared(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handmade_run.write_run(tmp_path / "bare")
    summarise(tmp_path / "bare", read_plan(tmp_path / "bare"), handmade_run.FACTS)
    assert cli.main(["compare", str(folder), str(tmp_path / "bare")]) == 0
    said = capsys.readouterr().out
    assert "in time" not in said
    assert "3 demands the same in both" in said
