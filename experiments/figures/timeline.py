"""The figure of events over time: RTT and losses of the demands that they hit hardest, and what
streams and transfers brought meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from corridor.experiments.answers.words import duration
from corridor.experiments.figures import data, event_data, rates
from corridor.experiments.figures.event_data import Course, Level, Span
from corridor.experiments.figures.flags import Flag, flags
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.rates import Rate
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import (
    PNG_DPI,
    SERIES,
    SMALL_PT,
    SOFT,
    Sheet,
    Width,
    new_sheet,
    width_pt,
)
from corridor.experiments.results.summary import DemandSummary, EventSummary, Summary
from corridor.topologies.base.words import counted

LEFT_IN, RIGHT_IN = 0.62, 0.14
ROW_IN, RATE_IN, NAME_IN, LANE_IN, TIME_IN = 0.78, 0.62, 0.22, 0.135, 0.42
PT_PER_IN = 72
LEAST_SPAN = 0.06
"""Of an axis of RTT, as a share of its values: smaller differences are no event's."""

RTT: dict[str, Any] = {"color": SERIES[1].colour, "linewidth": 1.1}
PREDICTED: dict[str, Any] = {"color": "k", "linewidth": 0.7, "linestyle": (0, (4, 2))}
LOST: dict[str, Any] = {"color": SERIES[2].colour, "marker": "|", "linestyle": "none"}
LOST |= {"markersize": 6, "markeredgewidth": 0.8}
LASTS: dict[str, Any] = {"facecolor": "0.91", "linewidth": 0}
SEVERAL_LAST: dict[str, Any] = {"facecolor": "0.82", "linewidth": 0}
AT_ONCE: dict[str, Any] = {"color": "0.35", "linewidth": 0.9, "linestyle": (0, (1, 1))}
POLE: dict[str, Any] = {"color": "0.62", "linewidth": 0.5}


def timeline(run: RunData, width: Width) -> Figure | None:
    """One row of RTT over time a demand, below all events; then one of throughput a flow."""
    summary = run.summary
    events, demands = summary.get("events", []), event_data.shown_demands(summary)
    if not events or not demands:
        return None
    positions = [summary["demands"].index(demand) for demand in demands]
    courses = event_data.courses(run.probes, positions)
    end_s = _end_s(events, courses)
    every = rates.rates_of(run.tracks, end_s, demands)
    found = every[: rates.MAX_RATES]
    end_s = max(end_s, rates.end_of(found))
    spans = event_data.spans(events, end_s)
    placed = _placed(spans, end_s, _wide_in(width))
    lanes_in = LANE_IN * (1 + max((flag.lane for flag in placed), default=-1)) + 0.04
    rates_in = len(found) * (NAME_IN + RATE_IN)
    rows_in = len(demands) * (NAME_IN + ROW_IN) + rates_in
    caption = data.caption(summary, _shown(summary, demands, spans, placed, len(every)))
    keys = (_key(spans), rates.key(found) if found else ())
    title = event_data.timeline_title(events)
    sheet = new_sheet(title, caption, lanes_in + rows_in + TIME_IN, width, *keys)
    below_in = sheet.below_in + TIME_IN
    _draw_events(_axes(sheet, below_in, rows_in + lanes_in, end_s), spans, placed, rows_in)
    for number, (demand, course) in enumerate(zip(demands, courses, strict=True)):
        below = len(demands) - 1 - number
        bottom_in = below_in + rates_in + below * (NAME_IN + ROW_IN)
        axes = _axes(sheet, bottom_in, ROW_IN, end_s)
        _draw_course(axes, course, event_data.levels(demand, events, end_s, has_bfd=run.has_bfd))
        out_ms = event_data.longest_out_ms(events, demand["id"])
        _name_row(axes, demand, f"out for {duration(out_ms)}" if out_ms else "", width)
        _share_axis(axes, shared=below > 0 or bool(found))
    _draw_rates(sheet, found, {one["id"]: one for one in summary["demands"]}, end_s, width)
    return sheet.figure


def _wide_in(width: Width) -> float:
    """How long the axis of time is."""
    return width.inches - LEFT_IN - RIGHT_IN


def _draw_rates(
    sheet: Sheet,
    found: Sequence[Rate],
    demands: Mapping[str, DemandSummary],
    end_s: float,
    width: Width,
) -> None:
    """Below all else."""
    for number, rate in enumerate(found):
        below = len(found) - 1 - number
        bottom_in = sheet.below_in + TIME_IN + below * (NAME_IN + RATE_IN)
        axes = _axes(sheet, bottom_in, RATE_IN, end_s)
        rates.draw_rate(axes, rate)
        axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
        _name_row(axes, demands[rate.demand], rate.told, width)
        _share_axis(axes, shared=below > 0)


