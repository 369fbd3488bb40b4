"""The figure of completion times: what each class took over time, and how that differs before,
while and after events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from corridor.experiments.account.workload_summary import ClassSummary, WorkloadsSummary
from corridor.experiments.atlas import class_data, event_data
from corridor.experiments.atlas.class_data import Finished, Floats, MeasuredLevel
from corridor.experiments.figures import data
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import SERIES, LineStyle, PatchStyle, Width
from corridor.experiments.figures.time_rows import key_of_events, name_row, time_rows
from corridor.topologies.base.words import counted, duration

ROW_IN = 0.62
ONE: LineStyle = {"color": "0.45", "marker": "o", "markersize": 1.7, "linestyle": "none"}
ONE |= {"markeredgewidth": 0}
LATE: LineStyle = {"color": SERIES[2].colour, "marker": "x", "linestyle": "none"}
LATE |= {"markersize": 3.4, "markeredgewidth": 0.9}
MIDDLE: LineStyle = {"color": SERIES[0].colour, "linewidth": 1.5}
BAND: PatchStyle = {"facecolor": SERIES[0].colour, "alpha": 0.16, "linewidth": 0}
TAIL: LineStyle = {"color": SERIES[0].colour, "linewidth": 0.9, "linestyle": (0, (4, 1.5))}
EXPECTED: LineStyle = {"color": SERIES[1].colour, "linewidth": 1.1, "linestyle": (0, (1, 1))}


def draw(run: RunData, width: Width) -> Figure | None:
    found = run.summary.workloads
    if found is None or not run.rounds:
        return None
    events = run.summary.events or ()
    classes = [one for one in class_data.by_importance(found.classes) if one.rounds]
    finished = [class_data.finished(run.rounds, one.class_, run.start_ns) for one in classes]
    end_s = class_data.end_s(finished, events)
    rows = time_rows(events, [ROW_IN] * len(classes), end_s, width)
    key = [*_key(finished, found), *key_of_events(rows.spans)]
    sheet = rows.sheet(_title(classes), data.caption(run.summary, _said(finished)), key)
    for number, (one, of) in enumerate(zip(classes, finished, strict=True)):
        axes = rows.axes(sheet, number)
        _draw_class(axes, of, class_data.levels_of(found, one.class_))
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
    every = [level for one in found.classes for level in class_data.levels_of(found, one.class_)]
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
