"""The page of prices: of one policy set, or of several side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.ways_of_sets import WaysDocument
from corridor.experiments.pages.demands import Asked, Json
from corridor.experiments.pages.model import WITHOUT
from corridor.experiments.pages.page import Page, Section
from corridor.experiments.pages.price_demands import of_prices
from corridor.experiments.pages.provenance import provenance_of
from corridor.experiments.pages.sections import map_and_sources, section
from corridor.experiments.pages.set_prices import beside, matrix_of, prices_of, verdict_of
from corridor.experiments.pages.stage import stage_of
from corridor.experiments.text.price_text import Prices
from corridor.topologies.base.words import counted, joined

TWICE = (
    "Each total is stated twice. Confident rules are legal texts that were read, and rules that "
    "the policy set states as its own. All rules include interpretations, assumptions of ours, and "
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


def price_page(prices: Prices, ways: WaysDocument, manifest: Json | None) -> Page:
    """Of ``price.json`` and ``ways.json``."""
    demands, sets = of_prices(prices, ways), list(ways.sets)
    one = len(sets) == 1
    title = f"Cost of policy set {sets[0]}" if one else "Cost of policy sets, side by side"
    where = ways.map
    base = WITHOUT if prices.against == NO_POLICIES else f"Under {prices.against}"
    hubs, fibres = counted(len(where.hubs), "hub"), counted(len(where.fibres), "fibre")
    return Page(
        title=f"{title}: {prices.scenario}",
        about=(
            f"{joined(sets)} beside {beside(prices.against)}, as of {prices.as_of}, "
            f"{counted(len(demands), 'demand')} over {hubs} and {fibres}. Computed, not measured. "
            "Not legal advice."
        ),
        alarms=[],
        verdict=verdict_of(prices),
        stage=stage_of(where, demands, sets, lawful="shortest permitted path", base=base),
        sections=list(_sections(prices, ways, demands, manifest)),
        footer=f"Made by corridor from prices of scenario {prices.scenario}.",
    )


def _sections(
    prices: Prices, ways: WaysDocument, demands: Sequence[Asked], manifest: Json | None
) -> Iterator[Section]:
    yield section("sets", "sets", prices_of(prices))
    yield section("matrix", "matrix", matrix_of(demands, ways.sets))
    yield Section("clauses", "Each policy set, and remedies", "set_rows.html.j2", prices_of(prices))
    yield section("sure", "caveats", _caveats(prices))
    yield from map_and_sources(ways.map, demands)
    more = {
        "Scenario": prices.scenario,
        "Policies": f"{joined(ways.sets)}, beside {prices.against}, as of {prices.as_of}",
    }
    yield section("provenance", "provenance", provenance_of(None, manifest, more))


def _caveats(prices: Prices) -> Caveats:
    readings = [(one.policies, ", ".join(one.readings)) for one in prices.sets]
    return Caveats("Uncertainty", CAVEATS, readings)
