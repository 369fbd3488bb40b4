"""The page of prices: of one policy set, or of several side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.run_files import Manifest
from corridor.experiments.answers.outcome import Outcome, outcome_of
from corridor.experiments.answers.paths_by_policy_set import (
    DemandPaths,
    PathsDocument,
    PathUnderSet,
)
from corridor.experiments.answers.price import DemandPrice
from corridor.experiments.pages.demands import Asked, Under
from corridor.experiments.pages.model import WITHOUT
from corridor.experiments.pages.page import Page, Section
from corridor.experiments.pages.sections import map_and_sources, section
from corridor.experiments.pages.set_prices import compared_with, matrix_of, prices_of, verdict_of
from corridor.experiments.pages.sources import provenance_of
from corridor.experiments.pages.stage import stage_of
from corridor.experiments.pages.words import permit_word
from corridor.experiments.text.price_text import Prices
from corridor.topologies.base.words import counted, joined

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
    """Of ``price.json`` and ``ways.json``."""
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
    """Of ``price.json`` and ``ways.json``, which have the same demands and sets in one order."""
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
        path=paths.way if of.answered else None,
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
