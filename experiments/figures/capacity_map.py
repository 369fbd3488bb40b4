"""The figure of capacity on the map: each fibre as wide as it is full in its worst failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.experiments.answers.capacity_answer import CapacityAnswer, LinkFullness
from corridor.experiments.answers.capacity_text import figure_title
from corridor.experiments.atlas import Atlas, MapData, atlas, map_of_answers
from corridor.experiments.atlas.land import source
from corridor.experiments.figures import map_layers
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Key, Width, new_sheet

BANDS: tuple[tuple[float, str, dict[str, Any]], ...] = (
    (0.5, "up to 50 %", {"color": "#7aa6c9", "linewidth": 1.5}),
    (0.8, "to 80 %", {"color": "#0072b2", "linewidth": 2.4}),
    (1.0, "to 100 %", {"color": "#d55e00", "linewidth": 3.3}),
    (float("inf"), "too full", {"color": "#000000", "linewidth": 4.4}),
)
"""How full at most, in words, and how it is drawn: wider and darker."""
TALLEST = 0.72
"""Of a map, beside its width."""


def _draw(run: RunData, width: Width) -> Figure | None:
    if run.capacity is None or run.answers is None:
        return None
    return capacity_map(run.capacity, map_of_answers(run.answers), width)


def by_fibre(of: CapacityAnswer) -> dict[str, LinkFullness]:
    """The fuller direction of each; landings are no fibres."""
    found: dict[str, LinkFullness] = {}
    for one in of.links:
        found.setdefault(one.fibre, one)
    return found


def capacity_map(of: CapacityAnswer, where: MapData, width: Width) -> Figure:
    drawn = atlas(where)
    full = {name: one for name, one in by_fibre(of).items() if name in drawn.fibres}
    map_in = width.inches * min(TALLEST, drawn.frame.height / drawn.frame.width)
    scale = 0.75 if width.is_narrow else 1.0
    keys = (_key(full), map_layers.hub_key(drawn, scale))
    sheet = new_sheet(figure_title(of), _caption(of, full), map_in + 0.06, width, *keys)
    wide, high = sheet.figure.get_size_inches()
    wide_in = min(wide, map_in * drawn.frame.width / drawn.frame.height)
    box = (
        (wide - wide_in) / 2 / wide,
        (sheet.below_in + 0.03) / high,
        wide_in / wide,
        map_in / high,
    )
    axes = sheet.figure.add_axes(box)
    axes.set_axis_off()
    axes.set_xlim(0, drawn.frame.width)
    axes.set_ylim(drawn.frame.height, 0)
    map_layers.draw_land(axes, drawn)
    map_layers.draw_fibres(axes, drawn, {})
    _draw_full(axes, drawn, full)
    map_layers.draw_hubs(axes, drawn.hubs.values(), scale)
    first = _ends(drawn, full)
    among = first if width.is_narrow else None
    map_layers.write_names(sheet.figure, axes, drawn, first, among, (), (), scale)
    return sheet.figure


def _draw_full(axes: Any, drawn: Atlas, full: Mapping[str, LinkFullness]) -> None:
    for number, (_, _, look) in enumerate(BANDS):
        lines = [
            part
            for name, one in full.items()
            if _band(one) == number
            for part in drawn.fibres[name].parts
        ]
        kind = {"colors": look["color"], "linewidths": look["linewidth"], "capstyle": "round"}
        axes.add_collection(LineCollection(lines, zorder=3 + 0.1 * number, **kind))


def _band(one: LinkFullness) -> int:
    return next(number for number, (most, _, _) in enumerate(BANDS) if one.share <= most)


def _ends(drawn: Atlas, full: Mapping[str, LinkFullness]) -> list[str]:
    """Hubs of the fullest fibres, to be named first."""
    fullest = sorted(full, key=lambda name: -full[name].share)[:6]
    ends = [(drawn.fibres[name].fibre.a, drawn.fibres[name].fibre.z) for name in fullest]
    return list(dict.fromkeys(hub for pair in ends for hub in pair))


def _key(full: Mapping[str, LinkFullness]) -> Key:
    there = {_band(one) for one in full.values()}
    shown = [
        (Line2D([], [], solid_capstyle="butt", **look), said)
        for number, (_, said, look) in enumerate(BANDS)
        if number in there
    ]
    return [*shown, (Line2D([], [], color="0.55", linewidth=0.7), "carries nothing")]


def _caption(of: CapacityAnswer, full: Mapping[str, LinkFullness]) -> str:
    assumed = sum(one.capacity.basis == "assumed" for one in full.values())
    parts = [
        "the fuller direction of each fibre in its worst failure",
        f"{assumed} of {len(full)} capacities assumed",
        f"computed, not measured · scenario {of.scenario}",
        f"policies {of.policies} as of {of.as_of} · {source()}",
    ]
    return " · ".join(parts)


KIND = FigureKind("capacity-map", _draw)
