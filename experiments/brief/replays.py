"""The brief of replayed outages: published figures next to computed ones. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from corridor.experiments.brief.cuts import COMPUTED
from corridor.experiments.brief.document import (
    CONSTANTS,
    Bar,
    Brief,
    Cell,
    Chart,
    Source,
    Table,
)
from corridor.experiments.pages.claims import safe_address
from corridor.experiments.replays.document import Comparison, Replay, Replays, State, Totals
from corridor.experiments.replays.outages import Measure
from corridor.experiments.text.replay_text import (
    NO,
    between,
    number,
    place_text,
    share,
    verdict_text,
)
from corridor.topologies.base.words import counted, joined

MEASURES: Mapping[Measure, str] = {
    "capacity-lost": "capacity that was cut",
    "traffic-hit": "traffic on cut paths",
    "shortfall": "traffic without a path",
    "rerouted": "traffic rerouted",
    "restored-share": "share restored",
    "traffic-lost": "traffic lost",
    "system-load": "load of the system",
    "rtt": "RTT",
    "loss": "loss",
    "routing": "routing",
}
type CountryNames = Mapping[str, str]
"""By code."""

ADDRESS = re.compile(r"https?://[^\s,;]+")
UNCERTAIN = (
    (
        "Intervals cover 90 % of the random traffic matrices. These vary capacities, loads, "
        "directions and purchases within the bounds of their sources, not the lengths of cables."
    ),
    (
        "Inputs are figures that the model has in its data or was fitted to: agreement proves "
        "nothing. Only checks can judge the model."
    ),
    "Operators reroute by capacity and direction of their cables; their routes are not known.",
)
EMPTY = Brief(
    title="",
    about="",
    alarms=[],
    question="",
    answer=[],
    certainty="",
    uncertainty=UNCERTAIN,
    picture=None,
    chart=None,
    table=Table("", (), []),
    helps=[],
    beliefs=[],
    law=[],
    fibres=[],
    constants=CONSTANTS,
    footer="",
)
"""What all briefs of replays have in common."""
WANTED = "A published figure of capacity by owner and cable would allow more comparisons: {}."


def replay_brief(of: Replay, names: CountryNames) -> Brief:
    """Return the brief of one outage."""
    cuts = joined(f"{one.system} ({one.at})" for one in of.cuts)
    compared = [one for one in of.comparisons if one.computed is not None]
    return replace(
        EMPTY,
        title=of.title,
        about=f"Cut of {cuts} on {of.begin[:10]}, Internet traffic of {of.market}. {COMPUTED}.",
        question="What did the outage do to Internet traffic, and does the model reproduce it?",
        answer=[*_states(of.states, names), *_totals(of.totals)],
        certainty=_certainty(of),
        chart=_chart((one.id, one) for one in compared),
        table=Table(
            "Published figures",
            ("Figure", "Published", "At once", "Rerouted", "After purchases", "Verdict"),
            [_row(one) for one in of.comparisons],
        ),
        helps=_helps(of.totals),
        law=[_source(key, text) for key, text in of.sources.items()],
        footer=f"Made by corridor from the outage {of.id}.",
    )


def replays_brief(of: Replays) -> Brief:
    """Return the brief of all shipped outages."""
    checks = (
        (f"{replay.id} {one.id}", one)
        for replay in of.replays
        for one in replay.comparisons
        if one.kind == "check" and one.computed is not None
    )
    check = of.totals.checks
    headline = (
        f"{check.within} of {counted(check.compared, 'check')} lie within the 90 % interval of "
        "the model."
    )
    return replace(
        EMPTY,
        title="Replays of cable outages",
        about=f"{counted(len(of.replays), 'outage')} of cables. {COMPUTED}.",
        question="Does the model of Internet traffic reproduce what was published of outages?",
        answer=[headline, *_totals(of.totals)],
        certainty=f"median error of {counted(of.totals.errors, 'check')}: "
        f"{share(of.totals.median_error)}",
        chart=_chart(checks),
        table=Table(
            "Outages",
            ("Outage", "Begin", "Figures", "Checks", "Within", "Error of checks"),
            [_outage(one) for one in of.replays],
        ),
        helps=_helps(of.totals),
        footer="Made by corridor from its shipped outages.",
    )


def _helps(of: Totals) -> list[str]:
    missing = [f"{reason} ({count})" for reason, count in of.reasons.items()]
    return [WANTED.format("; ".join(missing))] if missing else ["Further published figures."]


def _states(states: Iterable[State], names: CountryNames) -> Iterator[str]:
    """Yield a sentence for each country, the most affected first."""
    by_country: dict[str, list[State]] = {}
    for one in states:
        by_country.setdefault(one.country, []).append(one)
    for country, (first, own, bought) in sorted(by_country.items(), key=_unserved, reverse=True):
        yield (
            f"{names.get(country, country)}: {number(first.lost_gbps)} of "
            f"{number(first.demand_gbps)} Gbit/s of Internet traffic were on cut paths. "
            f"{number(own.unserved_gbps)} Gbit/s have no path after operators rerouted in their "
            f"own capacity, and {number(bought.unserved_gbps)} after purchases."
        )


def _unserved(of: tuple[str, Sequence[State]]) -> list[float]:
    """What orders countries: without a path after purchases, before, and at once."""
    return [one.unserved_gbps for one in reversed(of[1])]


def _totals(of: Totals) -> Iterator[str]:
    if not of.figures:
        yield "No figure was published."
        return
    kinds = joined(
        f"{tally.within} of {counted(tally.compared, kind)}"
        for kind, tally in of.by_kind.items()
        if tally.compared
    )
    said = f"{of.compared} of {counted(of.figures, 'published figure')} can be compared."
    yield f"{said} Within the 90 % interval lie {kinds}." if kinds else said


def _certainty(of: Replay) -> str:
    steady = [one.steady for one in of.states if one.steady is not None]
    if not steady:
        return "no random traffic matrices were computed"
    return (
        f"whether traffic stays without a path is the same in at least {share(min(steady))} of "
        f"{of.samples} random traffic matrices"
    )


def _chart(of: Iterable[tuple[str, Comparison]]) -> Chart | None:
    figures = list(of)
    bars = [bar for name, one in figures if (bar := _bar(name, one)) is not None]
    if not bars:
        return None
    others = len(figures) - len(bars)
    rest = f"{others} more have no ratio: rises, or published zeros." if others else ""
    title = "Computed as a share of published"
    return Chart(title, "%", bars, "computed", "90 % interval", "published", rest=rest)


def _bar(name: str, of: Comparison) -> Bar | None:
    """A published value of zero, and a rise of round trips, have no ratio."""
    if of.published is None or of.computed is None or of.judged == "rise":
        return None
    middle = of.published.middle
    if not middle:
        return None
    ratio = 100 / middle
    interval = (of.interval.low * ratio, of.interval.high * ratio) if of.interval else None
    value = of.computed * ratio
    kind = "" if of.kind == "check" else f", {of.kind}"
    return Bar(
        f"{place_text(of.place)}: {MEASURES[of.measure]}",
        f"{name}{kind}",
        value,
        interval,
        100.0,
        text=f"{value:.0f} %",
    )


def _row(of: Comparison) -> list[Cell]:
    unit = f" {of.unit}" if of.unit else ""
    published = Cell(NO if of.published is None else f"{between(of.published)}{unit}")
    by_reaction = [Cell(number(of.by_reaction.get(one))) for one in ("none", "own", "bought")]
    tone = "down" if of.kind == "check" and of.verdict == "off" else ""
    verdict = Cell(
        verdict_text(of),
        f"interval {between(of.interval)}{unit}" if of.interval else "",
        tone,
    )
    what = Cell(f"{place_text(of.place)}: {MEASURES[of.measure]}", of.id)
    return [what, published, *by_reaction, verdict]


def _outage(of: Replay) -> list[Cell]:
    check = of.totals.checks
    cells = (str(of.totals.figures), str(check.compared), str(check.within))
    error = share(of.totals.median_error)
    return [Cell(of.title, of.id), Cell(of.begin[:10]), *map(Cell, cells), Cell(error)]


def _source(key: str, text: str) -> Source:
    """A source is its title, its addresses and its date; the first address is linked."""
    found = ADDRESS.search(text)
    if found is None:
        return Source(text, key)
    return Source(text[: found.start()].rstrip(", "), key, safe_address(found.group()))
