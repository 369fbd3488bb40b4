"""Utilization of fibres for a page: a map with fibres as wide as they are full, and tables. Pure.

For a run, also the Internet traffic that events take, and how full fibres were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from corridor.experiments.account.fibre_use import FibreUse
from corridor.experiments.account.run_files import Manifest
from corridor.experiments.account.summary import Summary
from corridor.experiments.answers.capacity_document import CapacityAnswer, LinkUtilisation
from corridor.experiments.answers.document import Answers, EventOnInternet
from corridor.experiments.answers.internet_cut import AfterReaction, CountryCut, Rate
from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.atlas import Atlas, atlas
from corridor.experiments.atlas.drawing import svg
from corridor.experiments.atlas.map_drawing import FULL, Names, full_drawing, fullest_ends, whole
from corridor.experiments.pages.claims import provenance_of
from corridor.experiments.pages.page import Page, map_and_sources, section
from corridor.experiments.pages.stage import LABEL_UNITS, hub_key
from corridor.experiments.text import capacity_text as text
from corridor.experiments.text.capacity_text import sentences
from corridor.experiments.text.workload_text import tenths, utilization_said
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


MOST_FIBRES = 20
"""Directions that are not congested are shown up to this number."""
MOST_HOLDINGS = 3
GIGA = 1000
MODEL = (
    "What events of the timeline take from the Internet traffic of countries is computed by the "
    "model of corridor traffic, for each event alone and as if it lasted. It is not emulated. "
    "Brackets are 90 % intervals of the figures under this model."
)


@dataclass(frozen=True)
class Share:
    """A rate in Tbit/s with its interval, which is empty if there is none."""

    value: str
    interval: str


@dataclass(frozen=True)
class CountryRow:
    event: str
    country: str
    """With a star where its split by cable is our assumption."""
    offered: Share
    carried: Share
    """At once."""
    lost: Sequence[Share]
    """Not carried: at once, after own rerouting, after purchases."""
    full: str
    """Holdings that purchases and rerouting have filled."""


@dataclass(frozen=True)
class FibreRow:
    fibre: str
    start: str
    mean: str
    most: str
    background: str
    dropped: int
    congested: str
    events: str


@dataclass(frozen=True)
class Carried:
    title: str
    said: Sequence[str]
    countries: Sequence[CountryRow]
    has_assumed: bool
    fibres: Sequence[FibreRow]
    has_congested: bool


def carried_of(summary: Summary, answers: Answers | None) -> Carried | None:
    """None of a run without workloads whose events take no Internet traffic."""
    events = answers.internet if answers is not None else ()
    used = summary.fibre_use
    if not events and not used:
        return None
    shown = [one for place, one in enumerate(used) if one.is_congested or place < MOST_FIBRES]
    return Carried(
        title="Carried traffic",
        said=[*([MODEL] if events else []), *([utilization_said(used)] if used else [])],
        countries=[_country(event, one) for event in events for one in event.cut.countries],
        has_assumed=any(one.split == "assumed" for event in events for one in event.cut.countries),
        fibres=[_fibre(one) for one in shown],
        has_congested=any(one.is_congested for one in shown),
    )


def _country(event: EventOnInternet, of: CountryCut) -> CountryRow:
    after: Sequence[AfterReaction] = of.after
    return CountryRow(
        event=event.event,
        country=f"{of.name}{'*' if of.split == 'assumed' else ''}",
        offered=_share(of.offered_gbps),
        carried=_share(after[0].carried_gbps),
        lost=[_share(one.shortfall_gbps) for one in after],
        full=few(after[-1].full, MOST_HOLDINGS),
    )


def _share(of: Rate) -> Share:
    value, low, high = (f"{one / GIGA:.2f}" for one in (of.value, of.low, of.high))
    return Share(value, "" if low == high else f"{low} to {high}")


def _fibre(of: FibreUse) -> FibreRow:
    return FibreRow(
        fibre=of.fibre,
        start=of.from_,
        mean=tenths(of.utilization),
        most=tenths(of.most_utilization),
        background=tenths(of.background) if of.background else "",
        dropped=of.dropped_packets,
        congested=f"{of.congested_s:g} s" if of.is_congested else "",
        events=", ".join(of.congested_in),
    )
