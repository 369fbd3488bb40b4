"""The figure of a brief: each bar's marks as places along one axis, in per cent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.experiments.brief.document import Bar, Chart

STEPS = (1, 2, 2.5, 5, 10)
MOST_TICKS = 5
LEFT, RIGHT = 2.0, 98.0
"""Where the axis starts and ends, in per cent of the track."""


@dataclass(frozen=True)
class Track:
    bar: Bar
    value: float | None
    low: float | None
    high: float | None
    other: float | None
    third: float | None


@dataclass(frozen=True)
class Figure:
    chart: Chart
    zero: float
    ticks: Sequence[tuple[float, str]]
    tracks: Sequence[Track]


def figure_of(chart: Chart) -> Figure:
    values = [value for bar in chart.bars for value in _values(bar)]
    low, high = min([0.0, *values]), max([0.0, *values])
    step = _step(high - low or 1.0)
    first, last = int(low // step), int(-(-high // step)) or 1

    def place(value: float | None) -> float | None:
        if value is None:
            return None
        share = (value - first * step) / ((last - first) * step)
        return round(LEFT + share * (RIGHT - LEFT), 2)

    ticks = [(place(n * step) or 0.0, f"{n * step:g}") for n in range(first, last + 1)]
    tracks = [
        Track(
            bar,
            place(bar.value),
            place(bar.interval[0] if bar.interval else None),
            place(bar.interval[1] if bar.interval else None),
            place(bar.other),
            place(bar.third),
        )
        for bar in chart.bars
    ]
    return Figure(chart, place(0.0) or LEFT, ticks, tracks)


def _values(of: Bar) -> list[float]:
    each = (of.value, of.other, of.third, *(of.interval or ()))
    return [one for one in each if one is not None]


def _step(span: float) -> float:
    """A round number that is in ``span`` at most so often as there is room for ticks."""
    power = 1.0
    while power * 10 < span:
        power *= 10
    while power > span:
        power /= 10
    sizes = (power * one / 10 for one in (*STEPS, *(10 * step for step in STEPS)))
    return next(one for one in sizes if span / one <= MOST_TICKS)
