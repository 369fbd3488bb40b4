"""The figure of flows: what was offered, what arrived, and what the path could carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from corridor.experiments.account.summary import FlowSummary, Summary
from corridor.experiments.figures import data
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.style import TEXT, LineStyle, PatchStyle, Width
from corridor.experiments.results import measures
from corridor.topologies.base.words import counted

DELAY = "stream_forward_ms"
NEGLIGIBLE_MS = 0.05
MAX_FLOWS = 40
"""Rows; beyond them the flows that deliver most of their bottleneck are left out."""


@dataclass(frozen=True)
class Wait:
    """By how much the packets of a UDP stream took longer one way than the fastest of them."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Flow(FlowSummary):
    """With the id of its demand, and how its packets were delayed."""

    id: str
    waits: Wait | None


DELIVERED: PatchStyle = {"facecolor": "0.72", "edgecolor": "k", "linewidth": 0.6}
OFFERED: LineStyle = {"marker": "D", "color": "k", "markersize": 5, "linestyle": "none"}
BOTTLENECK: LineStyle = {"color": "k", "linewidth": 1.1, "linestyle": (0, (4, 2))}


def throughput(summary: Summary, waits: Mapping[str, Wait], width: Width = TEXT) -> Figure | None:
    """Offered and delivered rate of each flow as a share of its bottleneck, what was lost, and how
    long packets waited; ``waits`` are by demand."""
    flows: list[Flow] = [
        Flow(id=demand.id, waits=_wait(waits, demand.id, flow), **vars(flow))
        for demand in summary.demands
        for flow in demand.flows
    ]
    if not flows:
        return None
    flows.sort(key=lambda flow: _share(flow, "delivered") or 0.0)
    shown = flows[:MAX_FLOWS]
    count = counted(len(flows), "flow")
    told = count if len(shown) == len(flows) else f"the {len(shown)} slowest of {count}"
    caption = data.caption(summary, f"{told}, one at a time")
    key = [
        (Patch(**DELIVERED), "delivered"),
        (Line2D([], [], **OFFERED), "offered"),
        (Line2D([], [], **BOTTLENECK), "bottleneck of the path"),
    ]
    texts = [RowText(f"{flow.id}\n{_carried(flow)}", _told(flow)) for flow in shown]
    rows = Rows(texts, width, 0.56 if waits else 0.46)
    figure, axes = rows.figure(_title(flows), caption, key)
    _draw_rates(axes, shown, rows.ys)
    rows.write(axes)
    axes.set_xlabel("rate (% of the bottleneck)")
    return figure


def _wait(waits: Mapping[str, Wait], demand: str, flow: FlowSummary) -> Wait | None:
    return waits.get(demand) if flow.protocol == "udp" else None


def read_waits(run: RunData) -> dict[str, Wait]:
    """Of each UDP stream whose packets were timed, by demand."""
    streams = [one for one in run.tracks if (one.protocol, one.side) == ("udp", "sender")]
    fastest_ms = _fastest_ms(run.out_dir / "flows.parquet") if streams else {}
    found = {}
    for track in streams:
        name = track.demand
        if name not in fastest_ms or measures.track_of(run.tracks, name, DELAY) is None:
            continue
        bins = measures.of_flow(run.tracks, name, DELAY, track.width_ns)
        known_ms = [value for _, value in bins if value is not None]
        if known_ms:
            p50, p99 = np.percentile(known_ms, (50, 99), method="inverted_cdf") - fastest_ms[name]
            found[name] = Wait(float(p50), float(p99))
    return found


def _fastest_ms(file: Path) -> dict[str, float]:
    """The minimum one-way delay of a packet of each stream."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        columns = pq.read_table(file, columns=["demand", "delay_min_ns"]).columns
    except (FileNotFoundError, pa.ArrowInvalid):
        return {}
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return {demand: least_ns / 1e6 for demand, least_ns in rows if least_ns}


def _title(flows: Sequence[Flow]) -> str:
    slowest = max((one.waits.p99_ms for one in flows if one.waits), default=0.0)
    delays = f"; queues delay packets by up to {slowest:.3g} ms one way"
    return _delivers(flows) + (delays if slowest >= NEGLIGIBLE_MS else "")


def _delivers(flows: Sequence[Flow]) -> str:
    shares = [_share(flow, "delivered") for flow in flows]
    known = [share for share in shares if share is not None]
    if not known:
        return "No flow delivered"
    least, most = f"{min(known):.1f}", f"{max(known):.1f} % of the bottleneck"
    if len(flows) == 1:
        return f"The flow delivers {most}"
    who = "Flows" if len(known) == len(flows) else f"{len(known)} of {len(flows)} flows"
    return f"{who} deliver {most if len(known) == 1 else f'{least} to {most}'}"


def _share(flow: Flow, what: Literal["offered", "delivered"]) -> float | None:
    """Percent of the bottleneck."""
    rate = flow.offered if what == "offered" else flow.delivered
    return None if rate is None else 100 * float(rate) / float(flow.bottleneck)


def _draw_rates(axes: Axes, flows: Sequence[Flow], ys: Sequence[float]) -> None:
    delivered = [_share(flow, "delivered") for flow in flows]
    offered = [_share(flow, "offered") for flow in flows]
    axes.barh(ys, [share or 0.0 for share in delivered], height=0.5, **DELIVERED)
    known = [(share, y) for y, share in zip(ys, offered, strict=True) if share is not None]
    axes.plot([share for share, _ in known], [y for _, y in known], clip_on=False, **OFFERED)
    axes.axvline(100, **BOTTLENECK)
    axes.set_xlim(0, 1.05 * max(100.0, *(share or 0.0 for share in delivered + offered)))


def _carried(flow: Flow) -> str:
    protocol = flow.protocol.upper()
    return flow.layer if protocol in flow.layer else f"{protocol}, {flow.layer}"


def _told(flow: Flow) -> str:
    """Up to four lines: rates, loss, where most was lost, and how long packets waited."""
    known = {"offered": flow.offered, "delivered": flow.delivered}
    rates = [f"{name} {rate:.4g}" for name, rate in known.items() if rate is not None]
    first = f"{', '.join(rates)}{', ' if rates else ''}bottleneck {flow.bottleneck:.4g} Mbit/s"
    waits = flow.waits
    delays = (
        [f"delayed by {waits.p50_ms:.3g} ms, 99 % at most {waits.p99_ms:.3g} ms"] if waits else []
    )
    return "\n".join([first, _loss(flow), *_worst_place(flow), *delays])


def _loss(flow: Flow) -> str:
    if flow.error:
        return f"failed: {flow.error[:60]}"
    offered, delivered = flow.offered_packets, flow.delivered_packets
    if flow.loss is not None and offered is not None and delivered is not None:
        share = f"{100 * flow.loss:.3g} %"
        return f"loss {share}: {offered - delivered:,} of {offered:,} packets"
    if flow.retransmits is not None:
        return f"{counted(flow.retransmits, 'segment')} sent again"
    return "loss not known"


def _worst_place(flow: Flow) -> list[str]:
    places = flow.lost_at or {}
    if not places:
        return []
    place, lost = max(places.items(), key=lambda item: item[1])
    more = f" and {counted(len(places) - 1, 'other place')}" if len(places) > 1 else ""
    return [f"{lost:,} at {place.replace('->', '→')}{more}"]


def draw(run: RunData, width: Width) -> Figure | None:
    return throughput(run.summary, read_waits(run), width)
