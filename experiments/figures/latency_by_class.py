"""The figure of latency under load: by how much round trips of each class took longer than its
paths, over time, below the events of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from corridor.experiments.atlas import class_data, event_data
from corridor.experiments.atlas.class_data import Floats
from corridor.experiments.figures import data
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import SERIES, LineStyle, Width, as_patch
from corridor.experiments.figures.time_rows import key_of_events, name_row, time_rows
from corridor.experiments.plan.values import FOLLOWED_NS
from corridor.topologies.base.words import counted, duration
from corridor.traffic.measures.samples import Probes

ROW_IN = 0.42
LEAST_MS = 0.1
"""Axes show at least so much: less is not a load's doing."""
MEDIAN: LineStyle = {"color": SERIES[1].colour, "linewidth": 1.3}
SLOWEST: LineStyle = {"color": SERIES[0].colour, "linewidth": 0.8, "linestyle": (0, (4, 1.5))}
LOST: LineStyle = {"color": SERIES[2].colour, "marker": "|", "linestyle": "none"}
LOST |= {"markersize": 5, "markeredgewidth": 0.7}


@dataclass(frozen=True)
class Waits:
    """By how much round trips of a class took longer than its paths without any load, by bin; not
    a number where nothing was answered."""

    median_ms: Floats
    slowest_ms: Floats
    lost_s: Floats
    """When those were sent that were to be answered and were not: what policies block is
    lost to no load."""

    @property
    def most_ms(self) -> float:
        known = self.slowest_ms[~np.isnan(self.slowest_ms)]
        return float(known.max()) if len(known) else 0.0


def waits(of: Sequence[tuple[Probes, Sequence[event_data.PredictedLevel]]], edges: Floats) -> Waits:
    """Of demands together, each with its probes and the round trips predicted of it over time.
    What is sent just as a prediction begins may have taken the way before, and is left out."""
    pairs = [_above(probes, level) for probes, levels in of for level in levels]
    lost_s = [_lost_s(probes, level) for probes, levels in of for level in levels]
    sent_s = np.concatenate([np.empty(0), *(sent for sent, _ in pairs)])
    above_ms = np.concatenate([np.empty(0), *(above for _, above in pairs)])
    bins = np.digitize(sent_s, edges) - 1
    count = len(edges) - 1
    median_ms, slowest_ms = np.full(count, np.nan), np.full(count, np.nan)
    for number in np.unique(bins[(bins >= 0) & (bins < count)]).tolist():
        mine = above_ms[bins == number]
        median_ms[number] = np.percentile(mine, 50, method="inverted_cdf")
        slowest_ms[number] = mine.max()
    return Waits(median_ms, slowest_ms, np.sort(np.concatenate([np.empty(0), *lost_s])))


def _lost_s(probes: Probes, level: event_data.PredictedLevel) -> Floats:
    sent_s: Floats = probes.intended_ns / 1e9
    within = (sent_s >= level.from_s) & (sent_s < level.until_s)
    lost = ~probes.received
    found: Floats = sent_s[within & lost]
    return found


def _above(probes: Probes, level: event_data.PredictedLevel) -> tuple[Floats, Floats]:
    """When answered probes were sent while a prediction held, and by how much they exceed it."""
    sent_s = probes.intended_ns / 1e9
    settled_s = level.from_s + (FOLLOWED_NS / 1e9 if level.from_s else 0.0)
    travelling_s = level.until_s - level.rtt_ms / 1e3
    within = probes.received & (sent_s >= settled_s) & (sent_s < travelling_s)
    rtt_ms = probes.where(within).rtt_ns / 1e6
    return sent_s[within], np.maximum(rtt_ms - level.rtt_ms, 0.0)


def draw(run: RunData, width: Width) -> Figure | None:
    found = run.summary.workloads
    if found is None or not len(run.probes):
        return None
    events = run.summary.events or ()
    last_s = float(run.probes.intended_ns.max()) / 1e9
    edges = class_data.edges_s(max(last_s, class_data.end_of_events(events)))
    names = [one.class_ for one in class_data.by_importance(found.classes)]
    demands = _demands_by_class(run, names)
    every = {name: _waits(run, positions, edges) for name, positions in demands.items()}
    rows = time_rows(events, [ROW_IN] * len(every), float(edges[-1]), width)
    bins = duration(float(edges[1] - edges[0]) * 1e3)
    said = (
        f"round trips of probes of {counted(sum(map(len, demands.values())), 'demand')} less what "
        f"their path takes without load, in bins of {bins}; {_LEFT_OUT}"
    )
    key = [
        (Line2D([], [], **MEDIAN), "median"),
        (Line2D([], [], **SLOWEST), "slowest"),
        (Line2D([], [], **LOST), "lost probe"),
        *key_of_events(rows.spans),
    ]
    sheet = rows.sheet(_title(every), data.caption(run.summary, said), key)
    for number, (name, waits) in enumerate(every.items()):
        axes = rows.axes(sheet, number)
        _draw_class(axes, edges, waits)
        name_row(axes, f"{name}, {counted(len(demands[name]), 'demand')}")
    return sheet.figure


_LEFT_OUT = "without those sent just after a path changed"


def _demands_by_class(run: RunData, classes: Sequence[str]) -> dict[str, list[int]]:
    """Their positions in the summary, of classes that send messages."""
    found: dict[str, list[int]] = {name: [] for name in classes}
    for position, demand in enumerate(run.summary.demands):
        if demand.class_ in found and demand.received:
            found[demand.class_].append(position)
    return {name: positions for name, positions in found.items() if positions}


def _waits(run: RunData, positions: Sequence[int], edges: Floats) -> Waits:
    demands, events = run.summary.demands, (run.summary.events or ())
    return waits(
        [
            (
                run.probes.of_demand(position),
                event_data.levels(demands[position], events, float(edges[-1]), has_bfd=run.has_bfd),
            )
            for position in positions
        ],
        edges,
    )


def _title(every: Mapping[str, Waits]) -> str:
    if not every:
        return "No probe of a class that sends was answered"
    worst = max(every, key=lambda name: every[name].most_ms)
    most_ms = every[worst].most_ms
    if most_ms < LEAST_MS:
        return "Load adds no delay to round trips"
    return f"Load adds up to {duration(most_ms)} to a round trip ({worst})"


def _draw_class(axes: Axes, edges: Floats, waits: Waits) -> None:
    axes.stairs(waits.slowest_ms, edges, baseline=None, **as_patch(SLOWEST))
    axes.stairs(waits.median_ms, edges, baseline=None, **as_patch(MEDIAN))
    shown = waits.lost_s[:: max(1, len(waits.lost_s) // event_data.MAX_POINTS)]
    axes.plot(shown, np.full(len(shown), 0.08), transform=axes.get_xaxis_transform(), **LOST)
    most_ms = max(LEAST_MS, waits.most_ms)
    axes.set_ylim(-0.2 * most_ms, 1.15 * most_ms)
    axes.yaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
    axes.set_ylabel("ms")
