"""The page of a placement: MW and flows on the map, the day by hub, what law costs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from corridor.experiments.answers.map_document import HubEntry, MapDocument
from corridor.experiments.atlas import Atlas, atlas
from corridor.experiments.atlas.drawing import Drawing, svg
from corridor.experiments.atlas.map_drawing import FLOWS, Names, flow_drawing, view_of_flows
from corridor.experiments.pages.capacity import FullMap
from corridor.experiments.pages.claims import provenance_of
from corridor.experiments.pages.page import Page, map_and_sources, section
from corridor.experiments.pages.stage import hub_key
from corridor.experiments.pages.time_chart import LEFT, WIDE, Chart, Row
from corridor.experiments.placement.jobs_file import HOURS
from corridor.experiments.placement.place_documents import ParetoPoint, PlaceAnswer, PlacedHub
from corridor.experiments.terminal.columns import Table
from corridor.experiments.text import place_text as text

DAY_HIGH, FRONT_HIGH, GAP, FOOT = 44.0, 150.0, 24.0, 26.0
LETTERS, LETTERS_OF_PHONES = 0.0185, 0.033
"""Size of names as shares of the width of the map; on phones it is narrow, so they are larger and
placed apart."""
LINE = 1.15
"""Height of a line over the size of its letters."""


@dataclass(frozen=True)
class MapSection:
    title: str
    described: str
    """What the map shows, for those who do not see it."""
    hint: str
    """What its marks mean."""
    drawn: FullMap
    left: float
    top: float
    tables: Sequence[Table]

    @property
    def letters(self) -> float:
        """Size of names."""
        return LETTERS * self.drawn.width

    @property
    def letters_of_phones(self) -> float:
        """The same on a narrow screen."""
        return LETTERS_OF_PHONES * self.drawn.width


@dataclass(frozen=True)
class TableSection:
    title: str
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    chart: Chart | None = None


def place_page(of: PlaceAnswer, where: MapDocument) -> Page:
    """Return the page of an answer on its map."""
    drawn = atlas(where)
    alarms = list(text.cautions(of))
    found = [one.strip() for one in text.results(of) if one not in alarms]
    sections = [
        section("places", "place", _places(of, drawn)),
        section("day", "place_tables", TableSection("24 hours by hub (UTC)", (), (), _day(of))),
        section("law", "place_tables", _law(of)),
    ]
    if of.pareto:
        front = TableSection("Emissions against latency", [text.pareto_table(of)], (), _front(of))
        sections.append(section("front", "place_tables", front))
    if of.sensitivity:
        tables = [text.sample_table(of.sensitivity)]
        sections.append(section("samples", "place_tables", TableSection("Sensitivity", tables)))
    jobs = TableSection("Jobs", [text.job_table(of)])
    notes = TableSection("Limits and assumptions", (), list(text.notes(of)))
    more = {
        "Jobs": of.name,
        "Policies": f"{of.policies}, as of {of.as_of}",
        "Stated values": ", ".join(of.stated) or "none",
    }
    return Page(
        title=f"Where to compute: {of.name}",
        about=f"{of.topology}, {of.policies} as of {of.as_of}. Computed, not measured.",
        alarms=alarms,
        verdict=[text.headline(of), *found],
        stage=None,
        sections=[
            *sections,
            section("jobs", "place_tables", jobs),
            section("notes", "place_tables", notes),
            *map_and_sources(where, []),
            section("provenance", "provenance", provenance_of(None, None, more)),
        ],
        footer=f"Made by corridor of jobs file {of.name}.",
    )


def _places(of: PlaceAnswer, drawn: Atlas) -> MapSection:
    mean_mw = {one.hub: one.mean_mw for one in of.hubs}
    gbps: dict[str, float] = {}
    for link in of.links:
        gbps[link.link] = max(link.gbps, gbps.get(link.link, 0.0))
    view = view_of_flows(drawn, gbps, mean_mw)

    def named(hub: HubEntry) -> str:
        mw = mean_mw.get(hub.id)
        return hub.short_name if mw is None else f"{hub.short_name} {mw:,.0f} MW"

    shown = [*mean_mw, *(one.origin for one in of.groups)]
    names = Names(0.0, view, shown, len(mean_mw), shown, named)
    return MapSection(
        title="MW by hub, and flows",
        described="Map: power of the jobs by hub, and what they send over fibres",
        hint="The area of a disc is the mean IT power of the jobs at a hub.",
        drawn=full_map(
            lambda names: flow_drawing(drawn, gbps, mean_mw, names),
            names,
            [(look.name, said) for _, said, look in FLOWS],
            hub_key(drawn),
        ),
        left=view.left,
        top=view.top,
        tables=[text.hub_table(of)],
    )


def full_map(
    draw: Callable[[Names], Drawing],
    names: Names,
    lines: Sequence[tuple[str, str]],
    key: Sequence[tuple[str, Markup]],
) -> FullMap:
    """Return a map with its names placed twice: for wide screens, and for phones."""
    view = names.view
    drawing, on_phones = (
        draw(replace(names, height=share * LINE * view.width)).layers
        for share in (LETTERS, LETTERS_OF_PHONES)
    )
    layers = {**drawing, "names-of-phones": on_phones.get("names", ())}
    return FullMap(
        width=view.width,
        height=view.height,
        layers={name: Markup(svg(marks)) for name, marks in layers.items()},  # noqa: S704
        lines=lines,
        key=key,
    )


def _law(of: PlaceAnswer) -> TableSection:
    tables = [text.law_table(of), *text.law_tables(of)]
    return TableSection("What law forbids, and what that costs", tables, [text.common(of)])


def _day(of: PlaceAnswer) -> Chart:
    """IT power by hour, and the limit."""
    hubs = sorted(of.hubs, key=lambda one: -one.it_mwh)
    rows = [_hours(one, GAP + at * (DAY_HIGH + GAP)) for at, one in enumerate(hubs)]
    ticks = [(_hour_x(hour), f"{hour:02d}") for hour in range(0, HOURS + 1, 3)]
    described = "IT power by hour of each hub, with its limit (dashed)."
    return Chart(described, len(rows) * (DAY_HIGH + GAP) + FOOT, 0.0, (), rows, ticks)


def _hour_x(hour: float) -> float:
    return round(LEFT + hour / HOURS * (WIDE - LEFT - 12), 1)


def _hours(of: PlacedHub, y: float) -> Row:
    def at_y(mw: float) -> float:
        return round(y + DAY_HIGH * (1 - mw / of.limit_mw), 1)

    steps = "".join(f"V{at_y(mw):g}H{_hour_x(hour + 1):g}" for hour, mw in enumerate(of.hourly_mw))
    foot = y + DAY_HIGH
    return Row(
        f"{of.hub}: {of.it_mwh:,.0f} MWh",
        y,
        foot,
        (
            ("fill", f"M{_hour_x(0):g} {foot:g}{steps}V{foot:g}z"),
            ("level", f"M{_hour_x(0):g} {y:g}H{_hour_x(HOURS):g}"),
        ),
        ((y + 4, f"{of.limit_mw:,.0f} MW"), (foot, "0")),
    )


def _front(of: PlaceAnswer) -> Chart:
    """tCO2 above mean RTT, and the bounds below each point."""
    points = sorted(of.pareto, key=lambda one: one.mean_rtt_ms)
    low, high = min(one.bound for one in points), max(one.tco2 for one in points)
    first, last = points[0].mean_rtt_ms, points[-1].mean_rtt_ms

    def at(of: ParetoPoint) -> tuple[float, float]:
        across = (of.mean_rtt_ms - first) / ((last - first) or 1.0)
        up = (of.tco2 - low) / ((high - low) or 1.0)
        x = LEFT + 20 + across * (WIDE - LEFT - 60)
        return round(x, 1), round(GAP + FRONT_HIGH * (1 - up), 1)

    places = list(map(at, points))
    line = "M" + "L".join(f"{x:g} {y:g}" for x, y in places)
    dots = "".join(f"M{x - 3:g} {y:g}h6" for x, y in places)
    foot = GAP + FRONT_HIGH + 6
    labels = ((GAP + 4, f"{high:,.0f}"), (GAP + FRONT_HIGH, f"{low:,.0f}"))
    row = Row("", GAP, foot, (("rtt", line), ("mid", dots)), labels)
    ticks = list(_apart((x, f"{one.mean_rtt_ms:.1f} ms") for (x, _), one in
                        zip(places, points, strict=True)))  # fmt: skip
    return Chart("Emissions (tCO2) by the mean RTT.", foot + FOOT, 0.0, (), [row], ticks)


def _apart(ticks: Iterator[tuple[float, str]]) -> Iterator[tuple[float, str]]:
    """Ticks that do not cover each other."""
    end = 0.0
    for x, said in ticks:
        if x >= end:
            yield x, said
            end = x + 60.0
