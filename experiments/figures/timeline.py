"""The figure of events over time: RTT and losses of the demands that they hit hardest, and what
streams and transfers brought in the meantime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from corridor.experiments.account.summary import DemandSummary, Summary
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.time_line import TimeRow, time_line
from corridor.experiments.figures import data, rates
from corridor.experiments.figures.rates import Rate
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import SERIES, LineStyle, Sheet, Width
from corridor.experiments.figures.time_rows import TimeRows, key_of_events, name_row, time_rows
from corridor.topologies.base.words import counted, duration

BY_TIME_SENT = "at the time probes were sent: those in flight at an event show it earlier"
ROW_IN, RATE_IN = 0.78, 0.62

RTT: LineStyle = {"color": SERIES[1].colour, "linewidth": 1.1}
PREDICTED: LineStyle = {"color": "k", "linewidth": 0.7, "linestyle": (0, (4, 2))}
LOST: LineStyle = {"color": SERIES[2].colour, "marker": "|", "linestyle": "none"}
LOST |= {"markersize": 6, "markeredgewidth": 0.8}


def draw(run: RunData, width: Width) -> Figure | None:
    """One row of RTT over time a demand, below all events; then one of throughput a flow."""
    summary = run.summary
    events = summary.events or ()
    line = time_line(summary, run.probes, has_bfd=run.has_bfd, most=event_data.MAX_POINTS)
    if line is None:
        return None
    demands = [row.demand for row in line.rows]
    every = rates.rates_of(run.tracks, line.end_s, demands)
    found = every[: rates.MAX_RATES]
    end_s = max(line.end_s, rates.end_of(found))
    heights_in = [ROW_IN] * len(demands) + [RATE_IN] * len(found)
    rows = time_rows(events, heights_in, end_s, width)
    caption = data.caption(summary, _shown(summary, demands, rows, len(every)))
    keys = (_key(rows), rates.key(found) if found else ())
    sheet = rows.sheet(event_data.timeline_title(events), caption, *keys)
    for number, row in enumerate(line.rows):
        axes = rows.axes(sheet, number)
        _draw_row(axes, row)
        out = f"out for {duration(row.out_ms)}" if row.out_ms else ""
        _name_row(axes, row.demand, out, width)
    _draw_rates(sheet, rows, found, {one.id: one for one in summary.demands})
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


def _shown(summary: Summary, demands: Sequence[DemandSummary], rows: TimeRows, flows: int) -> str:
    every = counted(len(summary.demands), "demand")
    said = [every, BY_TIME_SENT]
    if len(demands) < len(summary.demands):
        said[0] = f"{len(demands)} of {every}, most affected"
    if flows > rates.MAX_RATES:
        said.append(f"{rates.MAX_RATES} of {counted(flows, 'flow')}")
    if not all(span.hits for span in rows.spans):
        said.append("events in grey affected none")
    if rows.left_out:
        said.append(f"{rows.left_out} labels left out")
    return ", ".join(said)


def _key(rows: TimeRows) -> list[tuple[Artist, str]]:
    return [
        (Line2D([], [], **RTT), "RTT"),
        (Line2D([], [], **PREDICTED), "predicted"),
        (Line2D([], [], **LOST), "lost probe"),
        *key_of_events(rows.spans),
    ]


def _draw_row(axes: Axes, row: TimeRow) -> None:
    axes.plot(*event_data.broken(row.course), **RTT)
    for level in row.levels:
        axes.hlines(level.rtt_ms, level.from_s, level.until_s, zorder=3, **PREDICTED)
    lost_s = row.course.lost_s
    axes.plot(lost_s, np.full(len(lost_s), 0.09), transform=axes.get_xaxis_transform(), **LOST)
    if row.range_ms is not None:
        axes.set_ylim(*row.axis_ms)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_ylabel("RTT (ms)")


def _name_row(axes: Axes, demand: DemandSummary, more: str, width: Width) -> None:
    """The ends of a demand only where there is room for them."""
    ends = "" if width.is_narrow else f": {demand.src} → {demand.dst}"
    name_row(axes, f"{demand.id}{ends}{f', {more}' if more else ''}")
