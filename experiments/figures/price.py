"""The figure of prices: extra round trip by set and class of data, and what else is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from corridor.experiments.figures.style import new_figure, save, style
from corridor.experiments.results.price import Row, SetPrice

EACH: dict[str, Any] = {"marker": "|", "color": "k", "linestyle": "none", "markersize": 9}
MEDIAN: dict[str, Any] = {"marker": "o", "color": "k", "linestyle": "none", "markersize": 5}
MEASURED: dict[str, Any] = {"marker": "x", "color": "0.45", "linestyle": "none", "markersize": 7}
ROW_IN = 0.2


def draw_prices(folder: Path, prices: Sequence[SetPrice]) -> list[Path]:
    """``price.pdf`` and ``price.png``: one row a set and class that costs anything."""
    rows = [(of, row) for of in prices for row in of.rows if row.is_costly]
    if not rows:
        return []
    with style():
        against = prices[0].against
        caption = f"over the same demands under {against}; a set is priced by itself"
        key = [
            (Line2D([], [], **EACH), "a demand, predicted"),
            (Line2D([], [], **MEDIAN), "median of three and more"),
        ]
        if any(one.measured_extra_ms is not None for of in prices for one in of.demands):
            key.append((Line2D([], [], **MEASURED), "measured"))
        figure = new_figure(_title(prices), caption, 1.0 + ROW_IN * len(rows), key=key)
        axes = figure.add_subplot()
        most = max((max(row.extra_ms, default=0.0) for _, row in rows), default=0.0) or 1.0
        for y, (of, row) in enumerate(rows):
            _draw(axes, y, of, row, most)
        axes.set_yticks(range(len(rows)), [f"{row.policies}: {row.data}" for _, row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("extra round trip (ms)")
        return save(figure, folder, "price")


def _title(prices: Sequence[SetPrice]) -> str:
    if len(prices) > 1:
        return f"What {len(prices)} policy sets cost"
    total = prices[0].with_readings
    return (
        f"{prices[0].policies} keeps {total.kept_back} demands back, delays {total.delayed} "
        f"and leaves {total.losing} with less protection"
    )


def _draw(axes: Axes, y: int, of: SetPrice, row: Row, most: float) -> None:
    farthest = max(row.extra_ms, default=0.0)
    axes.plot([0, farthest], [y, y], color="0.75", linewidth=1)
    axes.plot(row.extra_ms, [y] * len(row.extra_ms), **EACH)
    if row.median_ms is not None:
        axes.plot(row.median_ms, y, **MEDIAN)
    measured = [
        one.measured_extra_ms
        for one in of.demands
        if one.data == row.data and one.measured_extra_ms is not None
    ]
    axes.plot(measured, [y] * len(measured), **MEASURED)
    axes.text(farthest + most * 0.01, y, _beside(row), va="center", fontsize=7)


def _beside(row: Row) -> str:
    said = []
    if row.kept_back:
        said.append(f"{row.kept_back} of {row.demands} kept back")
    if row.lost:
        points = "1 point" if len(row.lost) == 1 else f"{len(row.lost)} points"
        said.append(f"{row.losing} of {row.demands} without a way around {points}")
    return ", ".join(said)
