"""Intervals and patterns of loss next to a run's measurements of its demands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import handmade_run
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.text.run_text import sampling_lines
from typed_summary import typed


@pytest.fixture
def summary(tmp_path: Path) -> Any:
    handmade_run.write_run(tmp_path / "run")
    return summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)


def test_too_small_a_sample_says_what_it_lacks(summary: Any) -> None:
    near = next(one for one in summary.demands if one.id == "near").sample
    assert near.left_out["p99"] == "needs 1000 values, and there are 2"
    assert near.rtt_ms == {"p50": None, "p95": None, "p99": None}
    assert near.loss == pytest.approx([0.0676, 0.9324], abs=1e-4), "2 of 4"


def test_losses_are_told_by_runs(summary: Any) -> None:
    near, silent, far = (one.sample for one in summary.demands)
    assert near.losses.periods == 1
    assert near.losses.longest == 2, "3 and 4, one after another"
    assert silent.losses.mean_burst == 1.0
    assert far.losses is None


def test_a_line_or_two_below_the_tables_say_it(summary: Any) -> None:
    assert sampling_lines(summary) == (
        "too few replies: p50 of 2 demands (needs 20), p95 of 2 demands (needs 200), "
        "p99 of 2 demands (needs 1000)\n"
        "losses form 1 burst in 1 demand; longest burst: 2 probes (near)"
    )
    plain = summary.to_json()
    sample = plain["demands"][0]["sample"]
    sample["rtt_ms"]["p50"], sample["left_out"] = [10.0, 10.5], {}
    sample["no_interval"], sample["correlated_s"] = ["p95"], 0.4512
    first, none, few, _ = sampling_lines(typed(plain)).splitlines()
    assert none == (
        "no interval for p95 of 1 demand: samples are correlated over up to 0.45 s; "
        "run longer or use several seeds"
    )
    assert first == "95% CI half-width of RTT, maximum: p50 +-250 us"
    assert few.startswith("too few replies: p50 of 1 demand (needs 20)")
