"""Figures as files: same bytes, nothing cut off, nothing below 7 pt, partial data drawn too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

import handmade_run
from corridor.experiments.figures import data, draw_figures
from corridor.experiments.figures.rtt_ecdf import rtt_ecdf
from corridor.experiments.figures.style import COLUMN, TEXT, lay_out, style
from corridor.experiments.figures.throughput import throughput
from corridor.experiments.results.results import read_plan, summarise
from drawn_texts import assert_legible, visible_texts
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

    assert names() == ["rtt-ecdf.png", "throughput.png"]
    assert names(formats=("pdf", "png"), widths=(TEXT, COLUMN)) == [
        f"{name}{width}.{suffix}"
        for name in ("rtt-ecdf", "throughput")
        for width in ("", "-column")
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


def test_an_empty_run_has_no_figures(run: Path, summary: dict[str, Any]) -> None:
    for demand in summary["demands"]:
        demand["rtt_ms"] = None
        demand.pop("flows", None)
    (run / "probes.parquet").unlink()
    assert draw_figures(run, typed(summary)) == []


def test_round_trips_are_next_to_their_prediction(run: Path, summary: dict[str, Any]) -> None:
    axes = figures_of(run, summary, "rtt-ecdf")["rtt-ecdf"].axes[0]
    drawn = [list(line.get_xdata()) for line in axes.lines]
    assert drawn[0][-1] == 10.003
    assert set(drawn[1]) == {10.0}


def test_a_figure_of_an_earlier_drawing_does_not_stay(run: Path, summary: dict[str, Any]) -> None:
    draw_figures(run, typed(summary), formats=("pdf",))
    assert (run / "figures" / "throughput.pdf").exists()
    for demand in summary["demands"]:
        demand.pop("flows", None)
    draw_figures(run, typed(summary))
    assert not (run / "figures" / "throughput.pdf").exists()


def test_no_demands_draw_nothing(run: Path, summary: dict[str, Any]) -> None:
    assert draw_figures(run, typed(summary | {"demands": []})) == []


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
