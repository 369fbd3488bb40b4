"""The figure of the map: hubs, fibres, and the path of one demand without policies, under policies,
and after its worst cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.atlas import Atlas, atlas
from corridor.experiments.atlas.land import source
from corridor.experiments.atlas.map_drawing import (
    AFTER,
    CROSS,
    CUT,
    FREE,
    LAWFUL,
    LOAD,
    DrawnPath,
    around,
    path_drawing,
)
from corridor.experiments.figures import answers_data as answers_of
from corridor.experiments.figures import maps
from corridor.experiments.figures.loads import most_by_fibre, read_loads
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Key, Width, new_sheet
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.experiments.answers.document import Answers, DemandAnswer, PathDocument


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
    names = maps.names(view, width, _hubs_of(demand), due=2)
    drawing = path_drawing(drawn, [one for one, _ in paths], names, loads, _cut(demand))
    map_in = maps.high_in(view, width)
    keys = (_path_key(demand, paths, loads), maps.fibre_key(drawn), maps.hub_key(drawn, width))
    caption = answers_of.caption(answers, f"{_shown(drawn)} · {source()}")
    sheet = new_sheet(_title(answers, demand), caption, map_in + 0.06, width, *keys)
    axes = maps.add_axes(sheet, drawing, sheet.below_in + 0.03, map_in)
    maps.draw(axes, drawing, maps.scale(width))
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
    found = [maps.line_key(path.look, words) for path, words in paths]
    cut = answers_of.worst_cut(demand) if demand else None
    if cut is not None:
        dead = answers_of.told(cut.dead)
        found.append(maps.symbol_key(CROSS, CUT, f"cut: {dead}"))
    if loads:
        found.append(maps.line_key(LOAD, "width: utilization"))
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
