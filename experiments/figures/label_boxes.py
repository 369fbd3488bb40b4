"""Names beside points of axes, that overlap neither each other nor a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from corridor.experiments.atlas import Box, Label, place_labels
from corridor.experiments.figures.style import SMALL_PT, width_pt

MARK_PX = 6.0


def write(
    figure: Figure,
    axes: Any,
    names: Mapping[str, tuple[float, float]],
    points: Sequence[tuple[float, float]],
) -> None:
    """``names`` with their points come in descending order of importance; what finds no room is
    left out. ``points`` are kept clear. All are in data, as the axes are now."""
    figure.draw_without_rendering()
    frame = axes.get_window_extent()
    high = figure.bbox.height

    def pixels(point: tuple[float, float]) -> tuple[float, float]:
        x, y = axes.transData.transform(point)
        return float(x), float(high - y)

    scale = figure.dpi / 72
    labels = [
        Label(
            name,
            *pixels(point),
            width=width_pt(figure, [name], SMALL_PT) * scale,
            height=1.2 * SMALL_PT * scale,
            mark=MARK_PX,
        )
        for name, point in names.items()
    ]
    inside = Box(frame.x0, high - frame.y1, frame.x1, high - frame.y0)
    marks = [(pixels(point), MARK_PX) for point in points]
    for placed in place_labels(labels, inside, marks):
        middle = (placed.box.top + placed.box.bottom) / 2
        at = axes.transData.inverted().transform((placed.box.left, high - middle))
        axes.text(*at, placed.label.id, fontsize=SMALL_PT, va="center")
