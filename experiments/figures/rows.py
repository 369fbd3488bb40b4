"""Rows of a figure: what each is called, and what is told of it. Where there is room, on either
side of the axes; in a narrow figure above what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from corridor.experiments.figures.style import (
    BACKING,
    PNG_DPI,
    SMALL_PT,
    Key,
    Sheet,
    Width,
    broken,
    new_sheet,
    width_pt,
)

AXIS_IN = 0.46
"""What the axis below takes."""
TEXT_IN, GAP_IN = 0.125, 0.07
"""A line of text above a row, and what is between rows."""
LEAST_IN, MOST_IN = 0.15, 0.24
"""Of what is drawn in a row below its text."""
NARROW_SIDE_IN = 0.13
NAME_PT = 7.5
TOP_IN = 0.06


@dataclass(frozen=True)
class RowText:
    name: str
    """May have two lines."""
    beside: str = ""
    has_bar: bool = True
    """Whether anything is drawn in it."""


@dataclass(frozen=True)
class Rows:
    """``row_in`` is how high a row is where texts are next to it."""

    texts: Sequence[RowText]
    width: Width
    row_in: float

    def figure(self, title: str, caption: str, key: Key) -> tuple[Figure, Axes]:
        """And its axes, as large as texts leave them."""
        sheet = new_sheet(title, caption, self.high_in, self.width, key)
        return sheet.figure, self.axes(sheet)

    @property
    def high_in(self) -> float:
        """With their axis."""
        return TOP_IN + self._rows_in + AXIS_IN

    def axes(self, sheet: Sheet) -> Axes:
        """At the lower end of a sheet."""
        wide, tall = sheet.figure.get_size_inches()
        left, right = self._sides_in()
        box = (left, sheet.below_in + AXIS_IN, wide - left - right, self._rows_in)
        scale = (wide, tall, wide, tall)
        return sheet.figure.add_axes(tuple(one / of for one, of in zip(box, scale, strict=True)))

    @property
    def _rows_in(self) -> float:
        low, high = self._limits
        return (low - high) * self._unit_in

    def _sides_in(self) -> tuple[float, float]:
        if self.width.is_narrow:
            return NARROW_SIDE_IN, NARROW_SIDE_IN
        scratch = Figure(dpi=PNG_DPI)
        names = [line for text in self.texts for line in text.name.split("\n")]
        beside = [line for text in self.texts for line in text.beside.split("\n")]
        name_in = width_pt(scratch, names, NAME_PT) / 72
        beside_in = width_pt(scratch, beside, SMALL_PT) / 72
        return name_in + 0.12, (beside_in + 0.2) if any(beside) else 0.15

    @cached_property
    def ys(self) -> Sequence[float]:
        """The middle of what is drawn in each row; a bar may take 0.66 of a unit."""
        if not self.width.is_narrow:
            return range(len(self.texts))
        found, down_in = [], 0.0
        for text, lines in zip(self.texts, self._lines, strict=True):
            down_in += TEXT_IN * len(lines)
            found.append(down_in / self._unit_in + 0.5)
            down_in += GAP_IN + (self._unit_in if text.has_bar else 0.0)
        return found

    def write(self, axes: Axes) -> None:
        """Names, and the limits of the axis of rows; the first is above."""
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(*self._limits)
        if self.width.is_narrow:
            self._write_above(axes)
        else:
            self._write_beside(axes)

    @property
    def _unit_in(self) -> float:
        if not self.width.is_narrow:
            return self.row_in
        return min(max(self.row_in, LEAST_IN), MOST_IN)

    @property
    def _limits(self) -> tuple[float, float]:
        if not self.width.is_narrow:
            return len(self.texts) - 0.45, -0.55
        below = 0.6 if self.texts[-1].has_bar else -0.3
        return self.ys[-1] + below, -0.1

    @cached_property
    def _lines(self) -> list[list[str]]:
        scratch = Figure(dpi=PNG_DPI)
        room_pt = (self.width.inches - 2 * NARROW_SIDE_IN - 0.03) * 72
        said = (_joined(text) for text in self.texts)
        return [broken(scratch, one, SMALL_PT, room_pt) for one in said]

    def _write_above(self, axes: Axes) -> None:
        axes.set_yticks([])
        for y, lines in zip(self.ys, self._lines, strict=True):
            axes.annotate(
                "\n".join(lines),
                (0, y - 0.5),
                xycoords=axes.get_yaxis_transform(),
                xytext=(2, 0),
                textcoords="offset points",
                va="bottom",
                fontsize=SMALL_PT,
                linespacing=1.15,
                bbox=BACKING,
            )

    def _write_beside(self, axes: Axes) -> None:
        axes.set_yticks(self.ys, [text.name for text in self.texts])
        for y, text in zip(self.ys, self.texts, strict=True):
            axes.annotate(
                text.beside,
                (1, y),
                xycoords=axes.get_yaxis_transform(),
                xytext=(9, 0),
                textcoords="offset points",
                va="center",
                fontsize=SMALL_PT,
                linespacing=1.25,
            )


def _joined(text: RowText) -> str:
    """As one text."""
    name, beside = (part.replace("\n", ", ") for part in (text.name, text.beside))
    return f"{name}: {beside}" if beside else name
