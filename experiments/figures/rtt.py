"""Figures of round trips: their distribution, against the prediction, and demand by demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from corridor.experiments.figures import data
from corridor.experiments.figures.data import MAX_ROWS, Group, Unit
from corridor.experiments.figures.labels import label_curves
from corridor.experiments.figures.style import SERIES, SMALL_PT, SOFT, Series, new_figure, width_pt
from corridor.experiments.results.summary import DemandSummary, Summary

MARKS_PER_CURVE = 5
COLUMN_GAP_PT = 9
MAX_DENSE_DECADES = 3

Curve = tuple[Group, Series, NDArray[np.float64]]
Row = str | DemandSummary
"""A group's name, or a demand."""


def rtt_ecdf(
    summary: Summary, groups: Sequence[Group], rtt_ms: Sequence[NDArray[np.float64]]
) -> Figure | None:
    """Empirical distribution of the RTT of all answered probes of each group."""
    pooled: list[Curve] = [
        (group, series, np.sort(np.concatenate([rtt_ms[at] for at in group.members])))
        for group, series in zip(groups, SERIES, strict=False)
    ]
    curves = [curve for curve in pooled if len(curve[2])]
    if not curves:
        return None
    answered = data.count(sum(len(values) for _, _, values in curves), "answered probe")
    asked = data.count(len(summary["demands"]), "demand")
    caption = data.caption(summary, f"{answered} of {asked}{data.without_reply(summary)}")
    figure = new_figure(_ecdf_title(curves), caption, 3.7)
    axes = figure.add_subplot()
    drawn = []
    for number, (group, series, values) in enumerate(curves):
        x, y = data.ecdf(values)
        levels = (np.arange(MARKS_PER_CURVE) + (number + 1) / (len(curves) + 1)) / MARKS_PER_CURVE
        axes.plot(
            x,
            y,
            drawstyle="steps-post",
            color=series.colour,
            linestyle=series.line,
            marker=series.mark,
            markevery=sorted(set(np.searchsorted(y, levels).tolist())),
            label=f"{group.name} ({data.count(len(group.members), 'demand')}, n = {len(values):,})",
        )
        drawn.append((group.name, series.colour, x, y))
    axes.set(xlabel="RTT (ms)", ylabel="share of answered probes", ylim=(0, 1.03))
    axes.set_xlim(0, 1.04 * max(values[-1] for _, _, values in curves))
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=2, handlelength=3.6, columnspacing=1.2
    )
    label_curves(figure, axes, drawn)
    return figure


def _ecdf_title(curves: Sequence[Curve]) -> str:
    least = min(curves, key=lambda curve: curve[2][0])
    most = max(curves, key=lambda curve: curve[2][-1])
    return (
        f"Round trips take {least[2][0]:.1f} ms ({least[0].name}) "
        f"to {most[2][-1]:.1f} ms ({most[0].name})"
    )


def predicted_measured(summary: Summary, groups: Sequence[Group]) -> Figure | None:
    """Least measured RTT over predicted, and the difference of the two below."""
    demands = summary["demands"]
    answered = [demand for demand in demands if data.answered(demand)]
    if not answered:
        return None
    differences = [data.deviations_ms(demand)["min"] for demand in answered]
    unit = data.unit_for(differences)
    title = f"Minimum RTT lies {data.span(differences, unit)} its prediction"
    shown = f"{data.count(len(demands), 'demand')}{data.without_reply(summary)}"
    figure = new_figure(title, data.caption(summary, shown), 5.2, 5.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.3))
    above.axline((0, 0), slope=1, color=SOFT, linewidth=0.8, label="measured = predicted")
    below.axhline(0, color=SOFT, linewidth=0.8)
    for group, series in zip(groups, SERIES, strict=False):
        members = [demands[at] for at in group.members if data.answered(demands[at])]
        if members:
            _scatter(above, below, members, unit, series, group.name)
    silent = [data.predicted_ms(demand) for demand in demands if not data.answered(demand)]
    if silent:
        on_axis = [0] * len(silent)
        above.plot(silent, on_axis, "kx", clip_on=False, label="no reply (at its prediction)")
    limit = 1.05 * max(
        *(data.predicted_ms(demand) for demand in demands),
        *(data.measured_ms(demand)["min"] for demand in answered),
    )
    above.set(xlim=(0, limit), ylim=(0, limit), ylabel="measured minimum RTT (ms)")
    above.legend(loc="upper left")
    below.set(xlabel="predicted RTT (ms)", ylabel=f"measured less\npredicted ({unit.name})")
    below.margins(y=0.15)
    figure.align_ylabels()
    return figure