def _share_axis(axes: Any, *, shared: bool) -> None:
    """Time is told below the last row alone."""
    if shared:
        axes.tick_params(axis="x", length=0, labelbottom=False)
    else:
        axes.set_xlabel("time since probing began (s)")


def _end_s(events: Sequence[EventSummary], courses: Sequence[Course]) -> float:
    times = [
        float(times.max()) for one in courses for times in (one.sent_s, one.lost_s) if len(times)
    ]
    times += [
        moment / 1000 for event in events for moment in (event["at_ms"], event["until_ms"] or 0)
    ]
    return max(times, default=1.0) or 1.0


def _placed(spans: Sequence[Span], end_s: float, wide_in: float) -> list[Flag]:
    scratch = Figure(dpi=PNG_DPI)
    wide_pt = wide_in * PT_PER_IN
    return flags(
        [span.from_s / end_s * wide_pt for span in spans],
        [width_pt(scratch, [span.label], SMALL_PT) for span in spans],
        wide_pt,
        [span.hits for span in spans],
    )


def _shown(
    summary: Summary,
    demands: Sequence[DemandSummary],
    spans: Sequence[Span],
    placed: Sequence[Flag],
    flows: int,
) -> str:
    every = counted(len(summary["demands"]), "demand")
    said = [every]
    if len(demands) < len(summary["demands"]):
        said = [f"{len(demands)} of {every}, those hit hardest"]
    if flows > rates.MAX_RATES:
        said.append(f"{rates.MAX_RATES} of {counted(flows, 'flow')}")
    if not all(span.hits for span in spans):
        said.append("events in grey hit none")
    if len(placed) < len(spans):
        said.append(f"{len(spans) - len(placed)} labels left out")
    return ", ".join(said)


def _key(spans: Sequence[Span]) -> list[tuple[Any, str]]:
    key: list[tuple[Any, str]] = [
        (Line2D([], [], **RTT), "RTT"),
        (Line2D([], [], **PREDICTED), "predicted"),
        (Line2D([], [], **LOST), "lost probe"),
    ]
    if any(span.until_s is not None for span in spans):
        key.append((Patch(**LASTS), "event"))
    if any(several for _, _, several in event_data.shades(spans)):
        key.append((Patch(**SEVERAL_LAST), "several"))
    if any(span.until_s is None for span in spans):
        key.append((Line2D([], [], **AT_ONCE), "event, over at once"))
    return key


def _axes(sheet: Sheet, bottom_in: float, high_in: float, end_s: float) -> Any:
    wide, high = sheet.figure.get_size_inches()
    inside_in = wide - LEFT_IN - RIGHT_IN
    axes = sheet.figure.add_axes(
        (LEFT_IN / wide, bottom_in / high, inside_in / wide, high_in / high), facecolor="none"
    )
    axes.set_xlim(0, end_s)
    return axes


def _draw_events(axes: Any, spans: Sequence[Span], placed: Sequence[Flag], rows_in: float) -> None:
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


def _draw_course(axes: Any, course: Course, levels: Sequence[Level]) -> None:
    sent_s, rtt_ms = event_data.broken(course)
    axes.plot(sent_s, rtt_ms, **RTT)
    for level in levels:
        axes.hlines(level.rtt_ms, level.from_s, level.until_s, zorder=3, **PREDICTED)
    axes.plot(
        course.lost_s,
        np.full(len(course.lost_s), 0.09),
        transform=axes.get_xaxis_transform(),
        **LOST,
    )
    values = [*course.rtt_ms.tolist(), *(level.rtt_ms for level in levels)]
    if values:
        low, high = min(values), max(values)
        tall = max(high - low, LEAST_SPAN * high)
        middle = (low + high) / 2
        axes.set_ylim(middle - 0.78 * tall, middle + 0.6 * tall)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_ylabel("RTT (ms)")


def _name_row(axes: Any, demand: DemandSummary, more: str, width: Width) -> None:
    """The ends of a demand only where there is room for them."""
    ends = "" if width.is_narrow else f": {demand['src']} → {demand['dst']}"
    axes.annotate(
        f"{demand['id']}{ends}{f', {more}' if more else ''}",
        (0, 1),
        xycoords="axes fraction",
        xytext=(2, 3),
        textcoords="offset points",
        fontsize=SMALL_PT,
        fontweight="bold",
    )


KIND = FigureKind(
    "timeline",
    timeline,
    effort=3,
)
