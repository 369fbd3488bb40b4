"""The outcome of a stream, interval by interval: counts that grow with its length and stop at a
bound. Standard library only.

Intervals are those of the run: number ``n`` is from ``n * width`` to ``(n + 1) * width`` after the
epoch, whatever stream it is, so that several can be laid side by side.
"""

from __future__ import annotations

from typing import NamedTuple

FORMAT = 1
"""Of ``intervals-HOST.json``."""
WIDTHS_NS = tuple(n * 1_000_000 for n in (10, 20, 50, 100, 200, 500, 1000))
"""How wide intervals may be: all divide a second, on which phases of a run begin."""
USUAL_NS = WIDTHS_NS[0]
MAX_PLANNED = 30_000
MAX_KEPT = 2 * MAX_PLANNED
"""Some 2 MB a column. What comes later is counted with the last."""


def file_name(host: str) -> str:
    return f"intervals-{host}.json"


def width_for(duration_ns: int) -> int:
    """The narrowest width by which a stream has no more than ``MAX_PLANNED`` intervals, if any."""
    fitting = (width for width in WIDTHS_NS if duration_ns <= width * MAX_PLANNED)
    return next(fitting, WIDTHS_NS[-1])


class SentIntervals(NamedTuple):
    """Of a stream's sender, by the moment that is written into its packets."""

    flow: int
    width_ns: int
    first: int
    """The number of the first interval."""
    frame_bytes: int
    """Octets of one frame, without FCS."""
    offered: list[int]
    """Packets that were to be sent."""
    sent: list[int]
    """Of them, those that left."""


class ReceivedIntervals(NamedTuple):
    """Of a stream's receiver; duplicates are in none."""

    flow: int
    width_ns: int
    first: int
    arrived: list[int]
    """Packets by the moment at which they were sent."""
    delay_ns: list[int]
    """The sum of their one-way delays."""
    packets: list[int]
    """Packets by the moment at which they came."""
    frame_bytes: list[int]
    """Octets of their frames, without FCS."""


class HostIntervals(NamedTuple):
    """All of ``intervals-HOST.json``; moments are CLOCK_REALTIME."""

    schema: int
    epoch_ns: int
    streams_out: tuple[SentIntervals, ...]
    streams_in: tuple[ReceivedIntervals, ...]


class Intervals:
    """Some columns of counts, one row an interval; ``start`` before ``row``."""

    __slots__ = ("_base_ns", "_rows", "columns", "first", "width_ns")

    def __init__(self, columns: int, from_ns: int, width_ns: int) -> None:
        self.width_ns = width_ns
        self.first = from_ns // width_ns
        self.columns: tuple[list[int], ...] = tuple([] for _ in range(columns))
        self._base_ns = self._rows = 0

    def start(self, epoch_ns: int) -> None:
        self._base_ns = epoch_ns + self.first * self.width_ns

    def row(self, at_ns: int) -> int:
        """Where a moment is counted. One before the first interval, which only a clock that was set
        or a forged packet can name, is counted with the first."""
        row = min(max((at_ns - self._base_ns) // self.width_ns, 0), MAX_KEPT - 1)
        if row < self._rows:
            return row
        for column in self.columns:
            column.extend([0] * (row + 1 - self._rows))
        self._rows = row + 1
        return row
