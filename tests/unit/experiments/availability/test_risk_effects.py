"""What the register of risks states besides minutes: Internet traffic and the law of detours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import corridor
from corridor.experiments.availability.risk_effects import RiskEffects
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.risks_text import by_traffic, told
from corridor.topologies.analysis.failing_parts import FailureModel, failure_model
from corridor.topologies.analysis.failure_rates import read_failure_rates

DEMANDS = ("infer-karachi-jeddah", "backup-jeddah-shenzhen", "science-gwadar-lanzhou")


@pytest.fixture(scope="module")
def loaded():
    return load_scenario("sovereignty")


@pytest.fixture(scope="module")
def model(loaded) -> FailureModel:
    return failure_model(loaded.topology, read_failure_rates(), samples=50, seed=1)


@pytest.fixture(scope="module")
def effects(loaded, model) -> RiskEffects:
    return RiskEffects(loaded, model, DEMANDS)


def number(model: FailureModel, name: str) -> int:
    return [one.id for one in model.parts].index(name)


def test_traffic_of_a_segment_is_that_of_a_cut_of_its_fibres(loaded, model, effects):
    part = number(model, "aae-1:arabian-sea-north..karachi")
    (found,) = effects.traffic(part)
    cut = corridor.cut(*model.parts[part].fibres, scenario="sovereignty")
    (country,) = cut.internet.countries
    assert found.country == country.country == "PK"
    assert found.at_once_gbps == pytest.approx(country.shortfall("none").value)
    assert found.own_gbps == pytest.approx(country.shortfall("own").value)
    assert found.bought_gbps == pytest.approx(country.shortfall("bought").value)
    days = model.parts[part].repair_days
    lost = found.own_gbps * np.minimum(days, 1) + found.bought_gbps * np.maximum(days - 1, 0)
    of = model.parts[part]
    failures = of.unavailable * 365.25 / days  # fewer than the rate: none occurs during a repair
    hours = (failures * lost * 24 / 1000).mean()
    assert found.tbit_hours_a_year.mean == pytest.approx(hours)


def test_an_event_that_hits_some_systems_loses_less_than_a_cut_of_all(model, effects):
    part = number(model, "southern-red-sea")
    mean = next(one for one in effects.traffic(part) if one.country == "PK")
    every = corridor.cut(*model.parts[part].fibres, scenario="sovereignty").internet.countries[0]
    assert 0 < mean.at_once_gbps < 0.5 * every.shortfall("none").value
    assert mean.bought_gbps <= mean.own_gbps <= mean.at_once_gbps


def test_detours_are_those_of_a_cut(model, effects):
    part = number(model, "southern-red-sea")
    found = effects.detours(part)
    hits = corridor.cut(*model.parts[part].fibres, scenario="sovereignty").hit
    met = {code for one in hits for code in one.adds if one.demand in DEMANDS}
    assert found.moved == 2
    assert found.stranded == 0
    assert {"AE"} <= set(found.jurisdictions) & met


def test_the_only_fibre_of_a_demand_strands_it(model, effects):
    found = effects.detours(number(model, "karachi-gwadar"))
    assert found.stranded == 1


def test_the_register_lists_traffic_and_detours(model, effects):
    found = corridor.risks("mini", samples=20)
    assert all(not one.traffic for one in found.risks), "its map has no Internet traffic"
    assert "Internet traffic" not in told(found)
    first, second = found.risks[:2]
    parts = ("imewe:karachi..19.7N65.2E", "southern-red-sea")
    some = [effects.traffic(number(model, name)) for name in parts]
    ranked = replace(
        found, risks=(replace(first, traffic=some[0]), replace(second, traffic=some[1]))
    )
    text = told(ranked)
    assert "Internet traffic without a path" in text
    assert "detours meet" in text
    hours = [lost.tbit_hours_a_year.mean for _, lost in by_traffic(ranked)]
    assert len(hours) == 2
    assert hours == sorted(hours, reverse=True)


def test_a_closed_strait_of_hormuz_lengthens_repairs_in_the_gulf_only(loaded):
    rates = read_failure_rates()
    war, closed = (
        failure_model(loaded.topology, rates, climate=one, samples=50, seed=1)
        for one in ("as-2024-2026", "hormuz-closed")
    )
    longer = {
        b.place
        for a, b in zip(war.parts, closed.parts, strict=True)
        if b.repair_days.mean() > 1.01 * a.repair_days.mean()
    }
    assert longer == {"gulf"}
