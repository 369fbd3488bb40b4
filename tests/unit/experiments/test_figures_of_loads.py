"""Figures of what flows put on fibres, how it delays them, and of what events changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_figures_of_events import CUT, event, hit

import handmade_run
from corridor.experiments.figures import latency_load, loads
from corridor.experiments.figures.before_after import before_after
from corridor.experiments.figures.registry import KINDS
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import COLUMN, TEXT, lay_out, style
from corridor.experiments.results.results import read_plan, summarise
from drawn_texts import assert_apart, assert_legible, visible_texts

WIDTHS = pytest.mark.parametrize("width", [TEXT, COLUMN], ids=["text", "column"])
DRAIN = event(*("drain", "two", 100.0, 150.0), hit("far", rtt_then_ms=14.25), hit(rtt_then_ms=9.0))
BLACKOUT = event(
    *("hub", "guian", 200.0, 300.0),
    hit("far", lost=5, out_ms=100.0, rtt_then_ms=None, expected_rtt_then_ms=None),
)


@pytest.fixture
def run(tmp_path: Path) -> RunData:
    out_dir = tmp_path / "run"
    handmade_run.write_run(out_dir)
    handmade_run.write_series(out_dir / "raw")
    return RunData(out_dir, summarise(out_dir, read_plan(out_dir), handmade_run.FACTS))


def drawn(name: str, run: RunData, width: Any = TEXT) -> Any:
    with style():
        figure = KINDS[name].draw(run, width)
        if figure is not None:
            lay_out(figure)
    return figure


def texts(figure: Any) -> list[str]:
    return [" ".join(text.get_text().split("\n")) for text in visible_texts(figure)]


def title(figure: Any) -> str:
    (found,) = [text.get_text() for text in figure.texts if text.get_fontweight() == "bold"]
    return " ".join(found.split("\n"))


def test_fibres_carry_the_sum_of_flows_on_planned_paths(run: RunData) -> None:
    found = {(one.fibre, one.from_hub): one for one in loads.read_loads(run)}
    assert set(found) == {("one", "shanghai"), ("two", "guian")}
    assert found["two", "guian"].demands == ("far",)
    assert found["two", "guian"].most_mbps == pytest.approx(10.0)
    assert found["two", "guian"].mean_mbps == pytest.approx(7.5)
    assert found["one", "shanghai"].demands == ("near", "far")
    assert found["one", "shanghai"].most_mbps == pytest.approx(
        13.0
    )  # 3 of near in its bin of 0.1 s
    assert found["one", "shanghai"].rate_mbps == 10.0


def test_the_title_names_the_fullest_fibre_and_its_share(run: RunData) -> None:
    said = texts(drawn("utilisation", run))
    assert "2 of 2 directions are 90 % full or more, 130 % at most" in said
    assert "13 of 10 Mbit/s near, far" in said
    assert "one from shanghai" in said


def test_a_run_whose_plan_cannot_be_read_has_no_loads(run: RunData) -> None:
    (run.out_dir / "raw" / "plan.json").write_text("{")
    assert loads.read_loads(run) == []
    assert drawn("utilisation", run) is None


def test_a_run_without_flows_has_neither_loads_nor_delays(tmp_path: Path) -> None:
    handmade_run.write_run(tmp_path / "run")
    summary = summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)
    (tmp_path / "run" / "series.parquet").unlink(missing_ok=True)
    run = RunData(tmp_path / "run", summary)
    assert drawn("utilisation", run) is None
    assert drawn("latency-load", run) is None


def test_delays_are_above_that_of_the_fastest_packet(
    run: RunData, monkeypatch: pytest.MonkeyPatch
) -> None:
    delays = [value for _, value in _delays(run)]
    monkeypatch.setattr(latency_load, "_fastest_ms", lambda _: {"near": min(delays) - 0.5})
    (point,) = latency_load.read_points(run)
    assert point.demand == "near"
    assert point.offered_percent == pytest.approx(120.0)
    assert point.p99_ms == pytest.approx(max(delays) - min(delays) + 0.5)
    assert 0.5 <= point.p50_ms <= point.p99_ms
    said = texts(drawn("latency-load", run))
    assert "near" in said
    assert title(drawn("latency-load", run)) == (
        f"Load delays packets by up to {point.p99_ms:.3g} ms one way, "
        "at 120 % of the bottleneck (near)"
    )


def _delays(run: RunData) -> list[tuple[float, float]]:
    from corridor.experiments.results import measures

    width_ns = max(track.width_ns for track in run.tracks if track.protocol == "udp")
    bins = measures.of_flow(run.tracks, "near", "stream_forward_ms", width_ns)
    return [(at_s, value) for at_s, value in bins if value is not None]


def test_load_that_delays_nothing_is_said_to(run: RunData, monkeypatch: pytest.MonkeyPatch) -> None:
    points = [latency_load.LoadPoint("near", 50.0, 0.0, 0.001)]
    monkeypatch.setattr(latency_load, "read_points", lambda _: points)
    said = texts(drawn("latency-load", run))
    assert "Load up to 50 % of the bottleneck delays no stream" in said


def test_streams_of_which_no_packet_was_timed_are_no_points(run: RunData) -> None:
    (run.out_dir / "flows.parquet").unlink()
    assert latency_load.read_points(run) == []


def changed(run: RunData, *events: Any) -> RunData:
    return RunData(run.out_dir, {**run.summary, "events": list(events)})


def test_the_event_that_changed_a_demand_most_is_told(run: RunData) -> None:
    figure = drawn("before-after", changed(run, CUT, DRAIN))
    assert title(figure) == (
        "Events changed the round trip of 2 demands, near most: +5 ms (cut one)"
    )
    said = texts(figure)
    assert "+5 ms, cut one" in said
    assert "+4.25 ms, drain two" in said
    assert any("3 demands, 1 without a change not shown" in text for text in said)


def test_events_of_one_name_are_told_apart_by_their_time(run: RunData) -> None:
    figure = drawn("before-after", changed(run, CUT, {**CUT, "at_ms": 500.0, "hits": []}))
    assert "+5 ms, cut one at 20 ms" in texts(figure)


def test_demands_without_an_answer_meanwhile_come_first(run: RunData) -> None:
    figure = drawn("before-after", changed(run, CUT, BLACKOUT))
    assert title(figure) == (
        "1 demand had no answer while an event lasted; "
        "1 took another round trip, near most: +5 ms (cut one)"
    )
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["far", "near"]
    assert [line.get_marker() for line in figure.axes[0].lines].count("x") == 1


def test_events_that_changed_nothing_have_no_figure(run: RunData) -> None:
    assert before_after({**run.summary, "events": []}, TEXT) is None
    calm = event("cut", "one", 20.0, 60.0, hit(), hit("far", rtt_before_ms=None))
    assert before_after({**run.summary, "events": [calm]}, TEXT) is None


@WIDTHS
@pytest.mark.parametrize("name", ["utilisation", "latency-load", "before-after"])
def test_no_text_is_small_leaves_the_figure_or_covers_another(
    run: RunData, name: str, width: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency_load, "_fastest_ms", lambda _: {"near": 0.1})
    figure = drawn(name, changed(run, CUT, DRAIN, BLACKOUT), width)
    assert_legible(figure)
    assert_apart(figure, high_px=3)
