"""Maps in figures: the marks of a drawing by Matplotlib with the looks of pages, their size, names
and keys."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.typing import LineStyleType

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.map_document import HubEntry
from corridor.experiments.atlas import Atlas, Box, atlas
from corridor.experiments.atlas.atlas import Mark
from corridor.experiments.atlas.drawing import Area, Drawing, Lines, Look, Symbol, Text
from corridor.experiments.atlas.land import source
from corridor.experiments.atlas.map_drawing import (
    AFTER,
    CROSS,
    CUT,
    FIBRES,
    FREE,
    LAWFUL,
    LOAD,
    MEDIA,
    DrawnPath,
    Names,
    around,
    hub_look,
    path_drawing,
)
from corridor.experiments.atlas.plane import Line
from corridor.experiments.figures import answers_data as answers_of
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.fibre_use import most_by_fibre, read_loads
from corridor.experiments.figures.style import (
    BACKING,
    PNG_DPI,
    SMALL_PT,
    Key,
    LineStyle,
    PatchStyle,
    Sheet,
    Width,
    can_be_set,
    new_sheet,
    width_pt,
)
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.experiments.answers.document import Answers, DemandAnswer
    from corridor.experiments.answers.map_document import PathDocument


PT_PER_PX = 0.75
SYMBOL_PT = 1.15
"""Of a symbol, for each unit of its outline."""
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


def name_of(hub: HubEntry) -> str:
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


def add_axes(sheet: Sheet, drawing: Drawing, bottom_in: float, high_in: float) -> Axes:
    """Axes of a drawing's plane, so far above the lower edge of a sheet, and in its middle."""
    wide, high = sheet.figure.get_size_inches()
    wide_in = min(wide, high_in * drawing.view.width / drawing.view.height)
    left = (wide - wide_in) / 2 / wide
    axes = sheet.figure.add_axes((left, bottom_in / high, wide_in / wide, high_in / high))
    axes.set_axis_off()
    axes.set_xlim(drawing.view.left, drawing.view.right)
    axes.set_ylim(drawing.view.bottom, drawing.view.top)
    return axes


def draw_marks(axes: Axes, drawing: Drawing, scale: float = 1.0) -> None:
    """Later marks are above earlier ones; ``scale`` is that of symbols."""
    for zorder, mark in enumerate(drawing.marks, start=1):
        match mark:
            case Area(look, rings):
                axes.add_patch(PathPatch(_rings(rings), zorder=zorder, **_filled(look)))
            case Lines(look, parts):
                axes.add_collection(_lines(look, parts, zorder))
            case Symbol(look, shape, at) if drawing.view.has(at):
                axes.plot(*at, zorder=zorder, **symbol(look, shape, scale))
            case Text():
                _write(axes, mark, zorder)


def line_key(look: Look, words: str) -> tuple[Artist, str]:
    style: LineStyleType = (0, _dashes(look)) if look.dash else "-"
    width = look.width * PT_PER_PX
    line = Line2D([], [], color=look.line_colour, linewidth=width, linestyle=style)
    line.set(alpha=look.opacity, dash_capstyle="round", solid_capstyle="butt")
    return line, words


def symbol_key(look: Look, shape: Mark, words: str, scale: float = 1.0) -> tuple[Artist, str]:
    return Line2D([], [], **symbol(look, shape, scale)), words


def symbol(look: Look, shape: Mark, scale: float) -> LineStyle:
    """Matplotlib makes all outlines equally large, so their sizes are given apart; its markers
    have y upwards."""
    largest = max(max(abs(x), abs(y)) for x, y in shape.outline)
    outline = [(x, -y) for x, y in (*shape.outline, shape.outline[0])]
    return {
        "marker": Path(outline, closed=True),
        "markersize": SYMBOL_PT * scale * largest,
        "markerfacecolor": look.fill_colour,
        "markeredgecolor": look.line_colour,
        "markeredgewidth": 0.6,
        "linestyle": "none",
    }


def _rings(rings: Iterable[Line]) -> Path:
    vertices: list[tuple[float, float]] = []
    codes: list[np.uint8] = []
    for ring in rings:
        vertices += [*ring, ring[0]]
        codes += [Path.MOVETO, *[Path.LINETO] * (len(ring) - 1), Path.CLOSEPOLY]
    return Path(np.asarray(vertices), codes)


def _filled(look: Look) -> PatchStyle:
    width = look.width * PT_PER_PX / 2
    return {"facecolor": look.fill_colour, "edgecolor": look.line_colour, "linewidth": width}


def _lines(look: Look, parts: Sequence[Line], zorder: int) -> LineCollection:
    return LineCollection(
        parts,
        zorder=zorder,
        colors=look.line_colour,
        linewidths=look.width * PT_PER_PX,
        linestyles=[(0, _dashes(look)) if look.dash else "-"],
        alpha=look.opacity,
        capstyle="round" if look.width > 2 else "butt",
        joinstyle="round",
    )


def _dashes(look: Look) -> tuple[float, ...]:
    """Matplotlib counts dashes in widths of their line."""
    return tuple(one / look.width for one in look.dash)


