"""Labels of moments on an axis of time, in lanes above it, each with a pole down to its moment.

They overlap nowhere, and no pole crosses a label as long as there are lanes enough. Lengths are in
points. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
