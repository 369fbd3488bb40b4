"""Round trips before and after, a row each: a line from one mark to the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.style import Key, Width

ROW_IN = 0.17
BEFORE: dict[str, Any] = {"marker": "o", "color": "k", "markerfacecolor": "white"}
BEFORE |= {"markersize": 5, "linestyle": "none"}
AFTER: dict[str, Any] = {"marker": "o", "color": "k", "markersize": 5, "linestyle": "none"}
NOTHING: dict[str, Any] = {"marker": "x", "color": "k", "markersize": 5.5, "linestyle": "none"}
NOTHING |= {"markeredgewidth": 1.3}
LINE: dict[str, Any] = {"color": "0.6", "linewidth": 1.6, "zorder": 1}


@dataclass(frozen=True)
class Dumbbell:
    """``after_ms`` is None where nothing comes through any more."""

    name: str
    before_ms: float | None
    after_ms: float | None
    told: str


def left_out(rows: Sequence[Dumbbell], most: int) -> str:
    more = len(rows) - most
    return f", {more} that change less left out" if more > 0 else ""


def draw_dumbbells(
    title: str, caption: str, rows: Sequence[Dumbbell], names: tuple[str, str, str], width: Width
) -> Figure:
    """``names`` are of what is before, after, and where nothing comes through."""
    placed = Rows([RowText(row.name, row.told) for row in rows], width, ROW_IN)
    figure, axes = placed.figure(title, caption, _key(rows, names))
    most = max((_furthest(row) for row in rows), default=0.0) or 1.0
    for y, row in zip(placed.ys, rows, strict=True):
        _draw_row(axes, y, row)
    axes.set_xlim(0, 1.05 * most)
    axes.set_xlabel("round trip (ms)")
    placed.write(axes)
    return figure


def _key(rows: Sequence[Dumbbell], names: tuple[str, str, str]) -> Key:
    key: list[tuple[Any, str]] = [(Line2D([], [], **BEFORE), names[0])]
    if any(row.after_ms is not None for row in rows):
        key.append((Line2D([], [], **AFTER), names[1]))
    if any(row.after_ms is None for row in rows):
        key.append((Line2D([], [], **NOTHING), names[2]))
    return key


def _furthest(row: Dumbbell) -> float:
    return max(row.before_ms or 0.0, row.after_ms or 0.0)


def _draw_row(axes: Any, y: float, row: Dumbbell) -> None:
    if row.before_ms is not None and row.after_ms is not None:
        axes.plot([row.before_ms, row.after_ms], [y, y], **LINE)
    if row.after_ms is not None:
        axes.plot(row.after_ms, y, **AFTER)
    if row.before_ms is not None:
        axes.plot(row.before_ms, y, **BEFORE)
        if row.after_ms is None:
            axes.plot(row.before_ms, y, **NOTHING)
