"""The figure of events over time: RTT and losses of the demands that they hit hardest, and what
streams and transfers brought meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from corridor.experiments.answers.words import duration
from corridor.experiments.figures import data, event_data, rates
from corridor.experiments.figures.event_data import Course, Level
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.rates import Rate
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import SERIES, Sheet, Width
from corridor.experiments.figures.time_rows import TimeRows, key_of_events, name_row, time_rows
from corridor.experiments.results.summary import DemandSummary, EventSummary, Summary
from corridor.topologies.base.words import counted

BY_TIME_SENT = "at the time probes were sent: those under way at an event show it earlier"
ROW_IN, RATE_IN = 0.78, 0.62
LEAST_SPAN = 0.06
"""Of an axis of RTT, as a share of its values: smaller differences are no event's."""

RTT: dict[str, Any] = {"color": SERIES[1].colour, "linewidth": 1.1}
PREDICTED: dict[str, Any] = {"color": "k", "linewidth": 0.7, "linestyle": (0, (4, 2))}
LOST: dict[str, Any] = {"color": SERIES[2].colour, "marker": "|", "linestyle": "none"}
LOST |= {"markersize": 6, "markeredgewidth": 0.8}


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
    heights_in = [ROW_IN] * len(demands) + [RATE_IN] * len(found)
    rows = time_rows(events, heights_in, end_s, width)
    caption = data.caption(summary, _shown(summary, demands, rows, len(every)))
    keys = (_key(rows), rates.key(found) if found else ())
    sheet = rows.sheet(event_data.timeline_title(events), caption, *keys)
    for number, (demand, course) in enumerate(zip(demands, courses, strict=True)):
        axes = rows.axes(sheet, number)
        _draw_course(axes, course, event_data.levels(demand, events, end_s, has_bfd=run.has_bfd))
        out_ms = event_data.longest_out_ms(events, demand["id"])
        _name_row(axes, demand, f"out for {duration(out_ms)}" if out_ms else "", width)
    _draw_rates(sheet, rows, found, {one["id"]: one for one in summary["demands"]})
    return sheet.figure


def _draw_rates(
    sheet: Sheet, rows: TimeRows, found: Sequence[Rate], demands: Mapping[str, DemandSummary]
) -> None:
    """Below all else."""
    first = len(rows.heights_in) - len(found)
    for number, rate in enumerate(found):
        axes = rows.axes(sheet, first + number)
        rates.draw_rate(axes, rate)
        axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
        _name_row(axes, demands[rate.demand], rate.told, rows.width)


def _end_s(events: Sequence[EventSummary], courses: Sequence[Course]) -> float:
    times = [
        float(times.max()) for one in courses for times in (one.sent_s, one.lost_s) if len(times)
    ]
    times += [
        moment / 1000 for event in events for moment in (event["at_ms"], event["until_ms"] or 0)
    ]
    return max(times, default=1.0) or 1.0


def _shown(summary: Summary, demands: Sequence[DemandSummary], rows: TimeRows, flows: int) -> str:
    every = counted(len(summary["demands"]), "demand")
    said = [every, BY_TIME_SENT]
    if len(demands) < len(summary["demands"]):
        said[0] = f"{len(demands)} of {every}, those hit hardest"
    if flows > rates.MAX_RATES:
        said.append(f"{rates.MAX_RATES} of {counted(flows, 'flow')}")
    if not all(span.hits for span in rows.spans):
        said.append("events in grey hit none")
    if rows.left_out:
        said.append(f"{rows.left_out} labels left out")
    return ", ".join(said)


def _key(rows: TimeRows) -> list[tuple[Any, str]]:
    return [
        (Line2D([], [], **RTT), "RTT"),
        (Line2D([], [], **PREDICTED), "predicted"),
        (Line2D([], [], **LOST), "lost probe"),
        *key_of_events(rows.spans),
    ]


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
    name_row(axes, f"{demand['id']}{ends}{f', {more}' if more else ''}")


KIND = FigureKind(
    "timeline",
    timeline,
)
