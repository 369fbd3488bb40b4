"""Figures of workloads by class over time: goodput, added latency, and completion times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from corridor.experiments.account.workload_summary import ClassSummary, WorkloadsSummary
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.event_data import Finished, MeasuredLevel
from corridor.experiments.figures import data
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.rows import key_of_events, name_row, time_rows
from corridor.experiments.figures.style import SERIES, LineStyle, PatchStyle, Width, as_patch
from corridor.experiments.plan.values import FOLLOWED_NS
from corridor.experiments.results.message_columns import goodput_mbps
from corridor.experiments.results.messages import MessageRow
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.words import counted, duration, percent
from corridor.traffic.measures.samples import Probes

GOODPUT_ROW_IN = 0.42
DELIVERED: PatchStyle = {"facecolor": "0.72", "linewidth": 0}
OUTLINE: LineStyle = {"color": SERIES[0].colour, "linewidth": 0.9}


def draw_goodput(run: RunData, width: Width) -> Figure | None:
    found = run.summary.workloads
    rows_of = _by_class(run.messages)
    if found is None or not rows_of:
        return None
    events = run.summary.events or ()
    last_s = event_data.last_arrival_s(run.messages, run.start_ns)
    edges = event_data.edges_s(max(last_s, event_data.end_of_events(events)))
    classes = [one for one in event_data.by_importance(found.classes) if one.bytes]
    rows = time_rows(events, [GOODPUT_ROW_IN] * len(classes), float(edges[-1]), width)
    arrived = sum(one.messages_completed for one in classes)
    messages = sum(one.messages for one in classes)
    bins = duration(float(edges[1] - edges[0]) * 1e3)
    said = (
        f"{counted(messages, 'message')}, of which {arrived:,} arrived whole, each spread over "
        f"the time in which it arrived, in bins of {bins}; payload, in emulated rates"
    )
    key = [(Patch(**DELIVERED), "goodput"), *key_of_events(rows.spans)]
    every = {
        one.class_: np.array(goodput_mbps(rows_of[one.class_], edges * 1e9 + run.start_ns))
        for one in classes
    }
    sheet = rows.sheet(_goodput_title(every, edges), data.caption(run.summary, said), key)
    for number, one in enumerate(classes):
        axes = rows.axes(sheet, number)
        _draw_goodput(axes, edges, every[one.class_])
        name_row(axes, f"{one.class_}{', in the background' * one.background}")
    return sheet.figure


def _by_class(rows: Sequence[MessageRow]) -> dict[str, list[MessageRow]]:
    """Those that policies let go."""
    found: dict[str, list[MessageRow]] = {}
    for row in rows:
        if not row.kept_back:
            found.setdefault(row.data_class, []).append(row)
    return found


def _goodput_title(every: dict[str, Floats], edges: Floats) -> str:
    """When most arrived, and of what."""
    together = np.sum(list(every.values()), axis=0)
    at = int(together.argmax())
    most = max(every, key=lambda name: float(every[name].sum()))
    share = float(every[most].sum() / (together.sum() or 1.0))
    return (
        f"Up to {_rounded(float(together[at]))} Mbit/s of payload arrive together, "
        f"at {edges[at]:g} s; {most} brings {percent(share)} of all"
    )


def _rounded(mbps: float) -> str:
    return f"{mbps:,.0f}" if mbps >= 100 else f"{mbps:.3g}"


def _draw_goodput(axes: Axes, edges: Floats, mbps: Floats) -> None:
    axes.stairs(mbps, edges, fill=True, **DELIVERED)
    axes.stairs(mbps, edges, baseline=None, **as_patch(OUTLINE))
    axes.set_ylim(0, 1.15 * (float(mbps.max()) or 1.0))
    axes.yaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
    axes.set_ylabel("Mbit/s")


# The figure of latency under load: by how much round trips of each class took longer than its
# paths, over time, below the events of the run.

LATENCY_ROW_IN = 0.42
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
    What is sent just as a prediction begins may have taken the path before, and is left out."""
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


