"""Rows of a figure: what each is called, and what is told of it. Where there is room, on either
side of the axes; in a narrow figure above what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from matplotlib.figure import Figure

from corridor.experiments.figures.style import PNG_DPI, SMALL_PT, Width, broken

AXIS_IN = 0.46
"""What the axis below takes."""
BAR = 0.25
"""Half of what a bar may take of a row."""
TEXT_IN, BARE_IN = 0.135, 0.34
NARROW_MARGIN_IN = 0.3


@dataclass(frozen=True)
class RowText:
    name: str
    """May have two lines."""
    beside: str = ""
    is_soft: bool = False


@dataclass(frozen=True)
class Rows:
    """``row_in`` is how high a row is where texts are beside it."""

    texts: Sequence[RowText]
    width: Width
    row_in: float

    @property
    def body_in(self) -> float:
        return AXIS_IN + (0.1 if self.width.is_narrow else 0.06) + self._height_in()

    def write(self, axes: Any) -> None:
        """Names, and the limits of the axis of rows; the first is above."""
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        if self.width.is_narrow:
            self._write_above(axes)
        else:
            self._write_beside(axes)

    def _height_in(self) -> float:
        if not self.width.is_narrow:
            return self.row_in * len(self.texts)
        return self._unit_in() * (len(self.texts) - 0.5 + self._top())

    @cached_property
    def _lines(self) -> list[list[str]]:
        scratch = Figure(dpi=PNG_DPI)
        room_pt = (self.width.inches - NARROW_MARGIN_IN) * 72
        said = (_joined(text) for text in self.texts)
        return [broken(scratch, one, SMALL_PT, room_pt) for one in said]

    def _unit_in(self) -> float:
        return BARE_IN + TEXT_IN * self._most_lines()

    def _most_lines(self) -> int:
        return max((len(lines) for lines in self._lines), default=1)

    def _top(self) -> float:
        """Of a row, above its middle."""
        return BAR + 0.06 + TEXT_IN * self._most_lines() / self._unit_in()

    def _write_above(self, axes: Any) -> None:
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_ylim(len(self.texts) - 0.5, -self._top())
        for y, (text, lines) in enumerate(zip(self.texts, self._lines, strict=True)):
            axes.annotate(
                "\n".join(lines),
                (0, y - BAR - 0.03),
                xycoords=axes.get_yaxis_transform(),
                va="bottom",
                fontsize=SMALL_PT,
                linespacing=1.15,
                color="0.4" if text.is_soft else "k",
            )

    def _write_beside(self, axes: Any) -> None:
        axes.set_yticks(range(len(self.texts)), [text.name for text in self.texts])
        axes.set_ylim(len(self.texts) - 0.45, -0.55)
        for y, text in enumerate(self.texts):
            axes.annotate(
                text.beside,
                (1, y),
                xycoords=axes.get_yaxis_transform(),
                xytext=(9, 0),
                textcoords="offset points",
                va="center",
                fontsize=SMALL_PT,
                linespacing=1.25,
                color="0.4" if text.is_soft else "k",
            )


def _joined(text: RowText) -> str:
    """As one text."""
    name, beside = (part.replace("\n", ", ") for part in (text.name, text.beside))
    return f"{name}: {beside}" if beside else name
