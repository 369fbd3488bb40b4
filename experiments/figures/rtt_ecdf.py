"""The figure of round trips: their distribution next to the predicted one, by group of demands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from corridor.experiments.account.summary import Summary
from corridor.experiments.figures import data
from corridor.experiments.figures.data import Group, RunData
from corridor.experiments.figures.style import SERIES, TEXT, LineStyle, Series, Width, new_figure
from corridor.topologies.base.words import counted

MARKS_PER_CURVE = 5
PREDICTED: LineStyle = {"drawstyle": "steps-post", "linewidth": 0.6, "linestyle": (0, (1, 1))}
"""In the colour of the group. A demand counts once for each of its replies."""

Curve = tuple[Group, Series, NDArray[np.float64]]


def rtt_ecdf(
    summary: Summary,
    groups: Sequence[Group],
    rtt_ms: Sequence[NDArray[np.float64]],
    width: Width = TEXT,
) -> Figure | None:
    """Empirical distribution of the RTT of all answered probes of each group."""
    pooled: list[Curve] = [
        (group, series, np.sort(np.concatenate([rtt_ms[at] for at in group.members])))
        for group, series in zip(groups, SERIES, strict=False)
    ]
    curves = [curve for curve in pooled if len(curve[2])]
    if not curves:
        return None
    answered = counted(sum(len(values) for _, _, values in curves), "answered probe")
    asked = counted(len(summary.demands), "demand")
    said = (
        f"{answered} of {asked}{data.without_reply(summary)}; thin dotted: predicted without events"
    )
    caption = data.caption(summary, said)
    figure = new_figure(
        _ecdf_title(curves), caption, (2.6 + 0.16 * len(curves)) if width.is_narrow else 3.2, width
    )
    axes = figure.add_subplot()
    for number, (group, series, values) in enumerate(curves):
        x, y = data.ecdf(values)
        levels = (np.arange(MARKS_PER_CURVE) + (number + 1) / (len(curves) + 1)) / MARKS_PER_CURVE
        axes.plot(
            x,
            y,
            drawstyle="steps-post",
            color=series.colour,
            linestyle=series.line,
            marker=series.mark,
            markevery=sorted(set(np.searchsorted(y, levels).tolist())),
            label=f"{group.name} ({counted(len(group.members), 'demand')}, n = {len(values):,})",
        )
        predicted = [data.predicted_ms(summary.demands[at]) for at in group.members]
        replies = [len(rtt_ms[at]) for at in group.members]
        axes.plot(
            *data.ecdf(np.sort(np.repeat(predicted, replies))), color=series.colour, **PREDICTED
        )
    axes.set(xlabel="RTT (ms)", ylabel="share of answered probes", ylim=(0, 1.03))
    axes.set_xlim(0, 1.04 * max(values[-1] for _, _, values in curves))
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.1, 1) if width.is_narrow else (0, 1),
        ncols=1 if width.is_narrow else 2,
        handlelength=3.6,
        columnspacing=1.2,
    )
    return figure


def _ecdf_title(curves: Sequence[Curve]) -> str:
    least = min(curves, key=lambda curve: curve[2][0])
    most = max(curves, key=lambda curve: curve[2][-1])
    return (
        f"Round trips take {least[2][0]:.1f} ms ({least[0].name}) "
        f"to {most[2][-1]:.1f} ms ({most[0].name})"
    )


def draw(run: RunData, width: Width) -> Figure | None:
    summary, rtt_ms = run.expected
    return rtt_ecdf(summary, run.groups, rtt_ms, width)
