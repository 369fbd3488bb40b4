"""A brief as one self-contained HTML page without a script. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from corridor.experiments.answers.map_document import HubEntry
from corridor.experiments.atlas import Atlas, atlas, map_drawing
from corridor.experiments.atlas.drawing import Look, Symbol, svg
from corridor.experiments.atlas.labels import Box, text_width_em
from corridor.experiments.atlas.land import source
from corridor.experiments.atlas.map_drawing import (
    AFTER,
    FREE,
    FULL,
    LAWFUL,
    Names,
    hub_look,
    path_drawing,
    whole,
)
from corridor.experiments.brief import document
from corridor.experiments.brief.document import Bar, Brief, Chart, fitted
from corridor.experiments.pages.page import hash_of, template, text_of
from corridor.topologies.base.words import short_name

# The map of a brief as SVG: paths, and hubs with their names and countries.

LOOKS: Mapping[document.Look, Look] = {
    "permitted": LAWFUL,
    "free": FREE,
    "blocked": AFTER,
    "some": FULL[2][2],
    "much": FULL[3][2],
    "most": FULL[4][2],
}
"""From the lowest to the topmost."""
SIZES = {"wide": (0.0165, 0.5), "narrow": (0.034, 0.9)}
"""Heights of letters in widths of the map, and sizes of marks: for paper and wide screens, and for
telephones."""
LINE = 1.25
"""Height of a line in that of letters."""
BESIDE = 0.07
"""What is shown to both sides of the map, for names, in its widths."""
FLATTEST = 1.5
"""The minimum width of a map, in its heights: names on a taller map are too small on paper."""
HUB_UNITS, HUB = 300.0, 5.0
"""The width of a map whose marks are not scaled, and half the side of a mark."""


@dataclass(frozen=True)
class Drawn:
    """One drawing, for one width of screens."""

    size: str
    view_box: str
    letters: str
    layers: Markup
    names: Markup


@dataclass(frozen=True)
class Map:
    drawn: Sequence[Drawn]
    lines: Sequence[tuple[str, str]]
    """Of the key: classes, and what they mean."""
    marks: Sequence[tuple[str, Markup]]
    """Of the key: countries and their marks."""
    caption: str
    credits: str


def map_of(of: document.Picture) -> Map:
    where = atlas(of.where)
    marks = ((name, svg([Symbol(hub_look(mark), mark, (0.0, 0.0))])) for name, mark in where.key)
    return Map(
        drawn=[_drawn(of, where, size) for size in SIZES],
        lines=[(LOOKS[look].name, said) for look, said in of.meanings.items()],
        marks=[(name, Markup(mark)) for name, mark in marks],  # noqa: S704 - our own marks
        caption=of.caption,
        credits=f"{source()}. No borders of states are drawn.",
    )


def _drawn(of: document.Picture, where: Atlas, size: str) -> Drawn:
    every, (share, grown) = whole(where), SIZES[size]
    beside = max(BESIDE * every.width, (FLATTEST * every.height - every.width) / 2)
    view = Box(every.left - beside, every.top, every.right + beside, every.bottom)
    high, scale = share * view.width, grown * view.width / HUB_UNITS
    paths = [
        map_drawing.DrawnPath(LOOKS[look], fibres)
        for look in LOOKS
        for kind, fibres in of.paths
        if kind == look
    ]
    first, text = _named(of, where)
    names = Names(
        *(high * LINE, view, first, len(first)),
        text=text,
        width=lambda line: high * text_width_em(line),
        mark=HUB * scale,
    )
    drawn = path_drawing(where, paths, names, cut=of.cut)
    marks, hubs = (
        svg(drawn.of_layers("land", "fibres", "over")),
        svg(drawn.of_layers("hubs", "cuts")),
    )
    hubs = hubs.replace('"/></g>', f'" transform="scale({scale:.2f})"/></g>')
    return Drawn(
        size=size,
        view_box=f"{view.left:.1f} 0 {view.width:.1f} {view.height:.1f}",
        letters=f"{high:.2f}",
        layers=Markup(marks + hubs),  # noqa: S704 - our own marks
        names=Markup(svg(drawn.of_layers("names"))),  # noqa: S704 - escaped by svg
    )


def _named(of: document.Picture, where: Atlas) -> tuple[list[str], document.HubText]:
    """Hubs to be named first, and their texts: one hub of each country has its country's name.

    The map draws no borders, so a separate country name could be on another country's land.
    """
    of_country: dict[str, str] = {}
    ranked = sorted(where.hubs.values(), key=lambda hub: hub.rank)
    for name in (*of.ends, *(hub.hub.id for hub in ranked)):
        of_country.setdefault(where.hubs[name].hub.jurisdiction, name)

    def text(hub: HubEntry) -> str:
        country = short_name(of.where.jurisdictions.get(hub.jurisdiction, hub.jurisdiction))
        is_first = of_country[hub.jurisdiction] == hub.id and country != hub.short_name
        return f"{hub.short_name}, {country}" if is_first else hub.short_name

    return list(dict.fromkeys((*of_country.values(), *of.ends))), text


# The figure of a brief: each bar's marks as places along one axis, in per cent.

STEPS = (1, 2, 2.5, 5, 10)
MOST_TICKS = 5
LEFT, RIGHT = 2.0, 98.0
"""Where the axis starts and ends, in per cent of the track."""


@dataclass(frozen=True)
class Track:
    bar: Bar
    value: float | None
    low: float | None
    high: float | None
    other: float | None
    third: float | None


@dataclass(frozen=True)
class Figure:
    chart: Chart
    zero: float
    ticks: Sequence[tuple[float, str]]
    tracks: Sequence[Track]


def figure_of(chart: Chart) -> Figure:
    values = [value for bar in chart.bars for value in _values(bar)]
    low, high = min([0.0, *values]), max([0.0, *values])
    step = _step(high - low or 1.0)
    first, last = int(low // step), int(-(-high // step)) or 1

    def place(value: float | None) -> float | None:
        if value is None:
            return None
        share = (value - first * step) / ((last - first) * step)
        return round(LEFT + share * (RIGHT - LEFT), 2)

    ticks = [(place(n * step) or 0.0, f"{n * step:g}") for n in range(first, last + 1)]
    tracks = [
        Track(
            bar,
            place(bar.value),
            place(bar.interval[0] if bar.interval else None),
            place(bar.interval[1] if bar.interval else None),
            place(bar.other),
            place(bar.third),
        )
        for bar in chart.bars
    ]
    return Figure(chart, place(0.0) or LEFT, ticks, tracks)


def _values(of: Bar) -> list[float]:
    each = (of.value, of.other, of.third, *(of.interval or ()))
    return [one for one in each if one is not None]


def _step(span: float) -> float:
    """A round number that is in ``span`` at most so often as there is room for ticks."""
    power = 1.0
    while power * 10 < span:
        power *= 10
    while power > span:
        power /= 10
    sizes = (power * one / 10 for one in (*STEPS, *(10 * step for step in STEPS)))
    return next(one for one in sizes if span / one <= MOST_TICKS)


STYLES = ("page.css", "brief.css")


def brief_page(of: Brief, *, is_whole: bool = False) -> str:
    """The page of a brief, cut to what two A4 pages have room for unless it is to be whole."""
    shown = of if is_whole else fitted(of)
    style = "\n".join(map(text_of, STYLES))
    return template("brief.html.j2").render(
        brief=shown,
        kind="All results" if is_whole else "Brief",
        map=map_of(shown.picture) if shown.picture else None,
        figure=figure_of(shown.chart) if shown.chart else None,
        csp=f"default-src 'none'; style-src {hash_of(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        style=Markup(f"<style>{style}</style>"),  # noqa: S704 - our own files
    )
