"""Figures of what flows put on fibres, how it delays them, and of what events changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_figures_of_events import CUT, event, hit

import handmade_run
from corridor.experiments.figures import fibre_use, throughput
from corridor.experiments.figures.before_after import before_after
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.registry import KINDS
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
    found = {(one.fibre, one.from_hub): one for one in fibre_use.read_loads(run)}
    assert set(found) == {("one", "shanghai"), ("two", "guian")}
    assert set(found["two", "guian"].by) == {"far"}
    assert found["two", "guian"].most == pytest.approx(1.0)
    assert found["two", "guian"].mean == pytest.approx(0.75)
    assert set(found["one", "shanghai"].by) == {"near", "far"}
    assert found["one", "shanghai"].most == pytest.approx(1.3)  # 3 of near in its bin of 0.1 s
    assert found["one", "shanghai"].rate_bps == 10_000_000
    assert fibre_use.most_by_fibre(list(found.values())) == pytest.approx({"one": 1.3, "two": 1.0})


def test_the_title_names_the_fullest_fibre_and_who_fills_it(run: RunData) -> None:
    figure = drawn("fibre-use", run)
    assert title(figure).startswith("Highest utilization: one, 82 % on average (91 % far)")
    assert title(figure).endswith("; 2 of 2 directions reach 90 %")
    assert "one from shanghai" in texts(figure)
    assert any("flows on their planned paths" in text for text in texts(figure))


def test_a_run_whose_plan_cannot_be_read_has_no_loads(run: RunData) -> None:
    (run.out_dir / "raw" / "plan.json").write_text("{")
    assert fibre_use.read_loads(run) == []
    assert drawn("fibre-use", run) is None


def test_a_run_without_flows_has_neither_loads_nor_delays(tmp_path: Path) -> None:
    handmade_run.write_run(tmp_path / "run")
    summary = summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)
    (tmp_path / "run" / "series.parquet").unlink(missing_ok=True)
    run = RunData(tmp_path / "run", summary)
    assert drawn("fibre-use", run) is None
    assert throughput.read_waits(run) == {}


def test_delays_are_above_that_of_the_fastest_packet(
    run: RunData, monkeypatch: pytest.MonkeyPatch
) -> None:
    delays = [value for _, value in _delays(run)]
    monkeypatch.setattr(throughput, "_fastest_ms", lambda _: {"near": min(delays) - 0.5})
    ((name, wait),) = throughput.read_waits(run).items()
    assert name == "near"
    assert wait.p99_ms == pytest.approx(max(delays) - min(delays) + 0.5)
    assert 0.5 <= wait.p50_ms <= wait.p99_ms
    figure = drawn("throughput", run)
    said = f"; queues delay packets by up to {wait.p99_ms:.3g} ms one way"
    assert title(figure).endswith(said)
    beside = f"delayed by {wait.p50_ms:.3g} ms, 99 % at most {wait.p99_ms:.3g} ms"
    assert sum(text.endswith(beside) for text in texts(figure)) == 1


def _delays(run: RunData) -> list[tuple[float, float]]:
    from corridor.experiments.results import measures

    width_ns = max(track.width_ns for track in run.tracks if track.protocol == "udp")
    bins = measures.of_flow(run.tracks, "near", "stream_forward_ms", width_ns)
    return [(at_s, value) for at_s, value in bins if value is not None]


def test_load_that_delays_nothing_is_not_in_the_title(
    run: RunData, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = {"near": throughput.Wait(0.0, 0.001)}
    monkeypatch.setattr(throughput, "read_waits", lambda _: waits)
    assert "queues delay" not in title(drawn("throughput", run))


def test_streams_of_which_no_packet_was_timed_have_no_delay(run: RunData) -> None:
    (run.out_dir / "flows.parquet").unlink()
    assert throughput.read_waits(run) == {}


def changed(run: RunData, *events: Any) -> RunData:
    return RunData(run.out_dir, replace(run.summary, events=events))


def test_the_event_that_changed_a_demand_most_is_told(run: RunData) -> None:
    figure = drawn("before-after", changed(run, CUT, DRAIN))
    assert title(figure) == (
        "Events changed the RTT of 2 demands, near most: +5 ms (cut one); "
        "longest outage 30 ms (cut one)"
    )
    said = texts(figure)
    assert "+5 ms, out 30 ms (predicted: 20 ms), cut one" in said
    assert "+4.25 ms, drain two; out 20 ms (predicted: 20 ms), cut one" in said
    assert any("3 demands, 1 without a change not shown" in text for text in said)


def test_events_of_one_name_are_told_apart_by_their_time(run: RunData) -> None:
    figure = drawn("before-after", changed(run, CUT, replace(CUT, at_ms=500.0, hits=())))
    assert "out 20 ms (predicted: 20 ms), cut one at 20 ms" in texts(figure)


def test_demands_without_an_answer_meanwhile_come_first(run: RunData) -> None:
    figure = drawn("before-after", changed(run, CUT, BLACKOUT))
    assert title(figure) == (
        "1 demand had no reply during an event; "
        "events changed the RTT of 1 demand, near most: +5 ms (cut one); "
        "longest outage 100 ms (hub guian)"
    )
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["far", "near"]
    assert [line.get_marker() for line in figure.axes[0].lines].count("x") == 1


def test_events_that_changed_nothing_have_no_figure(run: RunData) -> None:
    assert before_after(replace(run.summary, events=()), TEXT) is None
    calm = event("cut", "one", 20.0, 60.0, hit(), hit("far", rtt_before_ms=None))
    assert before_after(replace(run.summary, events=(calm,)), TEXT) is None


@WIDTHS
@pytest.mark.parametrize("name", ["fibre-use", "throughput", "before-after"])
def test_no_text_is_small_leaves_the_figure_or_covers_another(
    run: RunData, name: str, width: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput, "_fastest_ms", lambda _: {"near": 0.1})
    figure = drawn(name, changed(run, CUT, DRAIN, BLACKOUT), width)
    assert_legible(figure)
    assert_apart(figure, high_px=3)