def _scatter(
    above: Any, below: Any, members: Sequence[DemandSummary], unit: Unit, series: Series, name: str
) -> None:
    look: dict[str, Any] = {"color": series.colour, "marker": series.mark, "linestyle": "none"}
    look |= {"markerfacecolor": "white", "markeredgewidth": 1.0}
    predicted = [data.predicted_ms(demand) for demand in members]
    above.plot(
        predicted, [data.measured_ms(demand)["min"] for demand in members], label=name, **look
    )
    differences = [data.deviations_ms(demand)["min"] * unit.per_ms for demand in members]
    below.plot(predicted, differences, **look)


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


def demand_ranges(summary: Summary, groups: Sequence[Group]) -> Figure | None:
    """One row a demand: its RTT on a common scale, and how far it strays from the prediction."""
    demands = summary["demands"]
    if not demands:
        return None
    rows = _rows(demands, groups)
    unit = data.unit_for([value for d in demands for value in data.deviations_ms(d).values()])
    title, shown = _ranges_title(summary, rows, unit)
    key = [(Line2D([], [], **MARK_DEFAULTS | MARKS[name]), text) for name, text in KEY.items()]
    height_in = 1.25 + 0.148 * len(rows)
    figure = new_figure(title, data.caption(summary, shown), height_in, 7.0, key)
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
    demands = summary["demands"]
    values = [value for demand in demands for value in data.deviations_ms(demand).values()]
    title = f"Round trips lie {data.span(values, unit)} their prediction" if values else "No reply"
    shown = sum(1 for row in rows if not isinstance(row, str))
    silent = data.without_reply(summary)
    if shown < len(demands):
        return title, f"the {shown} of {len(demands):,} demands that stray furthest{silent}"
    return title, f"{data.count(shown, 'demand')}{silent}"


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
    linear = 10.0 ** np.floor(np.log10(typical))
    axes.set_xscale("symlog", linthresh=linear, linscale=0.7)
    decades = linear * 10.0 ** np.arange(np.ceil(np.log10(high / linear)) + 1)
    steps = (1, 2, 5) if len(decades) <= MAX_DENSE_DECADES else (1,)
    ticks = [0.0, *(step * decade for decade in decades for step in steps)]
    ticks += [-tick for tick in ticks if tick and -tick >= low]
    axes.set_xticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(min(1.4 * low, -0.25 * linear), 1.35 * high)
    return f"\nlogarithmic beyond {linear:g} {'' if low >= 0 else 'either way'}".rstrip()


def _name_rows(figure: Figure, axes: Any, rows: Sequence[Row]) -> None:
    """Three columns: identity, ends, and the axes."""
    placed = [(y, row) for y, row in enumerate(rows) if not isinstance(row, str)]
    ends = [f"{row['src']} → {row['dst']}" for _, row in placed]
    axes.set_yticks([y for y, _ in placed], ends)
    axes.tick_params(axis="y", length=0, labelsize=SMALL_PT)
    names = [row["id"] for _, row in placed]
    offset = (
        width_pt(figure, ends, SMALL_PT) + width_pt(figure, names, SMALL_PT) + 2 * COLUMN_GAP_PT
    )
    for y, row in enumerate(rows):
        heading = isinstance(row, str)
        axes.annotate(
            row if isinstance(row, str) else row["id"],
            (0, y),
            xycoords=axes.get_yaxis_transform(),
            xytext=(-offset, 0),
            textcoords="offset points",
            va="center_baseline",
            fontsize=SMALL_PT,
            fontweight="bold" if heading else "normal",
        )
