"""Rows of streams and transfers in the figure of events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_figures_of_events import ALL

import handmade_run
from corridor.experiments.figures import timeline as rates
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.style import TEXT, lay_out, style
from corridor.experiments.figures.timeline import Rate
from corridor.experiments.figures.timeline import draw as timeline
from corridor.experiments.results.results import read_plan, summarise
from drawn_texts import assert_apart, assert_legible, visible_texts


@pytest.fixture
def run(tmp_path: Path) -> Path:
    handmade_run.write_run(tmp_path / "run")
    handmade_run.write_series(tmp_path / "run" / "raw")
    return tmp_path / "run"


@pytest.fixture
def summary(run: Path) -> Any:
    return replace(summarise(run, read_plan(run), handmade_run.FACTS), events=tuple(ALL))


def drawn(summary: Any, run: Path) -> Any:
    with style():
        figure = timeline(RunData(run, summary), TEXT)
        assert figure is not None
        lay_out(figure)
    return figure


def rates_of(run: Path, end_s: float, summary: Any) -> list[Rate]:
    return rates.rates_of(RunData(run, summary).tracks, end_s, summary.demands)


def texts(figure: Any) -> list[str]:
    return [text.get_text() for text in visible_texts(figure)]


def test_flows_are_rows_below_those_of_probes_until_the_last_of_them_ends(
    run: Path, summary: Any
) -> None:
    figure = drawn(summary, run)
    said = texts(figure)
    assert "near: shanghai → guian, UDP stream in bins of 10 ms" in said
    assert "far: shanghai → karachi, TCP transfer in bins of 100 ms" in said
    assert {"throughput", "sent", "packets lost or sent again"} <= set(said)
    assert [axes.get_ylabel() for axes in figure.axes[1:]] == ["RTT (ms)"] * 2 + ["Mbit/s"] * 2
    assert figure.axes[-1].get_xlim() == pytest.approx((0, 0.4))
    told = [axes.get_xlabel() for axes in figure.axes[1:]]
    assert told == ["", "", "", "time since probing began (s)"]


def test_a_rate_is_what_its_series_says(run: Path, summary: Any) -> None:
    far, near = rates_of(run, 0.2, replace(summary, demands=summary.demands[::-1]))
    assert (near.demand, near.protocol, near.width_ns) == ("near", "udp", 10_000_000)
    assert [one.value for one in near.delivered] == [5, 10, 5, 5, 5]
    assert [one.value for one in near.sent] == [10, 19, 0, 10, 0]
    assert near.missing_s == pytest.approx([0.015])
    assert [one.value for one in far.delivered] == pytest.approx([10, 10, 5, 5])
    assert rates.end_of([far, near]) == pytest.approx(0.4)


def test_long_axes_have_wider_bins(run: Path, summary: Any) -> None:
    near, far = rates_of(run, 100.0, summary)
    assert (near.width_ns, far.width_ns) == (500_000_000, 500_000_000)


def test_flows_after_all_events_and_probes_are_left_out(run: Path, summary: Any) -> None:
    assert [one.demand for one in rates_of(run, 0.04, summary)] == ["near"]


def test_more_flows_than_rows_are_counted_in_the_caption(
    run: Path, summary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "MAX_RATES", 1)
    said = texts(drawn(summary, run))
    assert not any("UDP stream" in text for text in said), "far was out for longer"
    assert any("1 of 2 flows" in text for text in said)


@pytest.mark.parametrize("fault", ["missing", "another"])
def test_without_a_table_of_this_version_there_are_no_rates(
    run: Path, summary: Any, fault: str
) -> None:
    (run / "series.parquet").unlink()
    if fault == "another":
        (run / "flows.parquet").rename(run / "series.parquet")
    assert rates_of(run, 1.0, summary) == []
    assert "throughput" not in texts(drawn(summary, run))


def test_no_text_is_small_leaves_the_figure_or_covers_another(run: Path, summary: Any) -> None:
    figure = drawn(summary, run)
    assert_legible(figure)
    assert_apart(figure)
