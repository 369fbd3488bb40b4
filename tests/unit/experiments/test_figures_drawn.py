"""Figures as files: same bytes, nothing cut off, nothing below 7 pt, partial data drawn too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

import handmade_run
from corridor.experiments.figures import data, draw_figures
from corridor.experiments.figures.demand_ranges import demand_ranges
from corridor.experiments.figures.registry import KINDS
from corridor.experiments.figures.rtt_ecdf import rtt_ecdf
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import COLUMN, TEXT, lay_out, style
from corridor.experiments.figures.throughput import throughput
from corridor.experiments.results.results import read_plan, summarise
from drawn_texts import assert_apart, assert_legible, visible_texts
from typed_summary import typed

CITIES = ("shanghai", "guian", "karachi")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    handmade_run.write_run(tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def summary(run: Path) -> dict[str, Any]:
    return summarise(run, read_plan(run), handmade_run.FACTS).to_json()


def figures_of(run: Path, summary: dict[str, Any], *names: str) -> dict[str, Any]:
    """All figures, or those named, arranged but not written; None for those that are left out."""
    of = typed(summary)
    demands = of.demands
    groups = data.group_demands(demands, data.read_places(run))

    def ecdf(*width: Any) -> Any:
        return rtt_ecdf(of, groups, data.read_rtt_ms(run, len(demands)), *width)

    kinds: dict[str, Callable[[], Any]] = {
        "rtt-ecdf": ecdf,
        "demand-ranges": lambda: demand_ranges(of, groups),
        "throughput": lambda: throughput(of, {}),
        "rtt-ecdf-column": lambda: ecdf(COLUMN),
        "throughput-column": lambda: throughput(of, {}, COLUMN),
    }
    with style():
        figures = {name: kinds[name]() for name in names or kinds}
        for figure in filter(None, figures.values()):
            lay_out(figure)
    return figures


def many_demands(summary: dict[str, Any], count: int) -> dict[str, Any]:
    """As many rows as the reference run has, and more; every fifth unanswered."""
    template = next(demand for demand in summary["demands"] if demand["id"] == "near")
    demands = []
    for number in range(count):
        rtt = 5.0 + 3 * number
        measured = {"min": rtt + 0.01, "p50": rtt + 0.02, "p99": rtt + 0.1, "max": rtt + number}
        entry = template | {
            "id": f"results-qingyang-frankfurt-{number}",
            "predicted_rtt_ms": rtt,
            "rtt_ms": None if number % 5 == 4 else measured,
            "src": CITIES[number % 3],
            "dst": CITIES[(number + 1) % 3],
            "crosses": ["CN", "PK"],
        }
        demands.append(entry)
    return summary | {"demands": demands}


def test_figures_are_png_of_one_width_unless_more_is_asked_for(
    run: Path, summary: dict[str, Any]
) -> None:
    """This run has no events, no answers and no series."""

    def names(**asked: Any) -> list[str]:
        written = draw_figures(run, typed(summary), **asked)
        assert all(path.stat().st_size > 5000 for path in written)
        return [path.relative_to(run / "figures").as_posix() for path in written]

    ranges = "verification/demand-ranges"
    assert names() == [f"{name}.png" for name in ("rtt-ecdf", "throughput", ranges)]
    assert names(formats=("pdf", "png"), widths=(TEXT, COLUMN)) == [
        f"{name}.{suffix}"
        for name in (
            *("rtt-ecdf", "rtt-ecdf-column", "throughput", "throughput-column"),
            ranges,
        )
        for suffix in ("pdf", "png")
    ]


def test_figures_are_the_same_bytes_for_the_same_data(run: Path, summary: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"formats": ("pdf", "png"), "widths": (TEXT, COLUMN)}
    first = {path.name: path.read_bytes() for path in draw_figures(run, typed(summary), **asked)}
    with mpl.rc_context({"font.size": 20, "lines.linewidth": 9, "axes.grid": False}):
        again = {
            path.name: path.read_bytes() for path in draw_figures(run, typed(summary), **asked)
        }
    assert first == again
    for name, content in first.items():
        assert b"CreationDate" not in content, name


def test_figures_leave_the_settings_of_matplotlib_alone(run: Path, summary: dict[str, Any]) -> None:
    before = dict(mpl.rcParams)
    draw_figures(run, typed(summary))
    assert dict(mpl.rcParams) == before


def test_figures_of_an_empty_run_are_its_predictions(run: Path, summary: dict[str, Any]) -> None:
    for demand in summary["demands"]:
        demand["rtt_ms"] = None
        demand.pop("flows", None)
    (run / "probes.parquet").unlink()
    names = [path.name for path in draw_figures(run, typed(summary))]
    assert names == ["demand-ranges.png"]


def test_a_figure_of_an_earlier_drawing_does_not_stay(run: Path, summary: dict[str, Any]) -> None:
    draw_figures(run, typed(summary), formats=("pdf",))
    assert (run / "figures" / "throughput.pdf").exists()
    for demand in summary["demands"]:
        demand.pop("flows", None)
    draw_figures(run, typed(summary))
    assert not (run / "figures" / "throughput.pdf").exists()


def test_a_figure_that_was_merged_into_another_does_not_stay(
    run: Path, summary: dict[str, Any]
) -> None:
    old = run / "figures" / "verification" / "predicted-measured.png"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"")
    draw_figures(run, typed(summary))
    assert not old.exists()


def test_no_demands_draw_nothing(run: Path, summary: dict[str, Any]) -> None:
    assert draw_figures(run, typed(summary | {"demands": []})) == []


def test_a_demand_without_replies_is_marked_as_such(run: Path, summary: dict[str, Any]) -> None:
    figures = figures_of(run, summary)
    ranges = [text.get_text().strip() for text in visible_texts(figures["demand-ranges"])]
    assert ranges.count("no reply") == 1


def test_every_statistic_is_at_its_place(run: Path, summary: dict[str, Any]) -> None:
    for number, p50 in ((0, 10.00075), (2, 50.001)):
        summary["demands"][number]["rtt_ms"]["p50"] = p50  # of more than they have
    right = figures_of(run, summary, "demand-ranges")["demand-ranges"].axes[1]
    drawn = {line.get_marker(): list(line.get_xdata()) for line in right.lines}
    assert drawn["<"] == pytest.approx([0.75, 0.0])  # near and far, in microseconds
    assert drawn[">"] == pytest.approx([3.0, 2.0])
    assert drawn["o"] == pytest.approx([0.75, 1.0])


def test_throughput_says_rates_losses_and_where(run: Path, summary: dict[str, Any]) -> None:
    (stream,), (transfer,) = (summary["demands"][number]["flows"] for number in (0, 2))
    stream["lost_at"] = {"one:shanghai->guian queue": 10}
    transfer["lost_at"] = {"two:karachi->guian random loss": 3}
    texts = [
        text.get_text()
        for text in visible_texts(figures_of(run, summary, "throughput")["throughput"])
    ]
    assert (
        "offered 12, delivered 10, bottleneck 10 Mbit/s\n"
        "loss 10 %: 10 of 100 packets\n"
        "10 at one:shanghai→guian queue"
    ) in texts
    assert (
        "delivered 5, bottleneck 10 Mbit/s\n"
        "3 segments sent again\n"
        "3 at two:karachi→guian random loss"
    ) in texts
    assert "Flows deliver 50.0 to 100.0 % of the bottleneck" in texts


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"error": "no route to host"}, "failed: no route to host"),
        ({"delivered": None, "loss": None, "lost_at": None}, "loss not known"),
        ({"lost_at": {"a": 1, "b": 5, "c": 2}}, "5 at b and 2 other places"),
    ],
)
def test_throughput_of_a_flow_that_went_wrong_is_told(
    run: Path, summary: dict[str, Any], changes: dict[str, Any], told: str
) -> None:
    summary["demands"][0]["flows"][0] |= changes
    texts = [
        text.get_text()
        for text in visible_texts(figures_of(run, summary, "throughput")["throughput"])
    ]
    assert any(told in text for text in texts), texts


@pytest.mark.parametrize("count", [1, 46, 150])
def test_no_text_is_small_or_leaves_the_figure(
    run: Path, summary: dict[str, Any], count: int
) -> None:
    for figure in figures_of(run, many_demands(summary, count)).values():
        assert_legible(figure)


def test_no_two_texts_of_the_ranges_overlap(run: Path, summary: dict[str, Any]) -> None:
    figure = figures_of(run, many_demands(summary, 46), "demand-ranges")["demand-ranges"]
    assert_apart(figure, high_px=2)


def test_beyond_the_most_rows_those_that_stray_least_are_left_out(
    run: Path, summary: dict[str, Any]
) -> None:
    figure = figures_of(run, many_demands(summary, 150), "demand-ranges")["demand-ranges"]
    texts = [text.get_text() for text in visible_texts(figure)]
    named = {text for text in texts if text.startswith("results-")}
    assert len(named) == data.MAX_ROWS
    assert "results-qingyang-frankfurt-148" in named
    assert "results-qingyang-frankfurt-4" in named  # no reply
    assert "results-qingyang-frankfurt-0" not in named
    assert any(
        "the 120 of 150 demands with the largest deviations, 30 without" in text for text in texts
    )


def test_tails_that_need_it_get_a_scale_that_says_so(run: Path, summary: dict[str, Any]) -> None:
    summary["demands"][0]["rtt_ms"] |= {"p50": 10.00075, "max": 10.503}
    right = figures_of(run, summary, "demand-ranges")["demand-ranges"].axes[1]
    assert right.get_xscale() == "symlog"
    assert right.get_xlabel().startswith("RTT less predicted RTT (µs)\nlogarithmic beyond ")


def test_what_events_touched_verifies_nothing(run: Path, summary: dict[str, Any]) -> None:
    touched = summary | {"events": [{"hits": [{"demand": "far"}]}]}
    of = RunData(run, typed(touched))
    assert [one.id for one in of.undisturbed.demands] == ["near", "silent"]
    with style():
        figure = KINDS["demand-ranges"].draw(of, TEXT)
    said = [text.get_text() for text in visible_texts(figure)]
    assert "far" not in said
    assert any("2 demands, 1 without reply, those that no event affected" in one for one in said)
