"""The map of a page with its demand in front: what the template draws, with a script or without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.atlas import Atlas, atlas
from corridor.experiments.atlas.drawing import Drawing, Symbol
from corridor.experiments.atlas.land import source
from corridor.experiments.atlas.map_drawing import (
    DEAD,
    FIBRES,
    FREE,
    LAWFUL,
    MEDIA,
    DrawnPath,
    Names,
    hub_look,
    path_drawing,
    whole,
)
from corridor.experiments.atlas.svg import svg
from corridor.experiments.pages.demands import Asked, flagship
from corridor.experiments.pages.model import WITHOUT, Model, as_text
from corridor.experiments.pages.words import ms

LABEL_UNITS = 14.0
"""Height of names on the whole map, where no script places them."""


@dataclass(frozen=True)
class Option:
    number: int
    text: str


@dataclass(frozen=True)
class Group:
    """Demands from one jurisdiction."""

    name: str
    demands: Sequence[Option]


@dataclass(frozen=True)
class Stage:
    width: float
    height: float
    layers: Mapping[str, Markup]
    """Of the map, as SVG, by name."""
    lines: Sequence[tuple[str, str]]
    """Of the key: classes, and what they mean."""
    key: Sequence[tuple[str, Markup]]
    """Of the key: jurisdictions and their marks."""
    sets: Sequence[str]
    groups: Sequence[Group]
    chosen: int
    chosen_set: int
    has_cuts: bool
    shown: str
    """Which demand that is, in words."""
    credits: str
    model: str


def stage_of(
    where: MapDocument,
    demands: Sequence[Asked],
    sets: Sequence[str],
    lawful: str = "path under policies",
    base: str = WITHOUT,
) -> Stage:
    """Of a map; ``sets`` are the names of those that demands are under."""
    drawn = atlas(where)
    first = flagship(demands)
    chosen, of_set = first
    model = Model(where, drawn, demands, sets, first, base)
    paths = _paths(demands[chosen], of_set) if demands else []
    drawing = path_drawing(drawn, paths, Names(LABEL_UNITS, whole(drawn)))
    return Stage(
        width=drawing.view.width,
        height=drawing.view.height,
        layers=layers_of(drawing),
        lines=[
            *((LAWFUL.name, lawful), (FREE.name, base), (DEAD.name, "cut")),
            *((FIBRES[name].name, MEDIA[name]) for name in ("terrestrial", "submarine")),
        ],
        key=hub_key(drawn),
        sets=sets,
        groups=_groups(where, demands),
        chosen=chosen,
        chosen_set=of_set,
        has_cuts=any(one.cuts for one in demands),
        shown=_shown(demands[chosen], sets, of_set) if demands else "no demand",
        credits=f"{source()}. No borders of states are drawn.",
        model=as_text(model.document),
    )


def layers_of(drawing: Drawing) -> dict[str, Markup]:
    """Fibres have numbers as ids, and hubs as data, for the script."""
    prefixes = {"fibres": "f", "hubs": "h"}
    return {
        name: Markup(svg(marks, prefixes.get(name, "")))  # noqa: S704 - our own marks, escaped
        for name, marks in drawing.layers.items()
    }


def hub_key(drawn: Atlas) -> list[tuple[str, Markup]]:
    """Jurisdictions, and their marks as SVG."""
    shown = [(name, svg([Symbol(hub_look(mark), mark, (0.0, 0.0))])) for name, mark in drawn.key]
    return [(name, Markup(drawn)) for name, drawn in shown]  # noqa: S704 - our own marks


def _paths(of: Asked, of_set: int) -> list[DrawnPath]:
    """Its path under policies and the one without, above it."""
    both = ((LAWFUL, of.under[of_set].path), (FREE, of.free))
    return [DrawnPath(look, path.fibres) for look, path in both if path]


def _groups(where: MapDocument, demands: Sequence[Asked]) -> list[Group]:
    """By the jurisdiction where they begin; numbers are those of all demands."""
    names: Mapping[str, str] = where.jurisdictions
    begins = {hub.id: names[hub.jurisdiction] for hub in where.hubs}

    def key(number: int) -> str:
        return begins[demands[number].src]

    ordered = sorted(range(len(demands)), key=key)
    return [
        Group(name, [Option(number, _option(demands[number])) for number in numbers])
        for name, numbers in groupby(ordered, key)
    ]


def _option(of: Asked) -> str:
    (first, *others) = of.under
    if others or first.state in (Outcome.PERMITTED, Outcome.SERVED):
        return of.id
    return f"{of.id} ({first.said})"


def _shown(of: Asked, sets: Sequence[str], of_set: int) -> str:
    under = of.under[of_set]
    name = f"{of.id} under {sets[of_set]}" if len(sets) > 1 else of.id
    if under.is_kept_back:
        return f"{name}, {under.said}"
    return (
        f"{name}, {ms(under.round_trip_ms)} ms round trip under policies, "
        f"{ms(of.free_round_trip_ms)} ms without"
    )
