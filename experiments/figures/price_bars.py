"""Bars of prices: the part of certain rules, the part of readings, and the interval of draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import patheffects
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from corridor.experiments.figures.style import Key

HEIGHT = 0.5
CASING = patheffects.withStroke(linewidth=2.0, foreground="w")
CERTAIN: dict[str, Any] = {"facecolor": "0.35", "edgecolor": "k", "linewidth": 0.6}
READING: dict[str, Any] = {"facecolor": "0.93", "edgecolor": "0.25", "linewidth": 0.6}
READING |= {"hatch": "////"}
INTERVAL: dict[str, Any] = {"color": "k", "linewidth": 1.0, "marker": "|", "markersize": 5}


@dataclass(frozen=True)
class Bar:
    certain_ms: float
    extra_ms: float
    """With readings."""
    interval_ms: tuple[float, float] | None

    @property
    def furthest_ms(self) -> float:
        return max(self.extra_ms, *(self.interval_ms or (0.0,)))

    @property
    def least_ms(self) -> float:
        return min(0.0, *(self.interval_ms or (0.0,)))


def draw(axes: Any, y: float, bar: Bar) -> None:
    """The interval lies below the bar's middle, so that neither hides the other."""
    axes.barh(y, bar.certain_ms, height=HEIGHT, **CERTAIN)
    axes.barh(y, bar.extra_ms - bar.certain_ms, left=bar.certain_ms, height=HEIGHT, **READING)
    if bar.interval_ms is not None:
        axes.plot(bar.interval_ms, [y, y], zorder=3, path_effects=[CASING], **INTERVAL)


def scale(axes: Any, bars: Sequence[Bar], marks_ms: Sequence[float] = ()) -> None:
    """The axis of time, as long as bars and other marks need."""
    low = min(bar.least_ms for bar in bars)
    most = max([*(bar.furthest_ms for bar in bars), *marks_ms]) or 1.0
    axes.set_xlim(1.05 * low, 1.05 * most)
    axes.set_xlabel("extra round trip (ms)")


def key(bars: Sequence[Bar]) -> Key:
    found: list[tuple[Any, str]] = []
    if any(bar.certain_ms > 0 for bar in bars):
        found.append((Patch(**CERTAIN), "by certain rules"))
    if any(bar.extra_ms > bar.certain_ms for bar in bars):
        found.append((Patch(**READING), "by interpretations, assumptions and uncertain texts"))
    if any(bar.interval_ms is not None for bar in bars):
        found.append((Line2D([], [], **INTERVAL), "90 % of Monte Carlo samples of the map"))
    return found
