"""Rows over one axis of time, below the events of a run. Lengths are in inches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    PNG_DPI,
    SMALL_PT,
    SOFT,
    Key,
    LineStyle,
    PatchStyle,
    Sheet,
    Width,
    new_sheet,
    width_pt,
)

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
