"""The figure of load: how much longer packets take, the more is offered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.experiments.figures import data, label_boxes
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Width, new_figure
from corridor.experiments.results import measures
from corridor.experiments.results.summary import DemandSummary
from corridor.experiments.results.tracks import Track
from corridor.topologies.base.words import counted

MOST_NAMES = 16
NEGLIGIBLE_MS = 0.05
BESIDE_LINE = 24
"""Points by which a vertical line is kept clear of names."""
P50: dict[str, Any] = {"marker": "o", "color": "k", "markersize": 3.6, "linestyle": "none"}
P99: dict[str, Any] = {"marker": "D", "color": "k", "markerfacecolor": "white"}
P99 |= {"markersize": 6.5, "linestyle": "none"}
SPAN: dict[str, Any] = {"color": "0.6", "linewidth": 1.4, "zorder": 1}
FULL: dict[str, Any] = {"color": "k", "linewidth": 1.1, "linestyle": (0, (4, 2))}


@dataclass(frozen=True)
class LoadPoint:
    """A UDP stream: what it offered, and by how much its packets took longer one way than the
    fastest of them, which waited for none."""

    demand: str
    offered_percent: float
    """Of the bottleneck of its path."""
    p50_ms: float
    p99_ms: float


def _draw(run: RunData, width: Width) -> Figure | None:
    points = read_points(run)
    if not points:
        return None
    bin_ms = max(track.width_ns for track in run.tracks if track.protocol == "udp") / 1e6
    said = f"{counted(len(points), 'UDP stream')}, means of {bin_ms:g} ms"
    key = [
        (Line2D([], [], **P50), "median"),
        (Line2D([], [], **P99), "99th percentile"),
        (Line2D([], [], **FULL), "bottleneck of the path"),
    ]
    height_in = 2.2 if width.is_narrow else 2.8
    caption = data.caption(run.summary, said)
    figure = new_figure(_title(points), caption, height_in, width, key)
    axes = figure.add_subplot()
    _draw_points(axes, points)
    top = axes.get_ylim()[1]
    boxes = [(one.offered_percent, y) for one in points for y in (one.p50_ms, one.p99_ms)]
    boxes += [(100.0, top * step / BESIDE_LINE) for step in range(BESIDE_LINE + 1)]
    names = {one.demand: (one.offered_percent, one.p99_ms) for one in points[:MOST_NAMES]}
    label_boxes.write(figure, axes, names, boxes)
    return figure


def read_points(run: RunData) -> list[LoadPoint]:
    """Of all streams whose packets were timed, those that take longest first."""
    demands = {demand["id"]: demand for demand in run.summary["demands"]}
    fastest_ms = _fastest_ms(run.out_dir / "flows.parquet") if run.tracks else {}
    found = [
        point
        for track in run.tracks
        if (track.protocol, track.side) == ("udp", "sender") and track.demand in demands
        for point in _points(demands[track.demand], run, track, fastest_ms.get(track.demand))
    ]
    return sorted(found, key=lambda point: (-point.p99_ms, point.demand))


def _points(
    demand: DemandSummary, run: RunData, track: Track, idle_ms: float | None
) -> Iterator[LoadPoint]:
    """One, where it is known what was offered and how long packets took."""
    rates = demand.get("throughput_mbps")
    if measures.track_of(run.tracks, track.demand, "stream_forward_ms") is None:
        return
    bins = measures.of_flow(run.tracks, track.demand, "stream_forward_ms", track.width_ns)
    delays_ms = [value for _, value in bins if value is not None]
    if not rates or rates["offered"] is None or idle_ms is None or not delays_ms:
        return
    p50, p99 = np.percentile(delays_ms, (50, 99), method="inverted_cdf")
    percent = 100 * rates["offered"] / rates["bottleneck"]
    yield LoadPoint(track.demand, percent, float(p50) - idle_ms, float(p99) - idle_ms)


def _fastest_ms(file: Path) -> dict[str, float]:
    """The least one-way delay of a packet of each stream."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(file, columns=["demand", "delay_min_ns"]).to_pylist()
    except (FileNotFoundError, pa.ArrowInvalid):
        return {}
    return {row["demand"]: row["delay_min_ns"] / 1e6 for row in rows if row["delay_min_ns"]}


def _title(points: Sequence[LoadPoint]) -> str:
    worst = points[0]
    at = f"at {worst.offered_percent:.3g} % of the bottleneck ({worst.demand})"
    if worst.p99_ms < NEGLIGIBLE_MS:
        most = max(one.offered_percent for one in points)
        return f"Load up to {most:.3g} % of the bottleneck delays no stream"
    return f"Load delays packets by up to {worst.p99_ms:.3g} ms one way, {at}"


def _draw_points(axes: Any, points: Sequence[LoadPoint]) -> None:
    x = [one.offered_percent for one in points]
    axes.vlines(x, [one.p50_ms for one in points], [one.p99_ms for one in points], **SPAN)
    axes.plot(x, [one.p99_ms for one in points], clip_on=False, **P99)
    axes.plot(x, [one.p50_ms for one in points], clip_on=False, **P50)
    axes.axvline(100, **FULL)
    axes.set_xlim(0, 1.12 * max(100.0, *x))
    axes.set_ylim(0, 1.18 * max(1.0, *(one.p99_ms for one in points)))
    axes.set_xlabel("offered load (% of the bottleneck)")
    axes.set_ylabel("one-way delay above\nthe fastest packet's (ms)")


KIND = FigureKind(
    "latency-load",
    _draw,
)
