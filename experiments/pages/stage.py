"""The map of a page with its demand in front: what the template draws, with a script or without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from corridor.experiments.atlas import Atlas, Mark, atlas, map_of_answers
from corridor.experiments.atlas.land import source
from corridor.experiments.pages.demands import Asked, Json, flagship
from corridor.experiments.pages.model import WITHOUT, Model, as_text
from corridor.experiments.pages.words import ms

LABEL_UNITS = 14.0
"""Height of names on the whole map, where no script places them."""


@dataclass(frozen=True)
class Drawn:
    """A path of SVG and its classes."""

    kind: str
    d: str


@dataclass(frozen=True)
class Place:
    kind: str
    x: float
    y: float
    mark: str


@dataclass(frozen=True)
class Name:
    x: float
    y: float
    text: str


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
    land: str
    fibres: Sequence[Drawn]
    over: Sequence[Drawn]
    """The demand that is shown first."""
    hubs: Sequence[Place]
    names: Sequence[Name]
    key: Sequence[tuple[str, Place]]
    sets: Sequence[str]
    groups: Sequence[Group]
    chosen: int
    chosen_set: int
    has_cuts: bool
    shown: str
    """Which demand that is, in words."""
    lawful: str
    """What its way under policies is called."""
    base: str
    """What its way without them, or under another set, is called."""
    credits: str
    model: str


def stage_of(
    answers: Json,
    demands: Sequence[Asked],
    sets: Sequence[str],
    lawful: str = "path under policies",
    base: str = WITHOUT,
) -> Stage:
    """Of the map of ``answers``; ``sets`` are the names of those that demands are under."""
    where, drawn = answers["map"], atlas(map_of_answers(answers))
    first = flagship(demands)
    chosen, of_set = first
    model = Model(where, drawn, demands, sets, first, base)
    _, _, width, height = drawn.view_box
    return Stage(
        width=width,
        height=height,
        land=drawn.land_path,
        fibres=[Drawn(one.fibre.medium, one.path) for one in drawn.fibres.values()],
        over=list(_over(drawn, demands[chosen], of_set)) if demands else [],
        hubs=[
            Place(_mark_class(hub.mark), round(hub.x, 1), round(hub.y, 1), hub.mark.path)
            for hub in drawn.hubs.values()
        ],
        names=_names(drawn),
        key=[(name, Place(_mark_class(mark), 0, 0, mark.path)) for name, mark in drawn.key],
        sets=sets,
        groups=_groups(where, demands),
        chosen=chosen,
        chosen_set=of_set,
        has_cuts=any(one.cuts for one in demands),
        shown=_shown(demands[chosen], sets, of_set) if demands else "no demand",
        lawful=lawful,
        base=base,
        credits=f"{source()}. No borders of states are drawn.",
        model=as_text(model.document),
    )


def _mark_class(mark: Mark) -> str:
    return mark.name.replace(" ", "-")


def _over(drawn: Atlas, of: Asked, of_set: int) -> Iterator[Drawn]:
    """Its way under policies and the one without, above it."""
    for kind, way in (("lawful", of.under[of_set].way), ("free", of.free)):
        for fibre in way["fibres"] if way else ():
            yield Drawn(kind, drawn.fibres[fibre].path)


def _names(drawn: Atlas) -> list[Name]:
    return [
        Name(
            round(one.box.left, 1),
            round(one.box.bottom - 0.2 * LABEL_UNITS, 1),
            drawn.hubs[one.label.id].hub.short_name,
        )
        for one in drawn.labels(LABEL_UNITS)
    ]


def _groups(where: Json, demands: Sequence[Asked]) -> list[Group]:
    """By the jurisdiction where they begin; numbers are those of all demands."""
    names: Mapping[str, str] = where["jurisdictions"]
    begins = {hub["id"]: names[hub["jurisdiction"]] for hub in where["hubs"]}

    def key(number: int) -> str:
        return begins[demands[number].src]

    ordered = sorted(range(len(demands)), key=key)
    return [
        Group(name, [Option(number, _option(demands[number])) for number in numbers])
        for name, numbers in groupby(ordered, key)
    ]


def _option(of: Asked) -> str:
    (first, *others) = of.under
    if others or first.state in ("lawful", "served"):
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
