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
from corridor.experiments.pages.words import PageCell, PageTable, Tables
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
class CapacitySection:
    title: str
    said: Sequence[str]
    notes: Sequence[str]
    drawn: FullMap
    tables: Sequence[PageTable]
    helps: Sequence[str]


def capacity_of(of: CapacityAnswer, where: MapDocument, *, says: bool = True) -> CapacitySection:
    """``says`` is whether it says what it comes to, or something above does."""
    unit = text.unit_of(of)
    return CapacitySection(
        title=TITLE,
        said=text.sentences(of) if says else (),
        notes=text.notes(of),
        drawn=_map(of, atlas(where)),
        tables=[_links(of, unit), _growth(of)],
        helps=text.helps(of),
    )


def _links(of: CapacityAnswer, unit: text.Unit) -> PageTable:
    background = [("Background", True)] if of.background is not None else []
    heads = [
        *(("Fibre", False), ("From hub", False), ("Capacity", True), ("Source", False)),
        *background,
        *(("Utilization %", True), ("Worst case %", True), ("Failure set", False)),
        *(("Headroom", True), ("Demands", False), ("Emulated", False)),
    ]
    about = f"Link directions and landings, highest utilization first; {unit.name}"
    rows = [_row(one, unit, has_background=bool(background)) for one in of.links]
    return PageTable("full-table", "Link utilization", about, heads, rows)


def _row(one: LinkUtilisation, unit: text.Unit, *, has_background: bool) -> Sequence[str]:
    return (
        text.place(one.fibre),
        one.hub,
        unit.number(one.capacity.gbps),
        _basis(one),
        *([text.background_said(one, unit)] if has_background else []),
        str(round(100 * one.usual_share, 1)),
        str(round(100 * one.share, 1)),
        text.failure_said(one.failure),
        str(round(one.room_gbps / unit.gbps, 3)),
        few(one.demands, MOST_NAMED),
        text.emulated_said(one),
    )


def _growth(of: CapacityAnswer) -> PageTable:
    heads = [("Demand", False), ("Factor", True), ("Bottleneck", False), ("From hub", False)]
    about = "Growth factor of each demand while other demands stay constant"
    rows = [text.bound_row(one.what or "all traffic", one.first) for one in of.growth]
    head = ("Failure set", False)
    return PageTable("growth-table", "Growth limits", about, [*heads, head], rows)


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


def carried_of(summary: Summary, answers: Answers | None) -> Tables | None:
    """None of a run without workloads whose events take no Internet traffic."""
    events = answers.internet if answers is not None else ()
    used = summary.fibre_use
    if not events and not used:
        return None
    said = [*([MODEL] if events else []), *([utilization_said(used)] if used else [])]
    tables = [*([_countries(events)] if events else []), *([_fibres(used)] if used else [])]
    return Tables("Carried traffic", said, [one for one in tables if one.rows])


def _countries(events: Sequence[EventOnInternet]) -> PageTable:
    """Internet traffic by event and country, with a star where its split by cable is assumed."""
    every = [(event.event, one) for event in events for one in event.cut.countries]
    assumed = any(one.split == "assumed" for _, one in every)
    heads = [
        *(("Event", False), ("Country", False), ("Offered", True), ("Carried at once", True)),
        *(("Not carried at once", True), ("after own rerouting", True), ("after purchases", True)),
        ("Full after purchases", False),
    ]
    about = (
        "Computed: Internet traffic in the busy hour, by event and country, in Tbit/s. Owners "
        "reroute within minutes, purchases take days."
        + (" *: the split by cable is our assumption." if assumed else "")
    )
    rows = [_country(event, one) for event, one in every]
    title = "Internet traffic by event and country"
    return PageTable("internet-table", title, about, heads, rows)


def _country(event: str, of: CountryCut) -> Sequence[PageCell]:
    after: Sequence[AfterReaction] = of.after
    return (
        event,
        f"{of.name}{'*' if of.split == 'assumed' else ''}",
        _share(of.offered_gbps),
        _share(after[0].carried_gbps),
        *(_share(one.shortfall_gbps) for one in after),
        few(after[-1].full, MOST_HOLDINGS),
    )


def _share(of: Rate) -> PageCell:
    """A rate in Tbit/s with its interval, which is left out if there is none."""
    value, low, high = (f"{one / GIGA:.2f}" for one in (of.value, of.low, of.high))
    return value if low == high else (value, f"[{low} to {high}]")


def _fibres(used: Sequence[FibreUse]) -> PageTable:
    shown = [one for place, one in enumerate(used) if one.is_congested or place < MOST_FIBRES]
    congested = any(one.is_congested for one in shown)
    heads = [
        *(("Fibre", False), ("From", False), ("Mean", True), ("Maximum", True)),
        *(("Background", True), ("Packets dropped", True)),
        *([("Congested", True), ("during", False)] if congested else []),
    ]
    about = (
        "Measured: utilization of directions of fibres, background traffic included, as shares of "
        "the rate." + (" Congested: time at 90 % or more." if congested else "")
    )
    rows = [_fibre(one, congested=congested) for one in shown]
    return PageTable("use-table", "Utilization of fibres, measured", about, heads, rows)


def _fibre(of: FibreUse, *, congested: bool) -> Sequence[str]:
    when = (f"{of.congested_s:g} s" if of.is_congested else "", ", ".join(of.congested_in))
    return (
        of.fibre,
        of.from_,
        tenths(of.utilization),
        tenths(of.most_utilization),
        tenths(of.background) if of.background else "",
        str(of.dropped_packets),
        *(when if congested else ()),
    )
