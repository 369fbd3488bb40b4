"""The brief of a register of risks: what fails, what it costs, and where on the map. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.availability.figures import MOST_NINES, Interval
from corridor.experiments.availability.risks_answer import Risk, RisksAnswer, RisksDocument
from corridor.experiments.brief.cuts import COMPUTED
from corridor.experiments.brief.document import Bar, Brief, Cell, Chart, Look, Picture, Table
from corridor.experiments.brief.places import Places
from corridor.experiments.brief.policies import titled
from corridor.experiments.pages.claims import map_sources
from corridor.experiments.text.availability_text import minutes, number
from corridor.experiments.text.risks_text import KINDS, by_traffic, days, share
from corridor.topologies.base.words import confidence_word, counted, joined

BANDS: tuple[tuple[float, Look, str], ...] = (
    (0.1, "most", "importance 10 % or more"),
    (0.01, "much", "1 % to 10 %"),
    (0.0001, "some", "0.01 % to 1 %"),
)
"""Fussell-Vesely importance from which a fibre has a look, the highest first."""
MOST_OF_TRAFFIC, MOST_HELPS, MOST_CONSTANTS = 4, 3, 4
UNCERTAIN = (
    (
        "Rates are counts of few events, or published bounds; each route differs from its kind by "
        "a factor of 0.5 to 2, our assumption. Intervals cover 90 % of the samples of both."
    ),
    (
        "Hubs, landing stations, power, software and configuration have no rate here. Nines are "
        "those of drawn fibre, at most 5; with all of these, every demand has fewer."
    ),
    (
        "A demand counts as served if any permitted path is left, however full. A country whose "
        "only drawn fibre fails has the nines of that drawing."
    ),
)


def risks_brief(of: RisksDocument, *, everything: bool = False) -> Brief:
    """Return the brief of ``risks.json``; with the traffic of all risks for the whole page."""
    answer, places = of.answer, Places(of.map, of.answer.by_demand)
    is_free = answer.policies == NO_POLICIES
    under = "without policies" if is_free else f"under {titled(answer.policies, of.names)}"
    tables = "the installed tables alone" if answer.installed else "a controller that plans again"
    used = {fibre for one in answer.risks[:MOST_CONSTANTS] for fibre in one.fibres}
    return Brief(
        title=f"Risks: {of.names.scenario or answer.scenario}",
        about=f"Risks {under}, as of {answer.as_of}. {COMPUTED}. Not legal advice.",
        alarms=[],
        question=(
            f"Which failures of fibres leave the {counted(answer.demands, 'served demand')} of "
            f"this scenario without a permitted path, and how often? With {tables}; rates of "
            f"{answer.climate_note}."
        ),
        answer=list(_answer(answer, places)),
        certainty=_certainty(answer),
        uncertainty=UNCERTAIN,
        picture=_picture(of),
        chart=_chart(answer, places),
        table=_table(answer, places),
        helps=list(_helps(answer, places)),
        beliefs=[],
        law=[],
        fibres=map_sources(one for one in of.map.fibres if one.id in used),
        constants=list(dict.fromkeys(_constant(one) for one in answer.risks))[:MOST_CONSTANTS],
        footer=f"Made by corridor from scenario {answer.scenario}. Rates: failures.yaml.",
        second=_traffic(answer, places, None if everything else MOST_OF_TRAFFIC),
    )


def _answer(of: RisksAnswer, places: Places) -> Iterator[str]:
    every = minutes(of.demand_minutes_a_year)
    if not of.risks:
        yield "No failure that was explored leaves a demand without a permitted path."
        return
    first = of.risks[0]
    yield (
        f"Demands are expected to be without a path for {every} minutes a year, added over all; "
        f"{share(first.fussell_vesely)} of them would not occur if {_named(first, places)} never "
        "failed."
    )
    worst = sorted(of.by_demand, key=lambda one: one.figure.nines)
    if worst:
        one = worst[0]
        high = (
            "5 or more" if one.figure.nines_high >= MOST_NINES else f"{one.figure.nines_high:.1f}"
        )
        yield (
            f"The least available demand is {places.between(one.src, one.dst)}: "
            f"{one.figure.nines:.1f} nines ({one.figure.nines_low:.1f} to {high})."
        )
    reach = sum(one.figure.nines >= MOST_NINES for one in of.by_demand)
    yield f"{reach} of {counted(len(of.by_demand), 'demand')} have drawn fibre for 5 nines or more."
    for risk, lost in by_traffic(of)[:1]:
        yield (
            f"Of Internet traffic with published figures, {risk.id} takes most from "
            f"{places.country(lost.country)}: {_few(lost.tbit_hours_a_year)} Tbit-hours a year "
            "(Tbit/s in the busy hour times hours)."
        )


def _certainty(of: RisksAnswer) -> str:
    if not of.risks:
        return "what was not explored is in the bounds"
    first = of.risks[0]
    return (
        f"number one is the first in {first.first:.0%} of {of.samples:,} samples of the rates; "
        "intervals cover 90 % of them"
    )


def _named(of: Risk, places: Places) -> str:
    if of.kind == "land":
        return places.element(f"link:{of.fibres[0]}")
    return of.id if of.kind == "wet" else f"the cause {of.id}"


def _few(of: Interval) -> str:
    return f"{number(of.mean)} ({number(of.low)} to {number(of.high)})"


def _picture(of: RisksDocument) -> Picture:
    importance: dict[str, float] = {}
    for one in of.answer.risks:
        for fibre in one.fibres:
            importance[fibre] = max(importance.get(fibre, 0.0), one.fussell_vesely.mean)
    paths = [
        (look, [fibre])
        for fibre, value in importance.items()
        for look in [_look(value)]
        if look is not None
    ]
    seen = {look for look, _ in paths}
    meanings: Mapping[Look, str] = {look: said for _, look, said in BANDS if look in seen}
    worst = sorted(of.answer.by_demand, key=lambda one: one.figure.nines)[:MOST_HELPS]
    return Picture(
        where=of.map,
        paths=paths,
        meanings=meanings,
        ends=list(dict.fromkeys(hub for one in worst for hub in (one.src, one.dst))),
        caption="Importance (Fussell-Vesely): the share of all minutes without a path that would "
        "not occur if the most important element of the fibre never failed. Wider is more.",
    )


def _look(value: float) -> Look | None:
    return next((look for least, look, _ in BANDS if value >= least), None)


def _chart(of: RisksAnswer, places: Places) -> Chart | None:
    worst = sorted(of.by_demand, key=lambda one: one.figure.nines)
    bars = [
        Bar(
            label=places.between(one.src, one.dst),
            small=one.demand,
            value=one.figure.nines,
            interval=(one.figure.nines_low, one.figure.nines_high),
            text=f"{'>= ' if one.figure.is_at_least else ''}{one.figure.nines:.1f}",
        )
        for one in worst
        if one.figure.nines < MOST_NINES
    ]
    title = "Availability of the least available demands, in nines (at most 5)"
    return Chart(title, "nines", bars, "nines at the mean", "90 % interval") if bars else None


def _table(of: RisksAnswer, places: Places) -> Table:
    headings = ("Element", "Failures a year", "Repair", "Importance", "Minutes a year", "Affected")
    return Table(
        "Register of risks",
        headings,
        [_row(one, places) for one in of.risks if one.affected],
        "Importance (Fussell-Vesely): share of the minutes that would not occur if it never "
        "failed. Shares overlap.",
    )


def _row(of: Risk, places: Places) -> Sequence[Cell]:
    name = _named(of, places).removeprefix("the ")
    affected = of.affected[0] if of.affected else ""
    more = len(of.affected) - 1
    return [
        Cell(f"{name[:1].upper()}{name[1:]}" if of.kind == "land" else of.id, KINDS[of.kind]),
        Cell(f"{of.failures_a_year.mean:.2g}", f"{of.basis} ({confidence_word(of.confidence)})"),
        Cell(days(of.repair_days)),
        Cell(share(of.fussell_vesely)),
        Cell(number(of.demand_minutes_a_year.mean)),
        Cell(places.sentence(affected), f"and {more} more" if more > 0 else ""),
    ]


def _traffic(of: RisksAnswer, places: Places, most: int | None) -> Table | None:
    rows = [
        [
            Cell(risk.id),
            Cell(places.country(lost.country) + ("*" if lost.split == "assumed" else "")),
            Cell(_few(lost.tbit_hours_a_year)),
            Cell(f"{lost.at_once_gbps / 1000:.2f}"),
            Cell(f"{lost.bought_gbps / 1000:.2f}"),
        ]
        for risk, lost in by_traffic(of)[:most]
    ]
    if not rows:
        return None
    return Table(
        "Internet traffic without a path if the element alone has failed",
        ("Element", "Country", "Tbit-hours a year", "At once (Tbit/s)", "After purchases"),
        rows,
        "* The split by cable is our assumption. Countries are never added.",
    )


def _helps(of: RisksAnswer, places: Places) -> Iterator[str]:
    for one in of.risks[:MOST_HELPS]:
        met = joined(map(places.country, one.detours.jurisdictions[:MOST_HELPS]))
        law = f" Next permitted paths meet {met}." if met else ""
        stranded = one.detours.stranded
        none = f" {counted(stranded, 'demand')} would have no other path." if stranded else ""
        yield (
            f"A path around {_named(one, places)} could end up to {share(one.fussell_vesely)} of "
            f"the minutes.{none}{law}"
        )


def _constant(of: Risk) -> str:
    what = of.id if of.kind == "cause" else KINDS[of.kind]
    note = f": {of.note}" if of.note else ""
    return f"Rate of {what}: {of.basis} ({confidence_word(of.confidence)}){note}."
