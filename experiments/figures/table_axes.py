"""A table that is drawn: texts on the left, narrow columns under upright names, groups of rows.
Lengths are in inches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from matplotlib.figure import Figure

from corridor.experiments.figures.style import EDGE_IN, SMALL_PT, Sheet, width_pt

NAME_GAP_IN = 0.06


@dataclass(frozen=True)
class Column:
    name: str
    wide_in: float
    gap_in: float = 0.0
    """After it."""


def lines_of[Row](rows: Sequence[tuple[str, Row]]) -> list[str | Row]:
    """Rows, each group of them below its name."""
    found: list[str | Row] = []
    last = None
    for group, row in rows:
        if group != last:
            found.append(group)
            last = group
        found.append(row)
    return found


def header_in(columns: Sequence[Column]) -> float:
    longest = width_pt(Figure(), [one.name for one in columns], SMALL_PT) / 72
    return longest + 2 * NAME_GAP_IN


@dataclass(frozen=True)
class Table[Row]:
    """Below the header of its sheet, all of its width."""

    sheet: Sheet
    columns: Sequence[Column]
    lines: Sequence[str | Row]
    row_in: float
    left_in: Sequence[float]
    """How wide each column of texts is."""

    @cached_property
    def axes(self) -> Any:
        """They count inches from the left, and rows from above, the first at 0."""
        wide, high = self.sheet.figure.get_size_inches()
        above = self.sheet.above_in + header_in(self.columns)
        body_in = self.row_in * len(self.lines)
        axes = self.sheet.figure.add_axes((0, (high - above - body_in) / high, 1, body_in / high))
        axes.set_axis_off()
        axes.set_xlim(0, wide)
        axes.set_ylim(len(self.lines) - 0.5, -0.5)
        return axes

    def rows(self) -> Iterator[tuple[int, Row]]:
        for y, line in enumerate(self.lines):
            if not isinstance(line, str):
                yield y, line

    def x_in(self, column: int) -> float:
        """The middle of a column."""
        before = sum(one.wide_in + one.gap_in for one in self.columns[:column])
        return self._start_in() + before + self.columns[column].wide_in / 2

    def write(self, column: int, y: float, text: str, *, is_bold: bool = False) -> None:
        weight = "bold" if is_bold else "normal"
        x = self.x_in(column)
        self.axes.text(x, y, text, fontsize=SMALL_PT, fontweight=weight, **MIDDLE)

    def write_frame(self, texts: Callable[[Row], Sequence[str]]) -> None:
        """Names of columns, groups and rows, and fine lines that lead the eye."""
        for number, column in enumerate(self.columns):
            x = self.x_in(number)
            self.axes.text(
                *(x, -0.5 - NAME_GAP_IN / self.row_in, column.name),
                rotation=90,
                ha="center",
                va="bottom",
                fontsize=SMALL_PT,
            )
            self.axes.plot([x, x], [-0.5, len(self.lines) - 0.5], color="0.9", linewidth=0.5)
        for y, line in enumerate(self.lines):
            if isinstance(line, str):
                self._write_left(y, [line], weight="bold")
            else:
                self._write_left(y, texts(line), weight="normal")
                if y % 2:
                    self._shade(y)

    def _write_left(self, y: int, texts: Sequence[str], weight: str) -> None:
        x = EDGE_IN
        for text, wide_in in zip(texts, self.left_in, strict=False):
            self.axes.text(
                *(x, y, text),
                fontsize=SMALL_PT,
                fontweight=weight,
                va="center_baseline",
                zorder=3,
            )
            x += wide_in

    def _shade(self, y: int) -> None:
        last = self.columns[-1]
        right = self.x_in(len(self.columns) - 1) + last.wide_in / 2
        self.axes.fill_between([EDGE_IN, right], y - 0.5, y + 0.5, facecolor="0.96", zorder=0)

    def _start_in(self) -> float:
        return EDGE_IN + sum(self.left_in)


MIDDLE: dict[str, Any] = {"ha": "center", "va": "center_baseline"}
