"""Streams and transfers over time, as rows of the figure of events: their values, and how they are
drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from corridor.experiments.account.summary import DemandSummary
from corridor.experiments.account.tracks import Protocol, Track
from corridor.experiments.figures.style import SERIES, LineStyle, as_patch
from corridor.experiments.results import measures
from corridor.experiments.results.measures import Sample
from corridor.topologies.base.words import duration

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


def key(rates: Sequence[Rate]) -> list[tuple[Artist, str]]:
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
