"""What sharing costs, in sentences and as a short table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import handmade_run
import handmade_workloads
from corridor.experiments.results.messages import MESSAGES_FILE, read_messages, rounds_of
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.text.workload_text import (
    Messages,
    classes_table,
    workload_effects_sentence,
    workload_sentence,
)
from typed_summary import changed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("workloads") / "run"
    handmade_workloads.write_run(found)
    return found


@pytest.fixture(scope="module")
def summary(folder: Path) -> Any:
    return summarise(folder, read_plan(folder), handmade_run.FACTS)


@pytest.fixture
def messages(folder: Path, summary: Any) -> Messages:
    return Messages(rounds_of(read_messages(folder / MESSAGES_FILE)), handmade_workloads.START_NS)


def with_hits(summary: Any, *demands: str) -> Any:
    event = {"id": "dig", "kind": "cut", "what": "one", "at_ms": 1500.0, "until_ms": 2500.0}
    return changed(summary, events=[{**event, "hits": [{"demand": one} for one in demands]}])


def test_deadlines_that_are_missed_are_told(summary: Any) -> None:
    said = workload_sentence(summary)
    assert said.startswith("Concurrent workloads: 3; ")
    assert said.endswith("deadlines met: saves 2 of 4.")


def test_a_run_without_workloads_says_nothing(summary: Any) -> None:
    alone = replace(summary, workloads=None)
    assert workload_sentence(alone) == ""
    assert workload_effects_sentence(alone, Messages()) == ""
    assert classes_table(alone) == ""


def test_the_demand_that_an_event_changed_most_is_told(summary: Any, messages: Messages) -> None:
    assert workload_effects_sentence(with_hits(summary, "near", "far"), messages) == (
        "Effect on workloads: during dig, the mean round of near changes from 50 ms to 250 ms."
    )


def test_rounds_that_chance_makes_shorter_while_a_fibre_is_away_are_not_told(
    summary: Any, messages: Messages
) -> None:
    turned = [
        replace(one, from_ms=other.from_ms, until_ms=other.until_ms)
        for one, other in zip(
            summary.workloads.stretches, _swapped(summary.workloads.stretches), strict=True
        )
    ]
    workloads = replace(summary.workloads, stretches=tuple(turned))
    swapped = replace(summary, workloads=workloads)
    assert workload_effects_sentence(with_hits(swapped, "near", "far"), messages) == ""


def _swapped(stretches: Any) -> list[Any]:
    """The earlier and the lasting sharing, swapped."""
    of = {one.when: one for one in stretches}
    other = {"before": of["while"], "while": of["before"]}
    return [other.get(one.when, one) for one in stretches]


def test_demands_that_an_event_did_not_hit_are_not_told(summary: Any, messages: Messages) -> None:
    assert workload_effects_sentence(with_hits(summary, "far"), messages) == ""


def test_classes_have_a_column_for_each_part_of_the_run(summary: Any) -> None:
    head, _, ckpt, infer, *_ = classes_table(summary).splitlines()
    assert head.split()[-5:] == ["before", "dig", "dig", "after", "dig"]
    assert ckpt.split()[:3] == ["ckpt", "3/4", "2/4"]
    assert infer.split()[:2] == ["infer", "60/60"]
    assert infer.split()[-6:] == ["50", "ms", "250", "ms", "~250", "ms"]


def test_what_is_kept_back_is_in_no_number(summary: Any) -> None:
    dr = next(one for one in summary.workloads.workloads if one.id == "backup")
    assert (dr.rounds, dr.kept_back, dr.deadlines) == (0, 1, 0)
