"""How full fibres are, for a page: a map with fibres as wide as they are full, and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corridor.experiments.answers import capacity_text as text
from corridor.experiments.answers.capacity_answer import CapacityAnswer, LinkFullness
from corridor.experiments.atlas import Atlas, atlas, map_of_answers
from corridor.experiments.pages.demands import Json

TITLE = "How full fibres are, whatever fails"
BANDS = ((0.5, "up to 50 %"), (0.8, "to 80 %"), (1.0, "to 100 %"), (float("inf"), "too full"))
"""How full at most, and in words."""
LABEL_UNITS = 14.0
MOST_NAMED = 4


@dataclass(frozen=True)
class FullFibre:
    band: int
    """From 1 on; 0 where it carries nothing."""
    d: str
    said: str


@dataclass(frozen=True)
class FullMap:
    width: float
    height: float
    land: str
    fibres: Sequence[FullFibre]
    """The emptier first, so that fuller ones are drawn above."""
    hubs: Sequence[tuple[float, float]]
    names: Sequence[tuple[float, float, str]]
    key: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class FullRow:
    place: str
    hub: str
    carries: str
    basis: str
    usual: float
    worst: float
    when: str
    room: float
    demands: str
    emulated: str


@dataclass(frozen=True)
class GrowthRow:
    what: str
    times: str
    place: str
    hub: str
    when: str


@dataclass(frozen=True)
class CapacitySection:
    title: str
    said: Sequence[str]
    notes: Sequence[str]
    unit: str
    drawn: FullMap
    rows: Sequence[FullRow]
    growth: Sequence[GrowthRow]
    helps: Sequence[str]


def capacity_of(of: CapacityAnswer, where: Json, *, says: bool = True) -> CapacitySection:
    """``says`` is whether it says what it comes to, or something above does."""
    unit = text.unit_of(of)
    return CapacitySection(
        title=TITLE,
        said=text.sentences(of) if says else (),
        notes=text.notes(of),
        unit=unit.name,
        drawn=_map(of, atlas(map_of_answers({"map": where}))),
        rows=[_row(one, unit) for one in of.links],
        growth=[
            GrowthRow(
                one.what or "all traffic",
                text.times_of(one.first.times),
                text.place(one.first.fibre),
                one.first.hub,
                text.failure_said(one.first.failure),
            )
            for one in of.growth
        ],
        helps=text.helps(of),
    )


def _row(one: LinkFullness, unit: text.Unit) -> FullRow:
    return FullRow(
        place=text.place(one.fibre),
        hub=one.hub,
        carries=unit.number(one.capacity.gbps),
        basis=_basis(one),
        usual=round(100 * one.usual_share, 1),
        worst=round(100 * one.share, 1),
        when=text.failure_said(one.failure),
        room=round(one.room_gbps / unit.gbps, 3),
        demands=_some(one.demands),
        emulated=text.emulated_said(one),
    )


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _basis(one: LinkFullness) -> str:
    bound = f", emulated at the {one.capacity.at_bound}" if one.capacity.at_bound else ""
    return f"{one.capacity.basis}{bound}"


def _map(of: CapacityAnswer, drawn: Atlas) -> FullMap:
    _, _, width, height = drawn.view_box
    return FullMap(
        width=width,
        height=height,
        land=drawn.land_path,
        fibres=sorted(_fibres(of, drawn), key=lambda one: one.band),
        hubs=[(round(hub.x, 1), round(hub.y, 1)) for hub in drawn.hubs.values()],
        names=[
            (
                round(one.box.left, 1),
                round(one.box.bottom - 0.2 * LABEL_UNITS, 1),
                drawn.hubs[one.label.id].hub.short_name,
            )
            for one in drawn.labels(LABEL_UNITS, first=_fullest_ends(of, drawn))
        ],
        key=[(0, "carries nothing"), *((at, said) for at, (_, said) in enumerate(BANDS, start=1))],
    )


def _fibres(of: CapacityAnswer, drawn: Atlas) -> Iterator[FullFibre]:
    full: dict[str, LinkFullness] = {}
    for one in of.links:
        full.setdefault(one.fibre, one)
    for name, fibre in drawn.fibres.items():
        found = full.get(name)
        if found is None:
            yield FullFibre(0, fibre.path, f"{name}: carries nothing")
        else:
            band = next(at for at, (most, _) in enumerate(BANDS, start=1) if found.share <= most)
            when = text.failure_said(found.failure)
            said = f"{name} from {found.hub}: {text.percent(found.share)}, {when} failing"
            yield FullFibre(band, fibre.path, said)


def _fullest_ends(of: CapacityAnswer, drawn: Atlas) -> list[str]:
    fullest = [one.fibre for one in of.links if one.fibre in drawn.fibres][:6]
    pairs = [(drawn.fibres[name].fibre.a, drawn.fibres[name].fibre.z) for name in fullest]
    return list(dict.fromkeys(hub for pair in pairs for hub in pair))
