"""The figure of prices: extra round trip by set and class of data, and what is kept back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.lines import Line2D

from corridor.experiments.figures.style import new_figure, save, style
from corridor.experiments.results.price import Price

MEDIAN: dict[str, Any] = {"marker": "o", "color": "k", "linestyle": "none", "markersize": 5}
MOST: dict[str, Any] = {"marker": "|", "color": "k", "linestyle": "none", "markersize": 9}
MEASURED: dict[str, Any] = {"marker": "x", "color": "0.45", "linestyle": "none", "markersize": 7}
ROW_IN = 0.2


def draw_prices(folder: Path, prices: Sequence[Price]) -> list[Path]:
    """``price.pdf`` and ``price.png``: one row a set and class that costs anything."""
    rows = [one for one in prices if one.permitted < one.demands or one.extra_ms_max]
    if not rows:
        return []
    with style():
        sets = len({one.policies for one in rows})
        title = f"What {sets} policy sets add to round trips"
        caption = "over the same demands without policies; a set is priced by itself"
        key = [
            (Line2D([], [], **MEDIAN), "median, predicted"),
            (Line2D([], [], **MOST), "most, predicted"),
        ]
        if any(one.measured_extra_ms_median is not None for one in rows):
            key.append((Line2D([], [], **MEASURED), "median, measured"))
        figure = new_figure(title, caption, 1.0 + ROW_IN * len(rows), key=key)
        axes = figure.add_subplot()
        most = max((one.extra_ms_max or 0 for one in rows), default=0) or 1.0
        for y, one in enumerate(rows):
            if one.extra_ms_median is None:
                axes.text(most * 0.01, y, f"kept back, all {one.demands}", va="center", fontsize=7)
                continue
            axes.plot([0, one.extra_ms_max or 0], [y, y], color="0.75", linewidth=1)
            axes.plot(one.extra_ms_median, y, **MEDIAN)
            axes.plot(one.extra_ms_max or 0, y, **MOST)
            if one.measured_extra_ms_median is not None:
                axes.plot(one.measured_extra_ms_median, y, **MEASURED)
            if one.permitted < one.demands:
                kept = one.demands - one.permitted
                said = f"  {kept} of {one.demands} kept back"
                axes.text(one.extra_ms_max or 0, y, said, va="center", fontsize=7)
        axes.set_yticks(range(len(rows)), [f"{one.policies}: {one.data}" for one in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("extra round trip (ms)")
        return save(figure, folder, "price")
