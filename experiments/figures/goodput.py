"""The figure of goodput: what each class brought over time, below the events of the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from corridor.experiments.atlas import class_data
from corridor.experiments.atlas.class_data import Floats
from corridor.experiments.figures import data
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import SERIES, LineStyle, PatchStyle, Width, as_patch
from corridor.experiments.figures.time_rows import key_of_events, name_row, time_rows
from corridor.experiments.results.message_columns import goodput_mbps
from corridor.experiments.results.messages import MessageRow
from corridor.topologies.base.words import counted, duration, percent

ROW_IN = 0.42
DELIVERED: PatchStyle = {"facecolor": "0.72", "linewidth": 0}
OUTLINE: LineStyle = {"color": SERIES[0].colour, "linewidth": 0.9}


def draw(run: RunData, width: Width) -> Figure | None:
    found = run.summary.workloads
    rows_of = _by_class(run.messages)
    if found is None or not rows_of:
        return None
    events = run.summary.events or ()
    last_s = class_data.last_arrival_s(run.messages, run.start_ns)
    edges = class_data.edges_s(max(last_s, class_data.end_of_events(events)))
    classes = [one for one in class_data.by_importance(found.classes) if one.bytes]
    rows = time_rows(events, [ROW_IN] * len(classes), float(edges[-1]), width)
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
    sheet = rows.sheet(_title(every, edges), data.caption(run.summary, said), key)
    for number, one in enumerate(classes):
        axes = rows.axes(sheet, number)
        _draw_class(axes, edges, every[one.class_])
        name_row(axes, f"{one.class_}{', in the background' * one.background}")
    return sheet.figure


def _by_class(rows: Sequence[MessageRow]) -> dict[str, list[MessageRow]]:
    """Those that policies let go."""
    found: dict[str, list[MessageRow]] = {}
    for row in rows:
        if not row.kept_back:
            found.setdefault(row.data_class, []).append(row)
    return found


def _title(every: dict[str, Floats], edges: Floats) -> str:
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


def _draw_class(axes: Axes, edges: Floats, mbps: Floats) -> None:
    axes.stairs(mbps, edges, fill=True, **DELIVERED)
    axes.stairs(mbps, edges, baseline=None, **as_patch(OUTLINE))
    axes.set_ylim(0, 1.15 * (float(mbps.max()) or 1.0))
    axes.yaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
    axes.set_ylabel("Mbit/s")
