"""How full fibres are, for a page: a map with fibres as wide as they are full, and tables. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from corridor.experiments.account.run_files import Manifest
from corridor.experiments.answers.capacity_document import CapacityAnswer, LinkUtilisation
from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.atlas import Atlas, atlas
from corridor.experiments.atlas.drawing import svg
from corridor.experiments.atlas.map_drawing import FULL, Names, full_drawing, fullest_ends, whole
from corridor.experiments.pages.page import Page, map_and_sources, section
from corridor.experiments.pages.sources import provenance_of
from corridor.experiments.pages.stage import LABEL_UNITS, hub_key
from corridor.experiments.text import capacity_text as text
from corridor.experiments.text.capacity_text import sentences
from corridor.topologies.base.words import few

TITLE = "Link utilization under failures"
MOST_NAMED = 4


@dataclass(frozen=True)
class FullMap:
    width: float
    height: float
    layers: Mapping[str, Markup]
    """The emptier fibres first, so that fuller ones are drawn above."""
    lines: Sequence[tuple[str, str]]
    key: Sequence[tuple[str, Markup]]


@dataclass(frozen=True)
class FullRow:
    place: str
    hub: str
    carries: str
    basis: str
    background: str
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
    has_background: bool
    rows: Sequence[FullRow]
    growth: Sequence[GrowthRow]
    helps: Sequence[str]


def capacity_of(of: CapacityAnswer, where: MapDocument, *, says: bool = True) -> CapacitySection:
    """``says`` is whether it says what it comes to, or something above does."""
    unit = text.unit_of(of)
    return CapacitySection(
        title=TITLE,
        said=text.sentences(of) if says else (),
        notes=text.notes(of),
        unit=unit.name,
        drawn=_map(of, atlas(where)),
        has_background=of.background is not None,
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


def _row(one: LinkUtilisation, unit: text.Unit) -> FullRow:
    return FullRow(
        place=text.place(one.fibre),
        hub=one.hub,
        carries=unit.number(one.capacity.gbps),
        basis=_basis(one),
        background=text.background_said(one, unit),
        usual=round(100 * one.usual_share, 1),
        worst=round(100 * one.share, 1),
        when=text.failure_said(one.failure),
        room=round(one.room_gbps / unit.gbps, 3),
        demands=few(one.demands, MOST_NAMED),
        emulated=text.emulated_said(one),
    )


def _basis(one: LinkUtilisation) -> str:
    bound = f", emulated at the {one.capacity.at_bound}" if one.capacity.at_bound else ""
    return f"{one.capacity.basis}{bound}"


def _map(of: CapacityAnswer, drawn: Atlas) -> FullMap:
    drawing = full_drawing(
        of, drawn, Names(LABEL_UNITS, whole(drawn), first=fullest_ends(of, drawn))
    )
    return FullMap(
        width=drawing.view.width,
        height=drawing.view.height,
        layers={name: Markup(svg(marks)) for name, marks in drawing.layers.items()},  # noqa: S704
        lines=[(look.name, said) for _, said, look in FULL],
        key=hub_key(drawn),
    )


# The page of an answer of capacity that is of no run. Pure.


def capacity_page(of: CapacityAnswer, where: MapDocument, manifest: Manifest | None) -> Page:
    asked, *answers = sentences(of)
    more = {"Scenario": of.scenario, "Policies": f"{of.policies}, as of {of.as_of}"}
    return Page(
        title=f"Capacity of the corridor: {of.scenario}",
        about=f"{asked} Computed, not measured.",
        alarms=[] if of.fits else ["Links are overloaded: see the remedies."],
        verdict=answers,
        stage=None,
        sections=[
            section("capacity", "capacity", capacity_of(of, where, says=False)),
            *map_and_sources(where, []),
            section("provenance", "provenance", provenance_of(None, manifest, more)),
        ],
        footer=f"Made by corridor of scenario {of.scenario}.",
    )
