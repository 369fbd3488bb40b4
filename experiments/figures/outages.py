"""The figure of outages: how long each event put demands out, in addition to what was predicted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.event_data import WHILE_IT_LASTS, Outage
from corridor.experiments.figures import data
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Width
from corridor.topologies.base.words import counted, duration

MOST_LINEAR = 100.0
"""Times the shortest; beyond that the axis is logarithmic."""

MEASURED: dict[str, Any] = {"facecolor": "0.72", "edgecolor": "k", "linewidth": 0.6}
DEMAND: dict[str, Any] = {"marker": "o", "color": "k", "markerfacecolor": "white"}
DEMAND |= {"markersize": 3.4, "markeredgewidth": 0.7, "linestyle": "none"}
PREDICTED: dict[str, Any] = {"marker": "|", "color": "k", "markersize": 15}
PREDICTED |= {"markeredgewidth": 1.6, "linestyle": "none"}
LASTING: dict[str, Any] = {"facecolor": "none", "edgecolor": "0.45", "hatch": "/////"}
LASTING |= {"linewidth": 0.6}
BAR, BOX = 0.4, 0.66


def outages(run: RunData, width: Width) -> Figure | None:
    """One row an event that put demands out, or was to."""
    summary = run.summary
    events = summary.events or ()
    found = event_data.outages(events)
    rows = event_data.longest(found)
    if not rows:
        return None
    shown = f"{counted(len(found), 'event')} of {len(events):,} put demands out, or were to"
    told = shown if len(rows) == len(found) else f"{shown}: the {len(rows)} longest outages"
    caption = data.caption(summary, told)
    title = event_data.outages_title(events, event_data.intervals_ms(run.probes, summary))
    texts = [RowText(f"{row.label}\n{row.when}", row.told) for row in rows]
    placed = Rows(texts, width, 0.36)
    figure, axes = placed.figure(title, caption, _key(rows))
    low, high = _scale(axes, rows)
    if width.is_narrow:
        _tick_sparsely(axes, low, high)
    for y, row in zip(placed.ys, rows, strict=True):
        _draw_row(axes, y, row, low, high)
    placed.write(axes)
    axes.xaxis.set_major_formatter(lambda value, _: duration(value))
    logarithmic = " (logarithmic)" if low else ""
    axes.set_xlabel(f"longest time in which nothing arrived{logarithmic}")
    return figure


def _key(rows: Sequence[Outage]) -> list[tuple[Any, str]]:
    key: list[tuple[Any, str]] = [
        (Patch(**MEASURED), "measured"),
        (Line2D([], [], **DEMAND), "each demand"),
        (Line2D([], [], **PREDICTED | {"markersize": 9}), "predicted"),
    ]
    if any(row.lasting for row in rows):
        key.append((Patch(**LASTING), f"predicted: out {WHILE_IT_LASTS}"))
    return key


def _scale(axes: Any, rows: Sequence[Outage]) -> tuple[float, float]:
    """Logarithmic over more than two decades; its ends, the lower 0 where it is linear."""
    values = [
        value for row in rows for value in (*row.out_ms, row.predicted_ms or 0.0) if value > 0
    ]
    least, most = min(values, default=1.0), max(values, default=1.0)
    if most <= MOST_LINEAR * least:
        axes.set_xlim(0, 1.05 * most)
        return 0.0, 1.05 * most
    low = 10.0 ** np.floor(np.log10(least))
    axes.set_xscale("log")
    axes.set_xlim(low, 1.5 * most)
    return float(low), 1.5 * most


def _tick_sparsely(axes: Any, low: float, high: float) -> None:
    """The label at the left edge has no room on both sides of its tick."""
    if not low:
        axes.xaxis.set_major_locator(MaxNLocator(4))
        return
    decades = np.arange(np.log10(low), np.log10(high))
    axes.set_xticks(10.0**decades)
    axes.get_xticklabels()[0].set_horizontalalignment("left")


def _draw_row(axes: Any, y: float, row: Outage, low: float, high: float) -> None:
    if row.lasting:
        until = high if row.predicted_ms is None else row.predicted_ms
        axes.barh(y, until - low, left=low, height=BOX, **LASTING)
    axes.barh(y, max(row.out_ms[0] - low, 0), left=low, height=BAR, **MEASURED)
    if row.predicted_ms is not None and not row.lasting:
        axes.plot(row.predicted_ms, y, clip_on=False, **PREDICTED)
    spread = np.linspace(-0.3, 0.3, len(row.out_ms)) * BAR if len(row.out_ms) > 1 else [0.0]
    axes.plot(np.maximum(row.out_ms, low), y + np.asarray(spread), clip_on=False, **DEMAND)


KIND = FigureKind(
    "outages",
    outages,
)
