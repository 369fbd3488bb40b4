"""Labels beside marks, that overlap neither each other nor a mark: the important ones first.

Lengths are in whatever unit the marks are in; y grows downwards.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from corridor.experiments.atlas.plane import XY, Line

NARROW_EM, WIDE_EM = 0.58, 1.0
"""Of a letter, about; Chinese ones are wide."""
GAP = 0.35
"""From a mark to its label, in heights of it."""
ACROSS, ALONG = 1.0, 0.15
"""What it counts that a line goes through a label, and each place that is less usual."""


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def within(self, other: Box) -> bool:
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


@dataclass(frozen=True)
class Label:
    """What is to be beside a mark at x, y, which is a square of twice ``mark`` units a side."""

    id: str
    x: float
    y: float
    width: float
    height: float
    mark: float
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
) -> list[PlacedLabel]:
    """In descending order of importance; what finds no room is left out.

    ``marks`` are all others that no label may cover, ``lines`` such as are better not covered.
    """
    squares = [_square(xy, half) for xy, half in marks]
    squares += [_square((label.x, label.y), label.mark) for label in labels]
    points = [point for line in lines for point in _dense(line)]
    placed: list[PlacedLabel] = []
    for label in labels:
        taken = [one.box for one in placed]
        free = _free(label, frame, [*taken, *squares])
        if not free and label.is_due:
            free = _free(label, frame, taken)
        if free:
            box = min(free, key=lambda one: one[0] + ACROSS * _hits(one[1], points))[1]
            others = (one for one in squares if one != _square((label.x, label.y), label.mark))
            own = _apart(box, _square((label.x, label.y), label.mark))
            near = min((_apart(box, other) for other in others), default=math.inf)
            placed.append(PlacedLabel(label, box, near < max(own, label.height / 2)))
    return placed


def _apart(box: Box, other: Box) -> float:
    """The distance between two boxes; 0 where they meet."""
    across = max(box.left - other.right, other.left - box.right, 0.0)
    down = max(box.top - other.bottom, other.top - box.bottom, 0.0)
    return math.hypot(across, down)


def _free(label: Label, frame: Box, taken: Sequence[Box]) -> list[tuple[float, Box]]:
    """Where it has room, and what the place counts."""
    return [
        (place * ALONG, box)
        for place, box in enumerate(_boxes(label))
        if box.within(frame) and not any(box.meets(other) for other in taken)
    ]


def _square(xy: XY, half: float) -> Box:
    return Box(xy[0] - half, xy[1] - half, xy[0] + half, xy[1] + half)


def _boxes(label: Label) -> list[Box]:
    """Where a label may be, the usual place first."""
    far = label.mark + GAP * label.height
    near = 0.7 * label.mark + 0.3 * GAP * label.height
    wide, high = label.width, label.height
    corners = (
        *((far, -high / 2), (-far - wide, -high / 2)),
        *((near, -near - high), (near, near)),
        *((-near - wide, -near - high), (-near - wide, near)),
        *((-wide / 2, -far - high), (-wide / 2, far)),
    )
    return [
        Box(label.x + x, label.y + y, label.x + x + wide, label.y + y + high) for x, y in corners
    ]


def _dense(line: Line, step: float = 6.0) -> list[XY]:
    """Points of a line, no two further apart than a step."""
    found = []
    for (ax, ay), (zx, zy) in pairwise(line):
        count = 1 + int(max(abs(zx - ax), abs(zy - ay)) / step)
        found += [
            (ax + (zx - ax) * at / count, ay + (zy - ay) * at / count) for at in range(count + 1)
        ]
    return found


def _hits(box: Box, points: Sequence[XY]) -> int:
    return sum(box.left < x < box.right and box.top < y < box.bottom for x, y in points)
