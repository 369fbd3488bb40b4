"""Rows of a figure: with a name and a remark each, or over one axis of time below the events of a
run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from corridor.experiments.account.summary import EventSummary
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.event_data import Span
from corridor.experiments.atlas.labels import Flag, flags
from corridor.experiments.figures.style import (
    BACKING,
    PNG_DPI,
    SMALL_PT,
    SOFT,
    Key,
    LineStyle,
    PatchStyle,
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


# Rows over one axis of time, below the events of a run. Lengths are in inches.

LEFT_IN, RIGHT_IN = 0.62, 0.14
NAME_IN, LANE_IN, TIME_IN = 0.22, 0.135, 0.42
PT_PER_IN = 72
LASTS: PatchStyle = {"facecolor": "0.91", "linewidth": 0}
SEVERAL_LAST: PatchStyle = {"facecolor": "0.82", "linewidth": 0}
AT_ONCE: LineStyle = {"color": "0.35", "linewidth": 0.9, "linestyle": (0, (1, 1))}
POLE: LineStyle = {"color": "0.62", "linewidth": 0.5}


@dataclass(frozen=True)
class TimeRows:
    """``heights_in`` are those of the rows, from above; each has its name above it."""

    spans: Sequence[Span]
    heights_in: Sequence[float]
    end_s: float
    width: Width
    placed: Sequence[Flag]
    """Where the labels of events are."""
    left_in: float = LEFT_IN
    """What names of axes, or of rows, take on the left."""
    right_in: float = RIGHT_IN

    def sheet(self, title: str, caption: str, *keys: Key) -> Sheet:
        """With events drawn across all rows."""
        lanes_in = LANE_IN * (1 + max((flag.lane for flag in self.placed), default=-1)) + 0.04
        body_in = lanes_in + self.rows_in + TIME_IN
        made = new_sheet(title, caption, body_in, self.width, *keys)
        across = self._axes_at(made, made.below_in + TIME_IN, self.rows_in + lanes_in)
        _draw_events(across, self.spans, self.placed, self.rows_in)
        return made

    @property
    def rows_in(self) -> float:
        return sum(NAME_IN + high_in for high_in in self.heights_in)

    @property
    def left_out(self) -> int:
        """Labels of events that have no room."""
        return len(self.spans) - len(self.placed)

    def axes(self, sheet: Sheet, number: int) -> Axes:
        """Of a row; time is told below the last one alone."""
        below = self.heights_in[number + 1 :]
        below_in = sum(NAME_IN + high_in for high_in in below)
        bottom_in = sheet.below_in + TIME_IN + below_in
        made = self._axes_at(sheet, bottom_in, self.heights_in[number])
        if below:
            made.tick_params(axis="x", length=0, labelbottom=False)
        else:
            made.set_xlabel("time since probing began (s)")
        return made

    def _axes_at(self, sheet: Sheet, bottom_in: float, high_in: float) -> Axes:
        wide, high = sheet.figure.get_size_inches()
        inside_in = wide - self.left_in - self.right_in
        made = sheet.figure.add_axes(
            (self.left_in / wide, bottom_in / high, inside_in / wide, high_in / high),
            facecolor="none",
        )
        made.set_xlim(0, self.end_s)
        return made


def time_rows(
    events: Sequence[EventSummary],
    heights_in: Sequence[float],
    end_s: float,
    width: Width,
    left_in: float = LEFT_IN,
    right_in: float = RIGHT_IN,
) -> TimeRows:
    spans = event_data.spans(events, end_s)
    placed = _placed(spans, end_s, width.inches - left_in - right_in)
    return TimeRows(spans, heights_in, end_s, width, placed, left_in, right_in)


def key_of_events(spans: Sequence[Span]) -> list[tuple[Artist, str]]:
    """What is what of the events."""
    key: list[tuple[Artist, str]] = []
    if any(span.until_s is not None for span in spans):
        key.append((Patch(**LASTS), "event"))
    if any(several for _, _, several in event_data.shades(spans)):
        key.append((Patch(**SEVERAL_LAST), "several"))
    if any(span.until_s is None for span in spans):
        key.append((Line2D([], [], **AT_ONCE), "event, over at once"))
    return key


def name_row(axes: Axes, name: str) -> None:
    """Above it, from its left end on."""
    axes.annotate(
        name,
        (0, 1),
        xycoords="axes fraction",
        xytext=(2, 3),
        textcoords="offset points",
        fontsize=SMALL_PT,
        fontweight="bold",
    )


def _placed(spans: Sequence[Span], end_s: float, wide_in: float) -> list[Flag]:
    scratch = Figure(dpi=PNG_DPI)
    wide_pt = wide_in * PT_PER_IN
    return flags(
        [span.from_s / end_s * wide_pt for span in spans],
        [width_pt(scratch, [span.label], SMALL_PT) for span in spans],
        wide_pt,
        [span.hits for span in spans],
    )


def _draw_events(axes: Axes, spans: Sequence[Span], placed: Sequence[Flag], rows_in: float) -> None:
    """Across all rows, in inches from the axis of time."""
    axes.set_axis_off()
    high_in = axes.get_window_extent().height / axes.figure.dpi
    axes.set_ylim(0, high_in)
    for from_s, until_s, several in event_data.shades(spans):
        axes.fill_between([from_s, until_s], 0, rows_in, **SEVERAL_LAST if several else LASTS)
    at_once = [span.from_s for span in spans if span.until_s is None]
    axes.vlines(at_once, 0, rows_in, **AT_ONCE)
    for flag in placed:
        span, bottom_in = spans[flag.number], rows_in + LANE_IN * flag.lane + 0.02
        axes.vlines(span.from_s, rows_in, bottom_in + 0.8 * LANE_IN, clip_on=False, **POLE)
        axes.annotate(
            span.label,
            (0, bottom_in),
            xycoords=axes.get_yaxis_transform(),
            xytext=(flag.left_pt, 0),
            textcoords="offset points",
            fontsize=SMALL_PT,
            color="k" if span.hits else SOFT,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3},
        )
