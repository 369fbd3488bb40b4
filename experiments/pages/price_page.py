"""The page of prices: of one policy set, or of several side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corridor.controller.explain.path_summary import Reference
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.run_files import Manifest
from corridor.experiments.answers.outcome import Outcome, outcome_of
from corridor.experiments.answers.paths_by_policy_set import (
    DemandPaths,
    PathsDocument,
    PathUnderSet,
)
from corridor.experiments.answers.price import DemandPrice, Row, SetPrice, Total
from corridor.experiments.answers.price_causes import BASES
from corridor.experiments.pages.claims import provenance_of
from corridor.experiments.pages.demands import Asked, Under
from corridor.experiments.pages.page import Page, Section, map_and_sources, section
from corridor.experiments.pages.stage import WITHOUT, stage_of
from corridor.experiments.pages.words import extra, ms, permit_word
from corridor.experiments.text.price_text import COSTS, Prices, causes_of, change
from corridor.topologies.base.words import between_ms, counted, few, is_longer, joined

TWICE = (
    "Each total is stated twice. Confident rules are legal texts that were read, and rules that "
    "the policy set states as its own. All rules include interpretations, our assumptions, and "
    "texts that were not read."
)
DRAWS = (
    "Intervals cover 90 % of the Monte Carlo samples of the map, which vary fibre lengths. They do "
    "not include missing cables or cables closed to a customer."
)
BY_ITSELF = (
    "Each set is priced separately. Data that it does not cover takes any path that the set does "
    "not forbid. That is not a statement about law."
)
CAVEATS = (TWICE, DRAWS, BY_ITSELF)


@dataclass(frozen=True)
class Caveats:
    title: str
    said: Sequence[str]
    readings: Sequence[tuple[str, str]]
    """By set, its readings that are not certain."""


def price_page(prices: Prices, paths: PathsDocument, manifest: Manifest | None) -> Page:
    """Of ``price.json`` and ``paths.json``."""
    demands, sets = of_prices(prices, paths), list(paths.sets)
    one = len(sets) == 1
    title = f"Cost of policy set {sets[0]}" if one else "Cost of policy sets, side by side"
    where = paths.map
    base = WITHOUT if prices.against == NO_POLICIES else f"Under {prices.against}"
    hubs, fibres = counted(len(where.hubs), "hub"), counted(len(where.fibres), "fibre")
    return Page(
        title=f"{title}: {prices.scenario}",
        about=(
            f"{joined(sets)} {compared_with(prices.against)}, as of {prices.as_of}, "
            f"{counted(len(demands), 'demand')} over {hubs} and {fibres}. Computed, not measured. "
            "Not legal advice."
        ),
        alarms=[],
        verdict=verdict_of(prices),
        stage=stage_of(where, demands, sets, lawful="shortest permitted path", base=base),
        sections=list(_sections(prices, paths, demands, manifest)),
        footer=f"Made by corridor from prices of scenario {prices.scenario}.",
    )


def _sections(
    prices: Prices, paths: PathsDocument, demands: Sequence[Asked], manifest: Manifest | None
) -> Iterator[Section]:
    yield section("sets", "sets", prices_of(prices))
    yield section("matrix", "matrix", matrix_of(demands, paths.sets))
    yield Section("clauses", "Each policy set, and remedies", "set_rows.html.j2", prices_of(prices))
    yield section("sure", "caveats", _caveats(prices))
    yield from map_and_sources(paths.map, demands)
    more = {
        "Scenario": prices.scenario,
        "Policies": f"{joined(paths.sets)}, {compared_with(prices.against)}, as of {prices.as_of}",
    }
    yield section("provenance", "provenance", provenance_of(None, manifest, more))


def _caveats(prices: Prices) -> Caveats:
    readings = [(one.policies, ", ".join(one.readings)) for one in prices.sets]
    return Caveats("Uncertainty", CAVEATS, readings)


# The demands of a price, under each of its sets, as pages show them. Pure.


def of_prices(prices: Prices, paths: PathsDocument) -> list[Asked]:
    """Of ``price.json`` and ``paths.json``, which have the same demands and sets in one order."""
    return [_asked(prices, number, path) for number, path in enumerate(paths.demands)]


def _asked(prices: Prices, number: int, paths: DemandPaths) -> Asked:
    priced = [one.demands[number] for one in prices.sets]
    reachable = paths.free is not None
    first = priced[0]
    return Asked(
        id=first.demand,
        data=first.data,
        src=first.src,
        dst=first.dst,
        free=paths.against,
        free_round_trip_ms=paths.round_trip_ms,
        under=[_under(one, path, reachable) for one, path in zip(priced, paths.sets, strict=True)],
    )


def _under(of: DemandPrice, paths: PathUnderSet, reachable: bool) -> Under:
    cost, certain = of.with_readings, of.by_certain_rules
    interval = of.certainty.interval if of.certainty else None
    kept = [one for one in of.causes if one.costs == "kept back"]
    return Under(
        state=_outcome(of, reachable),
        permit=permit_word(paths.permit),
        legal=paths.legal,
        path=paths.path if of.answered else None,
        round_trip_ms=of.round_trip_ms,
        extra_ms=cost.extra_ms,
        interval_ms=[interval.low_ms, interval.high_ms] if interval else None,
        certain_ms=certain.extra_ms,
        kept_by_certain_rules=certain.kept_back,
        why="; ".join(f"{one.policy}: {one.reason}" for one in kept) or paths.why,
        priced=of.causes,
        single_points=cost.lost,
    )


def _outcome(of: DemandPrice, reachable: bool) -> Outcome:
    """A demand that both sets block costs nothing next to the other set, and is blocked all the
    same; only one that no fibres join has no path."""
    unserved = "BLOCKED" if reachable else "DOWN"
    return outcome_of(
        "UP" if of.answered else unserved,
        is_checked=of.policies != NO_POLICIES,
        is_covered=not of.not_judged,
        extra_ms=of.with_readings.extra_ms,
    )


# What each policy set costs, and which demand goes where under which: a matrix.


@dataclass(frozen=True)
class Cell:
    state: Outcome
    text: str


@dataclass(frozen=True)
class Matrix:
    """Demands by sets."""

    title: str
    said: str
    sets: Sequence[str]
    rows: Sequence[tuple[int, Asked, Sequence[Cell]]]
    alike: str
    """Demands that no set touches, in a sentence."""


@dataclass(frozen=True)
class ClausePrice:
    name: str
    basis: str
    legal: Sequence[Reference]
    each: str


@dataclass(frozen=True)
class SetRow:
    """One class of data that pays."""

    data: str
    demands: int
    kept_back: int
    added: str
    interval: str
    lost: str
    losing: int
    narrower: int
    changes: Sequence[str]


@dataclass(frozen=True)
class PricedSet:
    number: int
    name: str
    certain: Total
    readings: Total
    interval: Sequence[float] | None
    not_judged: int
    rows: Sequence[SetRow]
    rest: str
    clauses: Sequence[ClausePrice]

    @property
    def is_costly(self) -> bool:
        return bool(self.rows)


@dataclass(frozen=True)
class SetPrices:
    title: str
    against: str
    sets: Sequence[PricedSet]


MOST_NAMES = 4


def matrix_of(demands: Sequence[Asked], sets: Sequence[str]) -> Matrix:
    rows = [
        (number, one, [_cell(under) for under in one.under])
        for number, one in enumerate(demands)
        if any(_is_affected(one, under) for under in one.under)
    ]
    alike = len(demands) - len(rows)
    said = (
        "RTT that a set adds, in ms. 0: no added RTT; no: blocked; n/c: served, not covered by the "
        "set; an arrow: lost protection."
    )
    others = counted(alike, "demand")
    rest = f"The other {others} have no added cost under any set." if alike else ""
    return Matrix("Demands under each policy set", said, sets, rows, rest)


def _is_affected(one: Asked, under: Under) -> bool:
    """Whether a set costs a demand something; not if the baseline leaves it no path either."""
    lost = under.is_kept_back and one.free is not None
    return lost or is_longer(under.extra_ms) or bool(under.single_points)


def _cell(of: Under) -> Cell:
    if of.is_kept_back:
        return Cell(of.state, "no")
    text = "n/c" if of.state is Outcome.NOT_COVERED else extra(of.extra_ms)
    if of.state is Outcome.NOT_COVERED and of.is_costly:
        text = f"{extra(of.extra_ms)} n/c"
    return Cell(of.state, f"{text} ↓" if of.single_points else text)


def prices_of(prices: Prices) -> SetPrices:
    found = [_set(number, one) for number, one in enumerate(prices.sets)]
    return SetPrices("Cost of each policy set", baseline(prices.against), found)


def compared_with(against: str) -> str:
    return f"compared with {baseline(against)}"


def baseline(against: str) -> str:
    return "no policies" if against == NO_POLICIES else against


def _set(number: int, of: SetPrice) -> PricedSet:
    paying = [row for row in of.rows if row.is_costly]
    free = len(of.rows) - len(paying)
    sure = of.certainty
    return PricedSet(
        number=number,
        name=of.policies,
        certain=of.by_certain_rules,
        readings=of.with_readings,
        interval=[sure.interval.low_ms, sure.interval.high_ms] if sure else None,
        not_judged=of.not_judged,
        rows=[_row(row) for row in paying],
        rest=f"{counted(free, 'data class')} have no cost, or are not covered." if free else "",
        clauses=list(_clauses(of)),
    )


def _row(of: Row) -> SetRow:
    sure = [one for one in of.certainty if one]
    most = max(sure, key=lambda one: one.interval.high_ms, default=None)
    interval = [most.interval.low_ms, most.interval.high_ms] if most else None
    return SetRow(
        data=of.data,
        demands=of.demands,
        kept_back=of.kept_back,
        added=_added(of.extra_ms),
        interval=" to ".join(ms(one) for one in interval) if interval and any(interval) else "",
        lost=few(of.lost, MOST_NAMES),
        losing=of.losing,
        narrower=of.narrower,
        changes=list(map(change, of.changes)),
    )


def _added(each: Sequence[float]) -> str:
    if not each:
        return "all blocked"
    if len(each) == 1:
        return extra(each[0])
    ordered = sorted(each)
    if not is_longer(ordered[-1]):
        return "0"
    return f"{extra(ordered[len(ordered) // 2])} median, {extra(ordered[-1])} maximum"


def _clauses(of: SetPrice) -> Iterator[ClausePrice]:
    """Each that costs something, with its basis and of how many demands."""
    for cause, counts in causes_of(of):
        each = joined(f"{counted(many, 'demand')} {COSTS[costs]}" for costs, many in counts.items())
        name = f"{cause.policy} {cause.clause}"
        yield ClausePrice(name, BASES[cause.basis], cause.legal, each)


def verdict_of(prices: Prices) -> list[str]:
    """Return the answer in at most five sentences."""
    sets = prices.sets
    demands = len(sets[0].demands)
    costly = [one for one in sets if any(row.is_costly for row in one.rows)]
    on = f"{counted(demands, 'demand')} of {prices.scenario} as of {prices.as_of}"
    held = compared_with(prices.against)
    adds = f"{len(costly)} {'adds' if len(costly) == 1 else 'add'} a cost"
    said = [f"{counted(len(sets), 'policy set')} on {on}, {held}: {adds}."]
    dearest = max(sets, key=lambda one: one.with_readings.extra_ms)
    if is_longer(dearest.with_readings.extra_ms):
        said.append(_dearest(dearest))
        said.append(_worst(sets))
    strictest = max(sets, key=lambda one: one.with_readings.kept_back)
    kept, sure = strictest.with_readings.kept_back, strictest.by_certain_rules.kept_back
    if kept:
        said.append(
            f"Strictest: {strictest.policies} blocks {kept} of {counted(demands, 'demand')}; "
            f"confident rules alone block {sure}."
        )
    losing = [one for one in sets if one.with_readings.losing]
    if losing:
        names = joined(f"{one.policies} ({one.with_readings.losing})" for one in losing)
        said.append(f"Policy sets under which demands lost a backup path: {names}.")
    return said


def _dearest(of: SetPrice) -> str:
    total, certain = of.with_readings, of.by_certain_rules
    return (
        f"Highest total: {of.policies} adds {ms(total.extra_ms)} ms RTT{_samples(of)} over "
        f"{total.delayed} of {counted(total.both, 'demand')}; confident rules alone add "
        f"{ms(certain.extra_ms)} ms."
    )


def _worst(sets: Sequence[SetPrice]) -> str:
    of = max(
        (one for each in sets for one in each.demands),
        key=lambda one: one.with_readings.extra_ms or 0.0,
    )
    causes = [one for one in of.causes if one.costs == "delay"]
    by = f", because of {causes[0].policy} ({BASES[causes[0].basis]})" if causes else ""
    return (
        f"Highest for one demand: {extra(of.with_readings.extra_ms)} ms RTT{_samples(of)}, "
        f"{of.demand} under {of.policies}{by}."
    )


def _samples(of: DemandPrice | SetPrice) -> str:
    """The middle and the 90 % interval of a price over the Monte Carlo samples of the map."""
    sure = of.certainty
    if not sure:
        return ""
    interval = sure.interval
    bounds = between_ms(interval.low_ms, interval.high_ms)
    return f" (Monte Carlo samples: median {ms(interval.median_ms)} ms, 90 % interval {bounds})"
