"""The figure of capacity: each fibre on the map as wide as it is full in its worst failure, and how
full the fullest are, usually and then."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.experiments.answers.capacity_document import CapacityAnswer
from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.atlas import Atlas, atlas
from corridor.experiments.atlas.land import source
from corridor.experiments.atlas.map_drawing import (
    FULL,
    band_of,
    by_fibre,
    full_drawing,
    fullest_ends,
    whole,
)
from corridor.experiments.figures import maps
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.style import Key, LineStyle, Width, new_sheet
from corridor.experiments.text.capacity_text import (
    failure_said,
    figure_title,
    link_said,
    percent,
)
from corridor.topologies.base.words import counted

MOST_ROWS = 16
ROW_IN = 0.17
GAP_IN = 0.1
USUAL: LineStyle = {"marker": "o", "color": "k", "markerfacecolor": "white"}
USUAL |= {"markersize": 5, "linestyle": "none"}
WORST: LineStyle = {"marker": "o", "color": "k", "markersize": 5, "linestyle": "none"}
LINE: LineStyle = {"color": "0.6", "linewidth": 1.6, "zorder": 1}
LIMIT: LineStyle = {"color": "k", "linewidth": 0.9, "linestyle": (0, (4, 2)), "zorder": 0}


def draw(run: RunData, width: Width) -> Figure | None:
    if run.capacity is None or run.answers is None:
        return None
    return capacity(run.capacity, run.answers.map, width)


def capacity(of: CapacityAnswer, where: MapDocument, width: Width) -> Figure:
    drawn, rows = atlas(where), _rows(of, width)
    drawing = full_drawing(of, drawn, maps.names(whole(drawn), width, fullest_ends(of, drawn)))
    map_in = maps.high_in(drawing.view, width)
    keys = (_bands_key(of, drawn), maps.hub_key(drawn, width), _rows_key())
    body_in = map_in + GAP_IN + rows.high_in
    sheet = new_sheet(figure_title(of), _caption(of), body_in, width, *keys)
    axes = maps.add_axes(sheet, drawing, sheet.below_in + rows.high_in + GAP_IN, map_in)
    maps.draw_marks(axes, drawing, maps.scale(width))
    _draw_rows(rows.axes(sheet), of, rows)
    return sheet.figure


def _rows(of: CapacityAnswer, width: Width) -> Rows:
    texts = [
        RowText(
            link_said(one.fibre, one.hub) + ("*" if one.capacity.basis == "assumed" else ""),
            f"{percent(one.share)}, {failure_said(one.failure)}",
        )
        for one in of.links[:MOST_ROWS]
    ]
    return Rows(texts, width, ROW_IN)


def _draw_rows(axes: Axes, of: CapacityAnswer, rows: Rows) -> None:
    for y, one in zip(rows.ys, of.links[:MOST_ROWS], strict=True):
        axes.plot([100 * one.usual_share, 100 * one.share], [y, y], **LINE)
        axes.plot(100 * one.share, y, clip_on=False, **WORST)
        axes.plot(100 * one.usual_share, y, clip_on=False, **USUAL)
    axes.axvline(100, **LIMIT)
    axes.set_xlim(0, 105 * max(1.0, of.links[0].share))
    axes.set_xlabel("of its capacity (%)")
    rows.write(axes)


def _bands_key(of: CapacityAnswer, drawn: Atlas) -> Key:
    full = by_fibre(of)
    there = {band_of(full.get(name)) for name in drawn.fibres}
    bands = [(look, said) for at, (_, said, look) in enumerate(FULL) if at in there]
    return [maps.line_key(look, said) for look, said in bands]


def _rows_key() -> Key:
    return [
        (Line2D([], [], **USUAL), "while nothing fails"),
        (Line2D([], [], **WORST), "in its worst failure, which is named"),
        (Line2D([], [], **LIMIT), "full"),
    ]


def _caption(of: CapacityAnswer) -> str:
    more = len(of.links) - MOST_ROWS
    left_out = [f"{counted(more, 'emptier direction')} not listed"] if more > 0 else []
    parts = [
        "on the map the fuller direction of each fibre in its worst failure",
        *left_out,
        "* capacity assumed, not published",
        f"computed, not measured · scenario {of.scenario}",
        f"policies {of.policies} as of {of.as_of} · {source()}",
    ]
    return " · ".join(parts)
