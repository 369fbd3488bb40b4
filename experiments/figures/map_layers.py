"""Layers of a map: land, fibres, hubs, names. All lengths of the map are in units of its plane."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from corridor.experiments.atlas import Atlas, DrawnHub, MapHub, Mark
from corridor.experiments.atlas.plane import XY, Line
from corridor.experiments.figures.fonts import can_be_set
from corridor.experiments.figures.style import BACKING, SMALL_PT, Key, width_pt

LAND, SEA = "0.925", "white"
STROKES: Mapping[str, Any] = {"terrestrial": "-", "submarine": (0, (5, 1.6)), "aerial": (0, (1, 1))}
FIBRE: dict[str, Any] = {"colors": "0.55", "linewidths": 0.6}
NOT_SURE: dict[str, Any] = {"colors": "0.72", "linewidths": 0.6}
"""Of fibres that are not in service, or of which that is not known."""
FILLS = {"western": "k", "core": "0.6", "transit": "0.6"}
"""Other roles are white."""
ROLE_WORDS = {"k": "western hub", "0.6": "core or transit", "w": "coastal, gateway, abroad"}
MARK_PT = 1.15
"""Of a marker, for each unit of its outline."""
LINE_HIGH = 1.25
"""A line of a name, in sizes of its letters."""
WIDEST_PT = 3.6
"""Of a fibre at full load."""
CROSS_PT = 10.0
"""Of what is kept clear around a mark of a cut."""


def draw_land(axes: Any, atlas: Atlas) -> None:
    vertices: list[tuple[float, float]] = []
    codes: list[Any] = []
    for ring in atlas.land:
        vertices += [*ring, ring[0]]
        codes += [Path.MOVETO, *[Path.LINETO] * (len(ring) - 1), Path.CLOSEPOLY]
    path = Path(np.asarray(vertices), codes)
    axes.add_patch(PathPatch(path, facecolor=LAND, edgecolor="0.78", linewidth=0.3))


def draw_fibres(axes: Any, atlas: Atlas, loads: Mapping[str, float]) -> None:
    """Those that carry something as wide as their share of what they can."""
    for medium, stroke in STROKES.items():
        for sure, look in ((False, NOT_SURE), (True, FIBRE)):
            lines = [
                part
                for one in atlas.fibres.values()
                if one.fibre.medium == medium and (one.fibre.status == "in-service") is sure
                for part in one.parts
            ]
            axes.add_collection(LineCollection(lines, linestyles=[stroke], zorder=2, **look))
    for name, share in loads.items():
        parts = atlas.fibres[name].parts if name in atlas.fibres else ()
        wide_pt = 0.6 + (WIDEST_PT - 0.6) * min(1.0, share)
        axes.add_collection(
            LineCollection(parts, colors="0.45", linewidths=wide_pt, alpha=0.6, zorder=2.5)
        )


def draw_lines(axes: Any, lines: Sequence[Line], **look: Any) -> None:
    for line in lines:
        axes.plot(*zip(*line, strict=True), solid_joinstyle="round", **look)


def draw_hubs(axes: Any, hubs: Collection[DrawnHub], scale: float) -> None:
    for hub in hubs:
        fill = FILLS.get(hub.hub.role, "w")
        axes.plot(hub.x, hub.y, zorder=6, **marker(hub.mark, fill, scale))


def marker(mark: Mark, fill: str, scale: float) -> dict[str, Any]:
    """Matplotlib makes all outlines equally large, so their sizes are given apart; its markers
    have y upwards."""
    largest = max(max(abs(x), abs(y)) for x, y in mark.outline)
    outline = [(x, -y) for x, y in (*mark.outline, mark.outline[0])]
    return {
        "marker": Path(outline, closed=True),
        "markersize": MARK_PT * scale * largest,
        "markerfacecolor": fill,
        "markeredgecolor": "k",
        "markeredgewidth": 0.6,
        "linestyle": "none",
    }


def hub_key(atlas: Atlas, scale: float) -> Key:
    """Shapes of jurisdictions, then what filling means."""
    shapes = [(Line2D([], [], **marker(mark, "w", scale)), name) for name, mark in atlas.key]
    circle = atlas.key[0][1]
    fills = {FILLS.get(hub.hub.role, "w") for hub in atlas.hubs.values()}
    roles = [
        (Line2D([], [], **marker(circle, fill, scale)), words)
        for fill, words in ROLE_WORDS.items()
        if fill in fills
    ]
    return [*shapes, *roles]


def fibre_key(atlas: Atlas) -> Key:
    found: list[tuple[Any, str]] = []
    media = {one.fibre.medium for one in atlas.fibres.values()}
    for medium, stroke in STROKES.items():
        if medium in media:
            found.append((Line2D([], [], color="0.55", linewidth=0.8, linestyle=stroke), medium))
    if any(one.fibre.status != "in-service" for one in atlas.fibres.values()):
        found.append((Line2D([], [], color="0.75", linewidth=0.8), "planned or uncertain"))
    return found


def write_names(
    figure: Figure,
    axes: Any,
    atlas: Atlas,
    first: Sequence[str],
    among: Collection[str] | None,
    clear: Sequence[XY],
    ways: Sequence[Line],
    scale: float,
) -> None:
    """Of hubs in Latin letters; of those named ``first``, which come first, in their own letters
    below. As many as have room beside marks, and beside what else is to be ``clear``; rather not
    over ``ways``, which count as three fibres."""
    wide_in = float(axes.get_position().width * figure.get_size_inches()[0])
    per_pt = atlas.frame.width / (72 * wide_in)

    def name(hub: MapHub) -> str:
        return name_of(hub) if hub.id in first else hub.short_name

    def width(text: str) -> float:
        return width_pt(figure, text.split("\n"), SMALL_PT) * per_pt

    def height(hub: MapHub) -> float:
        return LINE_HIGH * SMALL_PT * per_pt * len(name(hub).split("\n"))

    for placed in atlas.labels(
        height,
        first=first,
        due=first[:2],
        among=among,
        text=name,
        width=width,
        mark=per_pt * MARK_PT * scale * 3.3,
        clear=[(point, CROSS_PT / 2 * per_pt) for point in clear],
        lines=[*ways, *ways, *ways],
    ):
        hub = atlas.hubs[placed.label.id].hub
        if placed.is_ambiguous:
            axes.plot(*zip(*placed.leader, strict=True), color="k", linewidth=0.6, zorder=7.5)
        middle_x = (placed.box.left + placed.box.right) / 2
        axes.text(
            *(middle_x, (placed.box.top + placed.box.bottom) / 2, name(hub)),
            fontsize=SMALL_PT,
            ha="center",
            va="center",
            multialignment="center",
            linespacing=1.05,
            fontweight="bold" if hub.id in first[:2] else "normal",
            zorder=7,
            bbox=BACKING | {"alpha": 0.6},
        )


def name_of(hub: MapHub) -> str:
    """In both scripts, as far as there are fonts."""
    local = hub.short_local_name
    if not local or len(local) > len(hub.short_name) or not can_be_set(local):
        return hub.short_name
    return f"{hub.short_name}\n{local}"