def draw_latency(run: RunData, width: Width) -> Figure | None:
    found = run.summary.workloads
    if found is None or not len(run.probes):
        return None
    events = run.summary.events or ()
    last_s = float(run.probes.intended_ns.max()) / 1e9
    edges = event_data.edges_s(max(last_s, event_data.end_of_events(events)))
    names = [one.class_ for one in event_data.by_importance(found.classes)]
    demands = _demands_by_class(run, names)
    every = {name: _waits_of(run, positions, edges) for name, positions in demands.items()}
    rows = time_rows(events, [LATENCY_ROW_IN] * len(every), float(edges[-1]), width)
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
    sheet = rows.sheet(_latency_title(every), data.caption(run.summary, said), key)
    for number, (name, waits) in enumerate(every.items()):
        axes = rows.axes(sheet, number)
        _draw_waits(axes, edges, waits)
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


def _waits_of(run: RunData, positions: Sequence[int], edges: Floats) -> Waits:
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


def _latency_title(every: Mapping[str, Waits]) -> str:
    if not every:
        return "No probe of a class that sends was answered"
    worst = max(every, key=lambda name: every[name].most_ms)
    most_ms = every[worst].most_ms
    if most_ms < LEAST_MS:
        return "Load adds no delay to round trips"
    return f"Load adds up to {duration(most_ms)} to a round trip ({worst})"


