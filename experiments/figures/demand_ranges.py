"""The figure of demands: the range of round trips of each, and how far it strays from the
prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.experiments.figures import data
from corridor.experiments.figures.data import MAX_ROWS, Group, Unit
from corridor.experiments.figures.kind import VERIFICATION, FigureKind
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import SMALL_PT, SOFT, TEXT, Width, new_figure, width_pt
from corridor.experiments.results.summary import DemandSummary, Summary
from corridor.topologies.base.words import counted

COLUMN_GAP_PT = 9
MAX_DENSE_DECADES = 3
MOST_DECADES = 4

Row = str | DemandSummary
"""A group's name, or a demand."""

MARKS: dict[str, dict[str, Any]] = {
    "predicted": {"marker": "|", "markersize": 9, "markeredgewidth": 1.0},
    "min": {"marker": "<", "markersize": 3.6, "color": SOFT},
    "p50": {"marker": "o", "markersize": 3.6},
    "p99": {"marker": "D", "markersize": 3.4, "markerfacecolor": "white"},
    "max": {"marker": ">", "markersize": 3.6, "color": SOFT},
}
KEY = {
    "predicted": "predicted",
    "min": "minimum",
    "p50": "median",
    "p99": "99th percentile",
    "max": "maximum",
}
MARK_DEFAULTS: dict[str, Any] = {"color": "k", "linestyle": "none", "markeredgewidth": 0.8}


def demand_ranges(summary: Summary, groups: Sequence[Group], width: Width = TEXT) -> Figure | None:
    """One row a demand: its RTT on a common scale, and how far it strays from the prediction."""
    demands = summary.demands
    if not demands:
        return None
    rows = _rows(demands, groups)
    unit = data.unit_for([value for d in demands for value in data.deviations_ms(d).values()])
    title, shown = _ranges_title(summary, rows, unit)
    key = [(Line2D([], [], **MARK_DEFAULTS | MARKS[name]), text) for name, text in KEY.items()]
    height_in = 0.57 + 0.148 * len(rows)
    figure = new_figure(title, data.caption(summary, shown), height_in, width, key)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.1, 1))
    placed = [(y, row) for y, row in enumerate(rows) if not isinstance(row, str)]
    _draw_rtt(left, placed)
    _draw_deviations(right, placed, unit)
    _name_rows(figure, left, rows)
    left.set_ylim(len(rows) - 0.4, -0.7)
    right.tick_params(axis="y", length=0, labelleft=False)
    return figure


def _rows(demands: Sequence[DemandSummary], groups: Sequence[Group]) -> list[Row]:
    """Group names and their demands from top to bottom, the least remarkable left out."""
    kept = {id(demand) for demand in sorted(demands, key=_strangeness)[:MAX_ROWS]}
    rows: list[Row] = []
    for group in groups:
        members = [demands[at] for at in group.members if id(demands[at]) in kept]
        rows += [group.name, *members] if members else []
    return rows


def _strangeness(demand: DemandSummary) -> float:
    """Ascending: no reply first, then the largest deviation."""
    deviations = data.deviations_ms(demand).values()
    return -max(map(abs, deviations)) if deviations else -np.inf


def _ranges_title(summary: Summary, rows: Sequence[Row], unit: Unit) -> tuple[str, str]:
    demands = summary.demands
    values = [value for demand in demands for value in data.deviations_ms(demand).values()]
    title = f"Round trips lie {data.span(values, unit)} their prediction" if values else "No reply"
    shown = sum(1 for row in rows if not isinstance(row, str))
    silent = f"{data.without_reply(summary)}{data.untouched(summary)}"
    if shown < len(demands):
        return title, f"the {shown} of {len(demands):,} demands with the largest deviations{silent}"
    return title, f"{counted(shown, 'demand')}{silent}"


def _plot(axes: Any, name: str, x: Sequence[float], y: Sequence[int]) -> None:
    axes.plot(x, y, **MARK_DEFAULTS | MARKS[name])


