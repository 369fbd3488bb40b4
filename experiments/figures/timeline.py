"""The figure of events over time: RTT and losses of the demands that they hit hardest, and what
streams and transfers brought in the meantime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from corridor.experiments.account.flows import Protocol, Track
from corridor.experiments.account.summary import DemandSummary, Summary
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.event_data import TimeRow, time_line
from corridor.experiments.figures import data
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.rows import TimeRows, key_of_events, name_row, time_rows
from corridor.experiments.figures.style import SERIES, LineStyle, Sheet, Width, as_patch
from corridor.experiments.results import measures
from corridor.experiments.results.measures import Sample
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
    every = rates_of(run.tracks, line.end_s, demands)
    found = every[:MAX_RATES]
    end_s = max(line.end_s, end_of(found))
    heights_in = [ROW_IN] * len(demands) + [RATE_IN] * len(found)
    rows = time_rows(events, heights_in, end_s, width)
    caption = data.caption(summary, _shown(summary, demands, rows, len(every)))
    keys = (_key(rows), rates_key(found) if found else ())
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
        draw_rate(axes, rate)
        axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
        _name_row(axes, demands[rate.demand], rate.told, rows.width)


def _shown(summary: Summary, demands: Sequence[DemandSummary], rows: TimeRows, flows: int) -> str:
    every = counted(len(summary.demands), "demand")
    said = [every, BY_TIME_SENT]
    if len(demands) < len(summary.demands):
        said[0] = f"{len(demands)} of {every}, most affected"
    if flows > MAX_RATES:
        said.append(f"{MAX_RATES} of {counted(flows, 'flow')}")
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


# Streams and transfers over time, as rows of the figure of events: their values, and how they are
# drawn.

MAX_RATES = 6
"""Rows of a figure."""
MAX_BINS = 400
WIDTHS_NS = tuple(n * 10**power for power in range(7, 14) for n in (1, 2, 5))
"""From 10 ms on."""
MEASURES: dict[Protocol, tuple[str, str, str]] = {
    "udp": ("throughput_mbps", "offered_mbps", "stream_lost"),
    "tcp": ("tcp_mbps", "tcp_sent_mbps", "tcp_retransmits"),
}
"""What arrives, what is sent, and what is missing."""
MISSING_WORDS: dict[Protocol, str] = {"udp": "lost", "tcp": "sent again"}
NAMES: dict[Protocol, str] = {"udp": "UDP stream", "tcp": "TCP transfer"}

DELIVERED: LineStyle = {"color": SERIES[3].colour, "linewidth": 1.2}
SENT: LineStyle = {"color": "k", "linewidth": 0.6, "linestyle": (0, (1, 1))}
MISSING: LineStyle = {"color": SERIES[2].colour, "marker": "x", "linestyle": "none"}
MISSING |= {"markersize": 3.5, "markeredgewidth": 0.8}


@dataclass(frozen=True)
class Rate:
    """One flow over time, in bins of one width."""

    demand: str
    protocol: Protocol
    width_ns: int
    delivered: Sequence[Sample]
    """In Mbit/s, as what is sent."""
    sent: Sequence[Sample]
    missing_s: tuple[float, ...]
    """The middles of bins of whose packets some were lost, or in which some were sent again."""

    @property
    def told(self) -> str:
        """What the row shows, in words."""
        return f"{NAMES[self.protocol]} in bins of {duration(self.width_ns / 1e6)}"


def rates_of(tracks: Sequence[Track], end_s: float, demands: Sequence[DemandSummary]) -> list[Rate]:
    """Of the flows that begin before the axis ends: those of ``demands`` first, in their order."""
    shown = [demand.id for demand in demands]
    early = [track for track in tracks if track.from_ns[0] < end_s * 1e9]
    return sorted(
        _rates(early, end_s),
        key=lambda rate: shown.index(rate.demand) if rate.demand in shown else len(shown),
    )


def _rates(tracks: Sequence[Track], end_s: float) -> Iterator[Rate]:
    """Of each flow of which both ends are known."""
    for track in tracks:
        delivered, sent, missing = MEASURES[track.protocol]
        other = measures.track_of(tracks, track.demand, sent)
        if track.side != "receiver" or other is None:
            continue
        last_ns = max(track.until_ns[-1], other.until_ns[-1], end_s * 1e9)
        least_ns = max(last_ns / MAX_BINS, _least_ns(track))
        width_ns = next((width for width in WIDTHS_NS if width >= least_ns), WIDTHS_NS[-1])

        def over_time(
            measure: str, demand: str = track.demand, width_ns: int = width_ns
        ) -> list[Sample]:
            return measures.of_flow(tracks, demand, measure, width_ns)

        yield Rate(
            track.demand,
            track.protocol,
            width_ns,
            over_time(delivered),
            over_time(sent),
            tuple(one.at_s + width_ns / 2e9 for one in over_time(missing) if one.value),
        )


def _least_ns(track: Track) -> int:
    return track.width_ns if track.protocol == "udp" else measures.LEAST_OF_TRANSFERS_NS


def end_of(rates: Sequence[Rate]) -> float:
    """When the last one ends, in s."""
    ends = (one.at_s + rate.width_ns / 1e9 for rate in rates for one in rate.delivered[-1:])
    return max(ends, default=0.0)


def rates_key(rates: Sequence[Rate]) -> list[tuple[Artist, str]]:
    """What is what in the rows."""
    found: list[tuple[Artist, str]] = [
        (Line2D([], [], **DELIVERED), "throughput"),
        (Line2D([], [], **SENT), "sent"),
    ]
    kinds = {rate.protocol for rate in rates if rate.missing_s}
    if kinds:
        words = [word for kind, word in MISSING_WORDS.items() if kind in kinds]
        found.append((Line2D([], [], **MISSING), f"packets {' or '.join(words)}"))
    return found


def draw_rate(axes: Axes, rate: Rate) -> None:
    for samples, look in ((rate.sent, SENT), (rate.delivered, DELIVERED)):
        edges = [*(one.at_s for one in samples), samples[-1].at_s + rate.width_ns / 1e9]
        axes.stairs([one.value or 0.0 for one in samples], edges, baseline=None, **as_patch(look))
    axes.plot(
        rate.missing_s,
        np.full(len(rate.missing_s), 0.07),
        transform=axes.get_xaxis_transform(),
        clip_on=False,
        **MISSING,
    )
    most = max((one.value or 0.0 for one in (*rate.sent, *rate.delivered)), default=0.0)
    axes.set_ylim(-0.16 * (most or 1.0), 1.12 * (most or 1.0))
    axes.set_ylabel("Mbit/s")
