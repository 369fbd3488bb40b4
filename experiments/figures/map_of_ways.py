"""The figure of the map: hubs, fibres, and the way of one demand without law, under it and after
its worst cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.atlas import Atlas, atlas, map_of_answers
from corridor.experiments.atlas.land import source
from corridor.experiments.atlas.plane import XY, Line
from corridor.experiments.figures import answers_data as answers_of
from corridor.experiments.figures import map_layers
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.loads import most_by_fibre, read_loads
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Key, Width, new_sheet
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.experiments.answers.document import Answers, DemandAnswer, Way

LAWFUL: dict[str, Any] = {"color": "#0072b2", "linewidth": 3.2, "linestyle": "-"}
AFTER: dict[str, Any] = {"color": "k", "linewidth": 1.7, "linestyle": (0, (5, 2))}
FREE: dict[str, Any] = {"color": "#e69f00", "linewidth": 1.8, "linestyle": (0, (1, 1.1))}
CUT: dict[str, Any] = {"color": "k", "marker": "X", "markersize": 8, "linestyle": "none"}
CUT |= {"markeredgecolor": "w", "markeredgewidth": 0.9}
TALLEST = 0.72
"""Of a map, beside its width; more is scaled down."""


def _draw(run: RunData, width: Width) -> Figure | None:
    if run.answers is None or not run.answers["map"]["hubs"]:
        return None
    return map_of_ways(run.answers, most_by_fibre(read_loads(run)), width)


def map_of_ways(answers: Answers, loads: Mapping[str, float], width: Width) -> Figure:
    """``loads`` are shares of the emulated rates, by fibre."""
    drawn = atlas(map_of_answers(answers))
    demand, has_law = answers_of.subject(answers), answers["policies"] != NO_POLICIES
    map_in = width.inches * min(TALLEST, drawn.frame.height / drawn.frame.width)
    scale = 0.75 if width.is_narrow else 1.0
    keys = (
        _way_key(demand, loads, has_law),
        map_layers.fibre_key(drawn),
        map_layers.hub_key(drawn, scale),
    )
    caption = answers_of.caption(answers, f"{_shown(drawn)} · {source()}")
    sheet = new_sheet(_title(answers, demand), caption, map_in + 0.06, width, *keys)
    wide, high = sheet.figure.get_size_inches()
    wide_in = min(wide, map_in * drawn.frame.width / drawn.frame.height)
    left = (wide - wide_in) / 2 / wide
    axes = sheet.figure.add_axes(
        (left, (sheet.below_in + 0.03) / high, wide_in / wide, map_in / high)
    )
    axes.set_axis_off()
    axes.set_xlim(0, drawn.frame.width)
    axes.set_ylim(drawn.frame.height, 0)
    map_layers.draw_land(axes, drawn)
    map_layers.draw_fibres(axes, drawn, loads)
    ways = _draw_ways(axes, drawn, demand, has_law) if demand else []
    first = _hubs_of(demand)
    map_layers.draw_hubs(axes, drawn.hubs.values(), scale)
    among = first if width.is_narrow else None
    crosses = _crosses(drawn, demand)
    map_layers.write_names(sheet.figure, axes, drawn, first, among, crosses, ways, scale)
    return sheet.figure


def _ways_of(demand: DemandAnswer, has_law: bool) -> list[tuple[Way, dict[str, Any]]]:
    """From the lowest to the topmost."""
    cut = answers_of.worst_cut(demand)
    after = answers_of.way_after(cut) if cut else None
    free = demand["free"] if has_law else None
    ways = ((demand["lawful"], LAWFUL), (after, AFTER), (free, FREE))
    return [(way, look) for way, look in ways if way is not None]


def _draw_ways(axes: Any, drawn: Atlas, demand: DemandAnswer, has_law: bool) -> list[Line]:
    lines: list[Line] = []
    for number, (way, look) in enumerate(_ways_of(demand, has_law)):
        parts = drawn.way(way["hubs"], way["fibres"])
        map_layers.draw_lines(axes, parts, zorder=3 + number, **look)
        lines += parts
    for cross in _crosses(drawn, demand):
        axes.plot(*cross, zorder=8, **CUT)
    return lines


def _hubs_of(demand: DemandAnswer | None) -> list[str]:
    """Those to be named first: the ends, then those on the ways."""
    if demand is None:
        return []
    hubs = [hub for way, _ in _ways_of(demand, has_law=True) for hub in way["hubs"]]
    return list(dict.fromkeys((demand["src"], demand["dst"], *hubs)))


def _crosses(drawn: Atlas, demand: DemandAnswer | None) -> list[XY]:
    """Where fibres of the worst cut are marked as dead."""
    cut = answers_of.worst_cut(demand) if demand else None
    dead = (one.partition(":") for one in (cut["dead"] if cut else ()))
    return [
        _middle(drawn, name) for kind, _, name in dead if kind == "link" and name in drawn.fibres
    ]


def _middle(drawn: Atlas, fibre: str) -> tuple[float, float]:
    line = drawn.fibres[fibre].parts[0]
    (ax, ay), (zx, zy) = line[(len(line) - 1) // 2], line[(len(line) - 1) // 2 + 1]
    return (ax + zx) / 2, (ay + zy) / 2


def _way_key(demand: DemandAnswer | None, loads: Mapping[str, float], has_law: bool) -> Key:
    found: list[tuple[Any, str]] = []
    if demand is not None:
        cut = answers_of.worst_cut(demand)
        if has_law and demand["free"]:
            found.append((Line2D([], [], **FREE), "without law"))
        found.append((Line2D([], [], **LAWFUL), "under the law" if has_law else "way in force"))
        if cut is not None:
            dead = answers_of.told(cut["dead"])
            found.append((Line2D([], [], **CUT), f"cut: {dead}"))
            if answers_of.way_after(cut):
                found.append((Line2D([], [], **AFTER), "after the cut"))
    if loads:
        wide = Line2D([], [], color="0.45", alpha=0.6, linewidth=map_layers.WIDEST_PT)
        found.append((wide, "load: wider is fuller"))
    return found


def _shown(drawn: Atlas) -> str:
    return f"{counted(len(drawn.hubs), 'hub')}, {counted(len(drawn.fibres), 'fibre')}"


def _title(answers: Answers, demand: DemandAnswer | None) -> str:
    """What the law and the worst cut do to the demand; one way, since ways back may differ."""
    if demand is None:
        return f"No demand has a way; {answers_of.blocked_in_words(answers)}"
    extra = answers_of.extra_ms(demand)
    if extra:
        said = f"The law adds {extra:.3g} ms to the round trip of {demand['id']}, the most of all"
    else:
        assert demand["lawful"] is not None
        law = "Without law" if answers["policies"] == NO_POLICIES else "The law delays none"
        longest = f"{demand['id']} takes longest, {demand['lawful']['one_way_ms']:.3g} ms one way"
        said = f"{law}: {longest}"
    return f"{said}; {_cut_told(demand)}"


def _cut_told(demand: DemandAnswer) -> str:
    cut, deadly = answers_of.worst_cut(demand), answers_of.deadly_cuts(demand)
    after = answers_of.way_after(cut) if cut else None
    if deadly:
        tried = counted(len(demand["cuts"]), "cut")
        return f"{len(deadly)} of {tried} {'leaves' if len(deadly) == 1 else 'leave'} it no way"
    if cut is None or after is None:
        return "no cut of it was tried"
    then = f"{_more_ms(after, demand['lawful']):.3g} ms"
    if after is not cut["again"]:
        return f"its worst cut adds {then} one way on the detour"
    at_once = cut["at_once"] if cut["delivered"] else None
    detour = f"{_more_ms(at_once, demand['lawful']):.3g} ms" if at_once else "an outage"
    return f"its worst cut adds {detour} one way at once, {then} after recomputation"


def _more_ms(after: Way, before: Way | None) -> float:
    return after["one_way_ms"] - (before["one_way_ms"] if before else 0.0)


KIND = FigureKind(
    "map",
    _draw,
)
