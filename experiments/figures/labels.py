"""Names written beside curves, where they cover neither a curve nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import NDArray

from corridor.experiments.figures.style import SMALL_PT

Curve = tuple[str, str, NDArray[Any], NDArray[Any]]
"""Name, colour, and the points of a step line that ascends."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in pixels."""

Points = NDArray[Any]
"""Pixel positions, one a row."""

LEVELS = np.linspace(0.05, 0.95, 46)
GAP_PX = 8.0
CLEARANCE_PX = 5.0
ROOM_PX = 60.0
"""More room than this is not worth an odd height."""


def label_curves(figure: Any, axes: Any, curves: Sequence[Curve]) -> None:
    """Write each curve's name beside it where there is room; a name without room is left out."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    frame = axes.get_window_extent(renderer)
    traces = [_pixels(axes, x, y) for _, _, x, y in curves]
    taken: list[Box] = []
    for number, (name, colour, _, _) in enumerate(curves):
        others = traces[:number] + traces[number + 1 :]
        for wording in _wordings(name):
            text = axes.text(
                0, 0, wording, color=colour, fontsize=SMALL_PT, ha="center", va="center"
            )
            extent = text.get_window_extent(renderer)
            boxes = [box for box in _beside(traces[number], extent) if _inside(box, frame)]
            place = _roomiest(boxes, traces[number], others, taken)
            if place is not None:
                taken.append(place)
                middle = ((place[0] + place[2]) / 2, (place[1] + place[3]) / 2)
                text.set_position(tuple(axes.transData.inverted().transform(middle)))
                break
            text.remove()


def _wordings(name: str) -> tuple[str, ...]:
    """On one line, else on two."""
    first, space, rest = name.partition(" ")
    return (name, f"{first}\n{rest}") if space else (name,)


def _pixels(axes: Any, x: NDArray[Any], y: NDArray[Any]) -> Points:
    """Points along a step line, close enough that no letter fits between two."""
    corners = np.column_stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]])
    path = axes.transData.transform(corners)
    return _dense(path)


def _dense(path: Points) -> Points:
    lengths = np.hypot(*np.diff(path, axis=0).T)
    along = np.r_[0, np.cumsum(lengths)]
    at = np.arange(0, along[-1] + 2, 2.0)
    return np.column_stack([np.interp(at, along, path[:, axis]) for axis in (0, 1)])


def _beside(trace: Points, extent: Any) -> list[Box]:
    """Boxes of a name's size to the right and the left of a curve, at many heights."""
    low, high = trace[0, 1], trace[-1, 1]
    boxes = []
    for y in low + LEVELS * (high - low):
        x = trace[np.searchsorted(trace[:, 1], y), 0]
        for left in (x + GAP_PX, x - GAP_PX - extent.width):
            half = extent.height / 2
            boxes.append((left, y - half, left + extent.width, y + half))
    return boxes


def _inside(box: Box, frame: Any) -> bool:
    left, bottom, right, top = box
    return bool(
        left > frame.x0 + 2 and right < frame.x1 and bottom > frame.y0 + 2 and top < frame.y1
    )


def _roomiest(
    boxes: Sequence[Box], own: Points, others: Sequence[Points], taken: Sequence[Box]
) -> Box | None:
    """The box furthest from other curves and names, among those that leave their own clear."""
    best: tuple[float, Box] | None = None
    for box in boxes:
        if _distance(box, own) < CLEARANCE_PX:
            continue
        corners = [
            np.array([[b[0], b[1]], [b[2], b[3]], [b[0], b[3]], [b[2], b[1]]]) for b in taken
        ]
        room = min((_distance(box, points) for points in [*others, *corners]), default=ROOM_PX)
        room = min(room, ROOM_PX)
        if room > CLEARANCE_PX and (best is None or room > best[0]):
            best = (room, box)
    return None if best is None else best[1]


def _distance(box: Box, points: Points) -> float:
    """Pixels from a box to the nearest of some points, 0 if one is inside."""
    left, bottom, right, top = box
    dx = np.maximum(np.maximum(left - points[:, 0], points[:, 0] - right), 0)
    dy = np.maximum(np.maximum(bottom - points[:, 1], points[:, 1] - top), 0)
    return float(np.hypot(dx, dy).min())
