"""The figure of flows: what was offered, what arrived, and what the path could carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from corridor.experiments.figures import data
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import TEXT, Width
from corridor.experiments.results.summary import FlowSummary, Summary
from corridor.topologies.base.words import counted

MAX_FLOWS = 40
"""Rows; beyond them the flows that deliver most of their bottleneck are left out."""


class Flow(FlowSummary):
    """With the id of its demand."""

    id: str


DELIVERED: dict[str, Any] = {"facecolor": "0.72", "edgecolor": "k", "linewidth": 0.6}
OFFERED: dict[str, Any] = {"marker": "D", "color": "k", "markersize": 5, "linestyle": "none"}
BOTTLENECK: dict[str, Any] = {"color": "k", "linewidth": 1.1, "linestyle": (0, (4, 2))}


def throughput(summary: Summary, width: Width = TEXT) -> Figure | None:
    """Offered and delivered rate of each flow as a share of its bottleneck, and what was lost."""
    flows: list[Flow] = [
        {"id": demand["id"], **flow}
        for demand in summary["demands"]
        for flow in demand.get("flows", ())
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
    texts = [RowText(f"{flow['id']}\n{_carried(flow)}", _told(flow)) for flow in shown]
    rows = Rows(texts, width, 0.46)
    figure, axes = rows.figure(_title(flows), caption, key)
    _draw_rates(axes, shown, rows.ys)
    rows.write(axes)
    axes.set_xlabel("rate (% of the bottleneck)")
    return figure


def _title(flows: Sequence[Flow]) -> str:
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
    rate = flow[what]
    return None if rate is None else 100 * float(rate) / float(flow["bottleneck"])


def _draw_rates(axes: Any, flows: Sequence[Flow], ys: Sequence[float]) -> None:
    delivered = [_share(flow, "delivered") for flow in flows]
    offered = [_share(flow, "offered") for flow in flows]
    axes.barh(ys, [share or 0.0 for share in delivered], height=0.5, **DELIVERED)
    known = [(share, y) for y, share in zip(ys, offered, strict=True) if share is not None]
    axes.plot([share for share, _ in known], [y for _, y in known], clip_on=False, **OFFERED)
    axes.axvline(100, **BOTTLENECK)
    axes.set_xlim(0, 1.05 * max(100.0, *(share or 0.0 for share in delivered + offered)))


def _carried(flow: Flow) -> str:
    protocol = flow["protocol"].upper()
    return flow["layer"] if protocol in flow["layer"] else f"{protocol}, {flow['layer']}"


def _told(flow: Flow) -> str:
    """Up to three lines: rates, loss, and where most was lost."""
    rates = [
        f"{name} {flow[name]:.4g}" for name in ("offered", "delivered") if flow[name] is not None
    ]
    first = f"{', '.join(rates)}{', ' if rates else ''}bottleneck {flow['bottleneck']:.4g} Mbit/s"
    return "\n".join([first, _loss(flow), *_worst_place(flow)])


def _loss(flow: Flow) -> str:
    if flow["error"]:
        return f"failed: {flow['error'][:60]}"
    offered, delivered = flow["offered_packets"], flow["delivered_packets"]
    if flow["loss"] is not None and offered is not None and delivered is not None:
        share = f"{100 * flow['loss']:.3g} %"
        return f"loss {share}: {offered - delivered:,} of {offered:,} packets"
    if flow["retransmits"] is not None:
        return f"{counted(flow['retransmits'], 'segment')} sent again"
    return "loss not known"


def _worst_place(flow: Flow) -> list[str]:
    places = flow["lost_at"] or {}
    if not places:
        return []
    place, lost = max(places.items(), key=lambda item: item[1])
    more = f" and {counted(len(places) - 1, 'other place')}" if len(places) > 1 else ""
    return [f"{lost:,} at {place.replace('->', '→')}{more}"]


def _draw(run: RunData, width: Width) -> Figure | None:
    return throughput(run.summary, width)


KIND = FigureKind(
    "throughput",
    _draw,
)