def _write(axes: Axes, text: Text, zorder: int) -> None:
    box = text.box
    if text.leader:
        axes.plot(*zip(*text.leader, strict=True), color="k", linewidth=0.6, zorder=zorder)
    axes.text(
        *((box.left + box.right) / 2, (box.top + box.bottom) / 2, "\n".join(text.lines)),
        fontsize=SMALL_PT,
        ha="center",
        va="center",
        multialignment="center",
        linespacing=1.05,
        fontweight="bold" if text.is_bold else "normal",
        zorder=zorder,
        bbox=BACKING | {"alpha": 0.6},
    )


# The figure of the map: hubs, fibres, and the path of one demand without policies, under
# policies, and after its worst cut.


def draw(run: RunData, width: Width) -> Figure | None:
    if run.answers is None or not run.answers.map.hubs:
        return None
    return path_map(run.answers, most_by_fibre(read_loads(run)), width)


def path_map(answers: Answers, loads: Mapping[str, float], width: Width) -> Figure:
    """``loads`` are shares of the emulated rates, by fibre."""
    drawn = atlas(answers.map)
    demand, has_law = answers_of.subject(answers), answers.policies != NO_POLICIES
    paths = _paths_of(demand, has_law) if demand else []
    view = around(drawn, [one for one, _ in paths])
    named = names(view, width, _hubs_of(demand), due=2)
    drawing = path_drawing(drawn, [one for one, _ in paths], named, loads, _cut(demand))
    map_in = high_in(view, width)
    keys = (_path_key(demand, paths, loads), fibre_key(drawn), hub_key(drawn, width))
    caption = answers_of.caption(answers, f"{_shown(drawn)} · {source()}")
    sheet = new_sheet(_title(answers, demand), caption, map_in + 0.06, width, *keys)
    axes = add_axes(sheet, drawing, sheet.below_in + 0.03, map_in)
    draw_marks(axes, drawing, scale(width))
    return sheet.figure


def _paths_of(demand: DemandAnswer, has_law: bool) -> list[tuple[DrawnPath, str]]:
    """From the lowest to the topmost, and what each is."""
    cut = answers_of.worst_cut(demand)
    after = answers_of.path_after(cut) if cut else None
    free = demand.free if has_law else None
    paths = (
        (demand.lawful, LAWFUL, "under policies" if has_law else "path in use"),
        (after, AFTER, "after the cut"),
        (free, FREE, "without policies"),
    )
    return [
        (DrawnPath(look, path.fibres), words) for path, look, words in paths if path is not None
    ]


def _hubs_of(demand: DemandAnswer | None) -> list[str]:
    """Those to be named first: the ends, then those on the paths."""
    if demand is None:
        return []
    cut = answers_of.worst_cut(demand)
    paths = (demand.lawful, answers_of.path_after(cut) if cut else None, demand.free)
    hubs = [hub for path in paths if path for hub in path.hubs]
    return list(dict.fromkeys((demand.src, demand.dst, *hubs)))


def _cut(demand: DemandAnswer | None) -> list[str]:
    """Fibres of the worst cut."""
    cut = answers_of.worst_cut(demand) if demand else None
    dead = (one.partition(":") for one in (cut.dead if cut else ()))
    return [name for kind, _, name in dead if kind == "link"]


def _path_key(
    demand: DemandAnswer | None, paths: Sequence[tuple[DrawnPath, str]], loads: Mapping[str, float]
) -> Key:
    found = [line_key(path.look, words) for path, words in paths]
    cut = answers_of.worst_cut(demand) if demand else None
    if cut is not None:
        dead = answers_of.told(cut.dead)
        found.append(symbol_key(CROSS, CUT, f"cut: {dead}"))
    if loads:
        found.append(line_key(LOAD, "width: utilization"))
    return found


def _shown(drawn: Atlas) -> str:
    return f"{counted(len(drawn.hubs), 'hub')}, {counted(len(drawn.fibres), 'fibre')}"


def _title(answers: Answers, demand: DemandAnswer | None) -> str:
    """What policies and the worst cut do to the demand; one way, since paths back may differ."""
    if demand is None:
        return f"No demand has a path; {answers_of.blocked_in_words(answers)}"
    extra = answers_of.extra_ms(demand)
    if extra:
        said = f"Policies add up to {extra:.3g} ms to a round trip ({demand.id})"
    else:
        assert demand.lawful is not None
        is_free = answers.policies == NO_POLICIES
        law = "Without policies" if is_free else "Policies delay no demand"
        longest = f"highest one-way delay {demand.lawful.one_way_ms:.3g} ms ({demand.id})"
        said = f"{law}: {longest}"
    return f"{said}; {_cut_told(demand)}"


def _cut_told(demand: DemandAnswer) -> str:
    cut, deadly = answers_of.worst_cut(demand), answers_of.deadly_cuts(demand)
    after = answers_of.path_after(cut) if cut else None
    if deadly:
        tried = counted(len(demand.cuts), "cut")
        return f"{len(deadly)} of {tried} {'leaves' if len(deadly) == 1 else 'leave'} it no path"
    if cut is None or after is None:
        return "no cut of it was tried"
    then = f"{_more_ms(after, demand.lawful):.3g} ms"
    if after is not cut.again:
        return f"its worst cut adds {then} one way on the detour"
    at_once = cut.at_once if cut.delivered else None
    detour = f"{_more_ms(at_once, demand.lawful):.3g} ms" if at_once else "an outage"
    return f"its worst cut adds {detour} one way at once, {then} after recomputation"


def _more_ms(after: PathDocument, before: PathDocument | None) -> float:
    return after.one_way_ms - (before.one_way_ms if before else 0.0)
