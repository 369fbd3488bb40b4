"""What maps among the figures have in common: their size, their names, their keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from matplotlib.figure import Figure

from corridor.experiments.atlas import Atlas, Box, MapHub
from corridor.experiments.atlas.map_drawing import FIBRES, MEDIA, Names, hub_look
from corridor.experiments.figures.drawing_axes import SYMBOL_PT, line_key, symbol_key
from corridor.experiments.figures.fonts import can_be_set
from corridor.experiments.figures.style import PNG_DPI, SMALL_PT, Key, Width, width_pt

TALLEST = 0.72
"""Of a map, next to its width; more is scaled down."""
LINE_HIGH = 1.25
"""A line of a name, in sizes of its letters."""
CROSS_PT = 10.0
"""Of what is kept clear around a mark of a cut."""
NARROW_SCALE = 0.75
"""Of symbols in a narrow figure."""


def high_in(view: Box, width: Width) -> float:
    return width.inches * min(TALLEST, view.height / view.width)


def scale(width: Width) -> float:
    return NARROW_SCALE if width.is_narrow else 1.0


def names(view: Box, width: Width, first: Sequence[str], due: int = 0) -> Names:
    """Of hubs in Latin letters, of the first ones in their own letters, too. A narrow map names
    the first ones alone, in Latin letters."""
    scratch = Figure(dpi=PNG_DPI)
    wide_in = min(width.inches, high_in(view, width) * view.width / view.height)
    per_pt = view.width / (72 * wide_in)
    among: Collection[str] | None = first if width.is_narrow else None
    return Names(
        height=LINE_HIGH * SMALL_PT * per_pt,
        view=view,
        first=first,
        due=due,
        among=among,
        text=lambda hub: (
            name_of(hub) if hub.id in first and not width.is_narrow else hub.short_name
        ),
        width=lambda text: width_pt(scratch, [text], SMALL_PT) * per_pt,
        mark=per_pt * SYMBOL_PT * scale(width) * 3.3,
        clear=CROSS_PT / 2 * per_pt,
    )


def name_of(hub: MapHub) -> str:
    """In both scripts, as far as there are fonts."""
    local = hub.short_local_name
    if not local or len(local) > len(hub.short_name) or not can_be_set(local):
        return hub.short_name
    return f"{hub.short_name}\n{local}"


def hub_key(drawn: Atlas, width: Width) -> Key:
    return [symbol_key(hub_look(mark), mark, name, scale(width)) for name, mark in drawn.key]


def fibre_key(drawn: Atlas) -> Key:
    media = {one.fibre.medium for one in drawn.fibres.values()}
    return [line_key(look, MEDIA[name]) for name, look in FIBRES.items() if name in media]