def _draw_rtt(axes: Any, placed: Sequence[tuple[int, DemandSummary]]) -> None:
    _plot(axes, "predicted", [data.predicted_ms(row) for _, row in placed], [y for y, _ in placed])
    measured = [(y, data.measured_ms(row)) for y, row in placed if data.answered(row)]
    axes.hlines(
        [y for y, _ in measured],
        [rtt["min"] for _, rtt in measured],
        [rtt["max"] for _, rtt in measured],
        color=SOFT,
        linewidth=2.2,
    )
    middle = [(y, rtt["p50"]) for y, rtt in measured if "p50" in rtt]
    _plot(axes, "p50", [value for _, value in middle], [y for y, _ in middle])
    axes.set_xlim(left=0)
    axes.set_xlabel("RTT (ms)")


def _draw_deviations(axes: Any, placed: Sequence[tuple[int, DemandSummary]], unit: Unit) -> None:
    found = [
        (y, {name: value * unit.per_ms for name, value in data.deviations_ms(row).items()})
        for y, row in placed
        if data.answered(row)
    ]
    axes.hlines(
        [y for y, _ in found],
        [item["min"] for _, item in found],
        [item["max"] for _, item in found],
        color=SOFT,
        linewidth=0.9,
    )
    for name in ("min", "max", "p99", "p50"):
        known = [(y, item[name]) for y, item in found if name in item]
        _plot(axes, name, [value for _, value in known], [y for y, _ in known])
    for y, row in placed:
        if not data.answered(row):
            axes.text(0, y, "  no reply", va="center", fontsize=SMALL_PT, style="italic")
    axes.axvline(0, color="k", linewidth=1.0)
    axes.set_xlabel(f"RTT less predicted RTT ({unit.name}){_stretch(axes, [d for _, d in found])}")


def _stretch(axes: Any, deviations: Sequence[dict[str, float]]) -> str:
    """Linear near the prediction and logarithmic beyond, where tails need it; says so."""
    typical = float(np.median([abs(item.get("p50", item["max"])) for item in deviations] or [0.0]))
    low = min((item["min"] for item in deviations), default=0.0)
    high = max((item["max"] for item in deviations), default=0.0)
    if typical <= 0 or high <= 10 * typical:
        return ""
    linear = 10.0 ** max(np.floor(np.log10(typical)), np.ceil(np.log10(high)) - MOST_DECADES)
    axes.set_xscale("symlog", linthresh=linear, linscale=0.7)
    decades = linear * 10.0 ** np.arange(np.ceil(np.log10(high / linear)) + 1)
    steps = (1, 2, 5) if len(decades) <= MAX_DENSE_DECADES else (1,)
    ticks = [0.0, *(step * decade for decade in decades for step in steps)]
    ticks += [-tick for tick in ticks if tick and -tick >= low]
    axes.set_xticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(min(1.4 * low, -0.25 * linear), 1.35 * high)
    return f"\nlogarithmic beyond {linear:g}"


def _name_rows(figure: Figure, axes: Any, rows: Sequence[Row]) -> None:
    """Three columns: identity, ends, and the axes."""
    placed = [(y, row) for y, row in enumerate(rows) if not isinstance(row, str)]
    ends = [f"{row.src} → {row.dst}" for _, row in placed]
    axes.set_yticks([y for y, _ in placed], ends)
    axes.tick_params(axis="y", length=0, labelsize=SMALL_PT)
    names = [row.id for _, row in placed]
    offset = (
        width_pt(figure, ends, SMALL_PT) + width_pt(figure, names, SMALL_PT) + 2 * COLUMN_GAP_PT
    )
    for y, row in enumerate(rows):
        heading = isinstance(row, str)
        axes.annotate(
            row if isinstance(row, str) else row.id,
            (0, y),
            xycoords=axes.get_yaxis_transform(),
            xytext=(-offset, 0),
            textcoords="offset points",
            va="center_baseline",
            fontsize=SMALL_PT,
            fontweight="bold" if heading else "normal",
        )


def _draw(run: RunData, width: Width) -> Figure | None:
    return demand_ranges(run.undisturbed, run.undisturbed_groups, width)


KIND = FigureKind(
    "demand-ranges",
    _draw,
    VERIFICATION,
    widths=(TEXT,),
)
