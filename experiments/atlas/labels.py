"""Labels next to marks, and above an axis of time.

Next to marks the important ones come first. They overlap neither each other nor a mark, and none is
nearer to another mark than to its own. Those side by side are a line's height apart.

Lengths are in whatever unit the marks are in; y grows downwards.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.atlas.plane import XY, Line
from corridor.topologies.base.arrays import Floats

NARROW_EM, WIDE_EM = 0.58, 1.0
"""Of a letter, about; Chinese ones are wide."""
GAP = 0.25
"""From a mark to its label, in heights of a line."""
ACROSS, ALONG = 1.0, 0.15
"""What it counts that a line goes through a label, and each place that is less usual."""


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def has(self, point: XY) -> bool:
        return self.left <= point[0] <= self.right and self.top <= point[1] <= self.bottom


@dataclass(frozen=True)
class Label:
    """What is to be next to a mark at x, y, which is a square of twice ``mark`` units a side."""

    id: str
    x: float
    y: float
    width: float
    height: float
    mark: float
    lines: int = 1
    is_due: bool = False
    """Whether it may cover marks rather than be left out."""


@dataclass(frozen=True)
class PlacedLabel:
    label: Label
    box: Box
    is_ambiguous: bool = False
    """Whether another mark is about as near: a leader is to join it with its own."""

    @property
    def leader(self) -> Line:
        """From its mark to the nearest point of its box."""
        x = min(max(self.label.x, self.box.left), self.box.right)
        y = min(max(self.label.y, self.box.top), self.box.bottom)
        return (self.label.x, self.label.y), (x, y)


def text_width_em(text: str) -> float:
    """About, for those who cannot measure; marks above and below letters have no width."""
    letters = (letter for letter in text if not unicodedata.combining(letter))
    return sum(
        WIDE_EM if unicodedata.east_asian_width(letter) in "WF" else NARROW_EM for letter in letters
    )


def place_labels(
    labels: Sequence[Label],
    frame: Box,
    marks: Iterable[tuple[XY, float]] = (),
    lines: Sequence[Line] = (),
    clear: Iterable[tuple[XY, float]] = (),
) -> list[PlacedLabel]:
    """In descending order of importance; what finds no room is left out.

    No label is nearer to another mark than to its own. ``marks`` are those without a label, each
    half a square; no label covers them, nor what is to be ``clear``, which names nothing. ``lines``
    are better not covered.
    """
    every = [*(((label.x, label.y), label.mark) for label in labels), *marks]
    hubs = np.array([xy for xy, _ in every]).reshape(-1, 2)
    squares = _boxed([_square(*one) for one in (*every, *clear)])
    points = np.array([point for line in lines for point in _dense(line)]).reshape(-1, 2)
    taken = np.empty((0, 4))
    found: list[PlacedLabel] = []
    for number, label in enumerate(labels):
        boxes = _boxes(label)
        far = _distances(boxes, hubs)
        own = far[:, number].copy()
        far[:, number] = np.inf
        other = far.min(axis=1)
        possible = _within(boxes, frame) & ~_meet(boxes, taken).any(axis=1) & (other >= own)
        free = possible & ~_meet(boxes, squares).any(axis=1)
        if label.is_due and not free.any():
            free = possible
        if free.any():
            hits = _contain(boxes, points).sum(axis=1)
            counts = ALONG * np.arange(len(boxes)) + ACROSS * hits
            best = int(np.where(free, counts, np.inf).argmin())
            near = bool(other[best] < own[best] + label.height / 2)
            em = label.height / label.lines
            taken = np.vstack((taken, boxes[best] + (-em, 0.0, em, 0.0)))
            found.append(PlacedLabel(label, Box(*map(float, boxes[best])), near))
    return found


def _boxed(boxes: Sequence[Box]) -> Floats:
    return np.array([(one.left, one.top, one.right, one.bottom) for one in boxes]).reshape(-1, 4)


def _distances(boxes: Floats, points: Floats) -> Floats:
    """From each box to each point; 0 where a point is in a box."""
    low, high, at = boxes[:, None, :2], boxes[:, None, 2:], points[None]
    apart = np.maximum(np.maximum(low - at, at - high), 0.0)
    found: Floats = np.hypot(apart[..., 0], apart[..., 1])
    return found


def _within(boxes: Floats, frame: Box) -> NDArray[np.bool_]:
    low, high = (frame.left, frame.top), (frame.right, frame.bottom)
    found: NDArray[np.bool_] = ((boxes[:, :2] >= low) & (boxes[:, 2:] <= high)).all(axis=1)
    return found


def _meet(boxes: Floats, others: Floats) -> NDArray[np.bool_]:
    """Whether each box overlaps each of the others."""
    one, other = boxes[:, None], others[None]
    found: NDArray[np.bool_] = (
        (one[..., :2] < other[..., 2:]) & (other[..., :2] < one[..., 2:])
    ).all(axis=-1)
    return found


def _contain(boxes: Floats, points: Floats) -> NDArray[np.bool_]:
    low, high, at = boxes[:, None, :2], boxes[:, None, 2:], points[None]
    found: NDArray[np.bool_] = ((low < at) & (at < high)).all(axis=-1)
    return found


def _square(xy: XY, half: float) -> Box:
    return Box(xy[0] - half, xy[1] - half, xy[0] + half, xy[1] + half)


def _boxes(label: Label) -> Floats:
    """Where a label may be, the usual place first."""
    gap = GAP * label.height / label.lines
    far, near = label.mark + gap, 0.7 * label.mark + 0.3 * gap
    wide, high = label.width, label.height
    left, above = -far - wide, -far - high
    corners = np.array(
        (
            *((far, -high / 2), (left, -high / 2)),
            *((near, -near - high), (near, near), (-near - wide, -near - high)),
            *((-near - wide, near), (-wide / 2, above), (-wide / 2, far)),
            *((far, -high), (far, 0.0), (left, -high), (left, 0.0)),
            *((-wide / 4, above), (-3 * wide / 4, above), (-wide / 4, far), (-3 * wide / 4, far)),
        )
    )
    moved = corners + np.array((label.x, label.y))
    return np.hstack((moved, moved + np.array((wide, high))))


def is_crossed(box: Box, lines: Sequence[Line]) -> bool:
    """Return whether a line passes through a box."""
    points = np.array([point for line in lines for point in _dense(line)]).reshape(-1, 2)
    return bool(_contain(_boxed([box]), points).any())


def _dense(line: Line, step: float = 6.0) -> list[XY]:
    """Points of a line, no two further apart than a step."""
    found = []
    for (ax, ay), (zx, zy) in pairwise(line):
        count = 1 + int(max(abs(zx - ax), abs(zy - ay)) / step)
        found += [
            (ax + (zx - ax) * at / count, ay + (zy - ay) * at / count) for at in range(count + 1)
        ]
    return found


# Labels of moments on an axis of time, in lanes above it, each with a pole down to its moment.
#
# They overlap nowhere, and no pole crosses a label as long as there are lanes enough. Lengths are
# in points.

MAX_LANES = 9
GAP_PT = 5.0
POLE_PT = 2.0
"""From a pole to its label."""


@dataclass(frozen=True)
class Flag:
    """One label: the number of what it names, the lane from below, and where its text is. It is to
    the right of its pole where there is room."""

    number: int
    lane: int
    left_pt: float
    pole_pt: float
    right_pt: float

    def meets(self, other: Flag) -> bool:
        return self.left_pt < other.right_pt + GAP_PT and other.left_pt < self.right_pt + GAP_PT

    def covers(self, pole_pt: float) -> bool:
        return self.left_pt - POLE_PT < pole_pt < self.right_pt + POLE_PT

    def crosses(self, other: Flag) -> bool:
        """Whether the pole of the higher one goes through the label of the lower."""
        high, low = (self, other) if self.lane > other.lane else (other, self)
        return low.covers(high.pole_pt)


def flags(
    poles_pt: Sequence[float], widths_pt: Sequence[float], wide_pt: float, important: Sequence[bool]
) -> list[Flag]:
    """From the last moment to the first, those that are important first; what finds no room in any
    lane is left out."""
    order = sorted(range(len(poles_pt)), key=lambda number: (not important[number], -number))
    placed: list[Flag] = []
    for number in order:
        pole, width = poles_pt[number], widths_pt[number]
        left = pole + POLE_PT
        if left + width > wide_pt:
            left = max(0.0, pole - POLE_PT - width)
        tried = [Flag(number, lane, left, pole, left + width) for lane in range(MAX_LANES)]
        free = [one for one in tried if not _meets_any(one, placed)]
        clear = [one for one in free if not any(map(one.crosses, placed))]
        placed += (clear or free)[:1]
    return sorted(placed, key=lambda one: one.number)


def _meets_any(flag: Flag, placed: Sequence[Flag]) -> bool:
    return any(flag.lane == other.lane and flag.meets(other) for other in placed)
