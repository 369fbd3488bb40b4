"""The figure of capacity: how full the fullest fibres are, usually and in their worst failure."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.experiments.answers.capacity_answer import CapacityAnswer
from corridor.experiments.answers.capacity_text import (
    failure_said,
    figure_title,
    link_said,
    percent,
)
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Width
from corridor.topologies.base.words import counted

MOST_ROWS = 16
ROW_IN = 0.17
USUAL: dict[str, Any] = {"marker": "o", "color": "k", "markerfacecolor": "white"}
USUAL |= {"markersize": 5, "linestyle": "none"}
WORST: dict[str, Any] = {"marker": "o", "color": "k", "markersize": 5, "linestyle": "none"}
LINE: dict[str, Any] = {"color": "0.6", "linewidth": 1.6, "zorder": 1}
FULL: dict[str, Any] = {"color": "k", "linewidth": 0.9, "linestyle": (0, (4, 2)), "zorder": 0}


def _draw(run: RunData, width: Width) -> Figure | None:
    return None if run.capacity is None else capacity_use(run.capacity, width)


def capacity_use(of: CapacityAnswer, width: Width) -> Figure:
    shown = of.links[:MOST_ROWS]
    texts = [
        RowText(
            link_said(one.fibre, one.hub) + ("*" if one.capacity.basis == "assumed" else ""),
            f"{percent(one.share)}, {failure_said(one.failure)}",
        )
        for one in shown
    ]
    rows = Rows(texts, width, ROW_IN)
    key = [
        (Line2D([], [], **USUAL), "while nothing fails"),
        (Line2D([], [], **WORST), "in its worst failure, which is named"),
        (Line2D([], [], **FULL), "full"),
    ]
    more = len(of.links) - len(shown)
    left_out = f"{counted(more, 'emptier direction')} left out · " if more > 0 else ""
    caption = (
        f"{left_out}* capacity assumed, not published · computed, not measured · scenario "
        f"{of.scenario} · policies {of.policies} as of {of.as_of}"
    )
    figure, axes = rows.figure(figure_title(of), caption, key)
    for y, one in zip(rows.ys, shown, strict=True):
        axes.plot([100 * one.usual_share, 100 * one.share], [y, y], **LINE)
        axes.plot(100 * one.share, y, clip_on=False, **WORST)
        axes.plot(100 * one.usual_share, y, clip_on=False, **USUAL)
    axes.axvline(100, **FULL)
    axes.set_xlim(0, 105 * max(1.0, shown[0].share))
    axes.set_xlabel("of its capacity (%)")
    rows.write(axes)
    return figure


KIND = FigureKind("capacity", _draw)
