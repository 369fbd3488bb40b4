"""The figure of fibres over time: how full the fullest were, below the events of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from corridor.experiments.answers.words import duration
from corridor.experiments.figures import data
from corridor.experiments.figures.class_data import percent
from corridor.experiments.figures.event_data import Span
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import PNG_DPI, SERIES, SMALL_PT, Width, width_pt
from corridor.experiments.figures.time_rows import time_rows
from corridor.experiments.results.fibre_use import USE_FILE, Use, use_of
from corridor.topologies.base.words import counted

MOST_ROWS = 28
ROW_IN = 0.155
NAME_GAP_IN = 0.1
FULL = 0.9
"""From which share on a fibre is called full."""
DARKEST = 0.88
SHARES = (0.1, 0.5, 0.9)
"""Of the key."""
DROPPED: dict[str, Any] = {"color": SERIES[2].colour, "marker": "x", "linestyle": "none"}
DROPPED |= {"markersize": 3, "markeredgewidth": 0.8}
EVENT: dict[str, Any] = {"color": SERIES[1].colour, "linewidth": 0.9, "linestyle": (0, (3, 1.5))}


@dataclass(frozen=True)
class Direction:
    """One direction of a fibre over all of the run."""

    fibre: str
    from_hub: str
    rate_bps: int
    use: Sequence[Use]

    @property
    def shares(self) -> list[float]:
        """Of the emulated rate, by interval."""
        return [one.sent_bytes * 8e9 / one.lasts_ns / one.rate_bps for one in self.use]

    @property
    def mean(self) -> float:
        return fmean(self.shares)

    @property
    def most(self) -> float:
        return max(self.shares)


def read_directions(run: RunData) -> list[Direction]:
    """All that carried anything, the fullest on the mean first."""
    by_end: dict[tuple[str, str, int], list[Use]] = {}
    for one in use_of(run.out_dir / USE_FILE):
        by_end.setdefault((one.fibre, one.from_hub, one.rate_bps), []).append(one)
    found = [Direction(*end, use) for end, use in by_end.items()]
    return sorted(found, key=lambda one: (-one.mean, one.fibre, one.from_hub))


def _draw(run: RunData, width: Width) -> Figure | None:
    every = read_directions(run)
    if not every:
        return None
    shown = every[:MOST_ROWS]
    lasts_ns = shown[0].use[0].lasts_ns
    last = shown[0].use[-1]
    events = run.summary.get("events", [])
    names = [_named(one, width, real_gbps(run)) for one in shown]
    left_in = width_pt(Figure(dpi=PNG_DPI), names, SMALL_PT) / 72 + NAME_GAP_IN
    end_s = (last.at_ns + last.lasts_ns) / 1e9
    rows = time_rows(events, [ROW_IN * len(shown)], end_s, width, left_in)
    said = f"the {len(shown)} fullest of {counted(len(every), 'direction')} of fibres"
    said = said if len(shown) < len(every) else counted(len(every), "direction")
    said += f", in steps of {duration(lasts_ns / 1e6)}; frames of all senders, with headers"
    sheet = rows.sheet(_title(every), data.caption(run.summary, said), _key(shown, rows.spans))
    axes = rows.axes(sheet, 0)
    _draw_cells(axes, shown)
    _draw_spans(axes, rows.spans)
    axes.set_yticks(np.arange(len(shown)) + 0.5, names, fontsize=SMALL_PT)
    return sheet.figure


def real_gbps(run: RunData) -> Mapping[str, float]:
    """What each fibre could carry, in Gbit/s; empty where a run has no answers."""
    fibres = run.answers["map"]["fibres"] if run.answers else ()
    return {one["id"]: one["capacity_gbps"] for one in fibres if one["capacity_gbps"]}


def _named(one: Direction, width: Width, gbps: Mapping[str, float]) -> str:
    """With what its mean stands for in the corridor, where there is room."""
    if width.is_narrow:
        return f"{one.fibre}, {percent(one.mean)}"
    real = f" ({one.mean * gbps[one.fibre]:,.0f} Gbit/s)" if one.fibre in gbps else ""
    return f"{one.fibre} from {one.from_hub}: {percent(one.mean)}{real}"


def _title(every: Sequence[Direction]) -> str:
    fullest = every[0]
    full = sum(one.most >= FULL for one in every)
    return (
        f"{fullest.fibre} is fullest, {percent(fullest.mean)} on the mean; "
        f"{full} of {counted(len(every), 'direction')} are {percent(FULL)} full at some time"
    )


def _key(shown: Sequence[Direction], spans: Sequence[Span]) -> list[tuple[Any, str]]:
    key: list[tuple[Any, str]] = [
        (Patch(facecolor=_grey(share), edgecolor="0.4", linewidth=0.4), f"{percent(share)} full")
        for share in SHARES
    ]
    if any(one.dropped_packets for direction in shown for one in direction.use):
        key.append((Line2D([], [], **DROPPED), "queue dropped packets"))
    if spans:
        key.append((Line2D([], [], **EVENT), "event begins or ends"))
    return key


def _grey(share: float) -> str:
    return str(round(1 - DARKEST * min(share, 1.0), 3))


def _draw_cells(axes: Any, shown: Sequence[Direction]) -> None:
    axes.grid(visible=False)
    edges = [one.at_ns / 1e9 for one in shown[0].use]
    last = shown[0].use[-1]
    edges.append((last.at_ns + last.lasts_ns) / 1e9)
    shares = np.array([one.shares for one in shown])
    axes.pcolormesh(
        edges,
        np.arange(len(shown) + 1),
        1 - DARKEST * np.clip(shares, 0, 1),
        cmap="gray",
        vmin=0,
        vmax=1,
        edgecolors="white",
        linewidth=0.3,
    )
    dropped = [
        ((one.at_ns + one.lasts_ns / 2) / 1e9, y + 0.5)
        for y, direction in enumerate(shown)
        for one in direction.use
        if one.dropped_packets
    ]
    axes.plot([x for x, _ in dropped], [y for _, y in dropped], **DROPPED)
    axes.set_ylim(len(shown), 0)
    axes.tick_params(axis="y", length=0)


def _draw_spans(axes: Any, spans: Sequence[Span]) -> None:
    """Bands would be hidden by the cells."""
    moments = {moment for one in spans for moment in (one.from_s, one.until_s) if moment}
    for moment in sorted(moments):
        axes.axvline(moment, **EVENT)


KIND = FigureKind(
    "fibre-use",
    _draw,
)