def _draw_waits(axes: Axes, edges: Floats, waits: Waits) -> None:
    axes.stairs(waits.slowest_ms, edges, baseline=None, **as_patch(SLOWEST))
    axes.stairs(waits.median_ms, edges, baseline=None, **as_patch(MEDIAN))
    shown = waits.lost_s[:: max(1, len(waits.lost_s) // event_data.MAX_POINTS)]
    axes.plot(shown, np.full(len(shown), 0.08), transform=axes.get_xaxis_transform(), **LOST)
    most_ms = max(LEAST_MS, waits.most_ms)
    axes.set_ylim(-0.2 * most_ms, 1.15 * most_ms)
    axes.yaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
    axes.set_ylabel("ms")


# The figure of completion times: what each class took over time, and how that differs before,
# while and after events.

COMPLETION_ROW_IN = 0.62
ONE: LineStyle = {"color": "0.45", "marker": "o", "markersize": 1.7, "linestyle": "none"}
ONE |= {"markeredgewidth": 0}
LATE: LineStyle = {"color": SERIES[2].colour, "marker": "x", "linestyle": "none"}
LATE |= {"markersize": 3.4, "markeredgewidth": 0.9}
MIDDLE: LineStyle = {"color": SERIES[0].colour, "linewidth": 1.5}
BAND: PatchStyle = {"facecolor": SERIES[0].colour, "alpha": 0.16, "linewidth": 0}
TAIL: LineStyle = {"color": SERIES[0].colour, "linewidth": 0.9, "linestyle": (0, (4, 1.5))}
EXPECTED: LineStyle = {"color": SERIES[1].colour, "linewidth": 1.1, "linestyle": (0, (1, 1))}


def draw_completion_times(run: RunData, width: Width) -> Figure | None:
    found = run.summary.workloads
    if found is None or not run.rounds:
        return None
    events = run.summary.events or ()
    classes = [one for one in event_data.by_importance(found.classes) if one.rounds]
    finished = [event_data.finished(run.rounds, one.class_, run.start_ns) for one in classes]
    end_s = event_data.end_s(finished, events)
    rows = time_rows(events, [COMPLETION_ROW_IN] * len(classes), end_s, width)
    key = [*_key(finished, found), *key_of_events(rows.spans)]
    sheet = rows.sheet(_title(classes), data.caption(run.summary, _said(finished)), key)
    for number, (one, of) in enumerate(zip(classes, finished, strict=True)):
        axes = rows.axes(sheet, number)
        _draw_class(axes, of, event_data.levels_of(found, one.class_))
        name_row(axes, _named(one))
    return sheet.figure


def _named(one: ClassSummary) -> str:
    said = f"{one.class_}: {one.completed:,} of {one.rounds:,} arrived"
    if one.deadlines:
        said += f", {one.met:,} of {one.deadlines:,} in time"
    return said + (", in the background" if one.background else "")


def _title(classes: Sequence[ClassSummary]) -> str:
    """Who misses most deadlines; else how long the slowest class takes."""
    due = [one for one in classes if one.deadlines and one.met < one.deadlines]
    if due:
        worst = min(due, key=lambda one: one.met / one.deadlines)
        missed = worst.deadlines - worst.met
        return f"{worst.class_} misses {missed:,} of {counted(worst.deadlines, 'deadline')}"
    known = [(of.mean or 0.0, one) for one in classes if (of := one.completion_ms)]
    most_ms, slowest = max(known, key=lambda pair: pair[0])
    said = f"Longest mean completion time: {duration(most_ms)} ({slowest.class_})"
    return f"{said}; no deadline is missed" if any(one.deadlines for one in classes) else said


def _said(finished: Sequence[Finished]) -> str:
    shown = sum(len(one.took_ms) for one in finished)
    return (
        f"{shown:,} of {counted(sum(len(one.from_s) for one in finished), 'round')} that arrived "
        "whole, at their intended start; medians and percentiles of rounds that began in a window, "
        "or means where there are few; 95 % intervals"
    )


def _key(finished: Sequence[Finished], found: WorkloadsSummary) -> list[tuple[Artist, str]]:
    every = [level for one in found.classes for level in event_data.levels_of(found, one.class_)]
    key: list[tuple[Artist, str]] = [
        (Line2D([], [], **(ONE | {"markersize": 3})), "one round"),
        (Line2D([], [], **MIDDLE), "median or mean"),
    ]
    if any(level.interval_ms for level in every):
        key.append((Patch(**BAND), "interval of the median"))
    if any(level.tail_ms for level in every):
        key.append((Line2D([], [], **TAIL), "95th percentile"))
    if any(level.expected_ms for level in every):
        key.append((Line2D([], [], **EXPECTED), "expected"))
    if any(one.late.any() for one in finished):
        key.append((Line2D([], [], **LATE), "late or never"))
    return key


def _draw_class(axes: Axes, of: Finished, levels: Sequence[MeasuredLevel]) -> None:
    axes.set_yscale("log")
    arrived = ~np.isnan(of.took_ms)
    in_time = arrived & ~of.late
    axes.plot(*_thinned(of.from_s[in_time], of.took_ms[in_time]), **ONE)
    late = arrived & of.late
    axes.plot(*_thinned(of.from_s[late], of.took_ms[late]), **LATE)
    for level in levels:
        if level.interval_ms:
            low_ms, high_ms = level.interval_ms
            axes.fill_between([level.from_s, level.until_s], low_ms, high_ms, **BAND)
        for value, look in (
            (level.middle_ms, MIDDLE),
            (level.tail_ms, TAIL),
            (level.expected_ms, EXPECTED),
        ):
            if value:
                axes.hlines(value, level.from_s, level.until_s, **look)
    never_s = of.from_s[~arrived]
    low, high = _limits([*of.took_ms[arrived].tolist(), *(one.middle_ms or 1 for one in levels)])
    axes.set_ylim(low, high)
    axes.plot(never_s, np.full(len(never_s), 0.93), transform=axes.get_xaxis_transform(), **LATE)
    subs = (1.0,) if high / low > 30 else (1.0, 2.0, 5.0)
    axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """At least a decade, with room above for what never arrived."""
    low, high = (min(values), max(values)) if values else (1.0, 10.0)
    middle = (low * high) ** 0.5
    return min(low / 1.4, middle / 3.2), max(high * 1.9, middle * 3.2)


def _thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """No more than there are pixels for."""
    every = max(1, -(-len(x) // event_data.MAX_POINTS))
    return x[::every], y[::every]
