"""Parts of a map that fail independently, and the rates behind them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corridor.topologies.analysis.failing_parts import FailureModel, failure_model
from corridor.topologies.analysis.failure_rates import (
    DAYS_OF_YEAR,
    FILE,
    Bounds,
    Draws,
    Rate,
    Systems,
    read_failure_rates,
)
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology

SAMPLES = 4000
SEA = "value: 0.38, low: 0.16, high: 0.79"
PAGE = Path(__file__).resolve().parents[4] / "docs" / "availability.md"


@pytest.fixture(scope="module")
def model() -> FailureModel:
    return failure_model(load_topology("pan-asia"), read_failure_rates(), samples=200, seed=1)


def test_fibres_of_a_system_share_the_segments_that_both_pass(model):
    segments = {one.id: one for one in model.parts if one.kind == "wet"}
    trunk = segments["aae-1:malacca-north..cape-comorin-off"]
    assert set(trunk.fibres) == {
        *("aae-1-satun-mumbai", "aae-1-satun-karachi", "aae-1-satun-fujairah"),
        "aae-1-satun-jeddah",
    }
    spur = segments["aae-1:malacca-north..ngwesaung"]
    assert spur.fibres == ("aae-1-satun-ngwesaung",)
    assert len(segments) == len([one for one in model.parts if one.kind == "wet"])


def test_segments_of_a_fibre_add_up_to_its_length(model):
    for fibre in model.topology.fibres:
        own = [one for one in model.parts if one.length_km and fibre.id in one.fibres]
        if all(len(one.fibres) == 1 for one in own):
            assert sum(one.length_km for one in own) == pytest.approx(fibre.length_km)


def test_each_fibre_has_a_part_and_land_is_its_own_span(model):
    for fibre in model.topology.fibres:
        own = [one for one in model.parts if one.length_km and fibre.id in one.fibres]
        assert own
        assert (fibre.medium == "submarine") == (own[0].kind == "wet")


def test_an_event_hits_each_system_of_its_group_by_itself(model):
    numbers = {one.id: at for at, one in enumerate(model.parts)}
    hits = model.events[numbers["southern-red-sea"]]
    assert {model.parts[one].id for one in hits} == {
        f"southern-red-sea:{system}" for system in ("aae-1", "smw4", "peace", "eig", "imewe")
    }
    assert numbers["karakoram"] not in model.events


def test_repair_in_the_strait_of_malacca_takes_longer_than_in_the_open_sea(model):
    by_place = {one.place: one.repair_days.mean() for one in model.parts if one.kind == "wet"}
    assert by_place["malacca"] > 30 > by_place["other-sea"]
    assert by_place["egypt-by-land"] < 1


def test_climates_change_the_count_and_the_repair():
    topology, rates = load_topology("pan-asia"), read_failure_rates()
    by_climate = {
        climate: {
            one.id: one
            for one in failure_model(
                topology, rates, climate=climate, samples=SAMPLES, seed=1
            ).parts
        }
        for climate in ("record", "peace", "as-2024-2026")
    }
    rate = {name: parts["southern-red-sea"] for name, parts in by_climate.items()}
    assert rate["peace"].basis == "0 in 18 years"
    assert rate["record"].failures_a_year.mean() == pytest.approx(2.5 / 20.9, rel=0.05)
    assert rate["as-2024-2026"].failures_a_year.mean() == pytest.approx(2.5 / 2.9, rel=0.05)
    assert rate["as-2024-2026"].repair_days.mean() > 2 * rate["peace"].repair_days.mean()
    assert by_climate["peace"]["luzon-strait"].basis == "2 in 20.9 years"


def test_samples_follow_the_posterior_of_the_count():
    draws = Draws(1, SAMPLES)
    counted = Rate(events=10, thousand_km_years=70)
    assert draws.rate(counted).mean() == pytest.approx(10.5 / 70, rel=0.03)
    stated = Rate(value=1.7, low=0.85, high=3.4)
    low, middle, high = np.percentile(draws.rate(stated), [5, 50, 95])
    assert (low, middle, high) == pytest.approx((0.85, 1.7, 3.4), rel=0.06)
    uneven = Rate(value=2, low=1, high=10)
    low, middle, high = np.percentile(draws.rate(uneven), [5, 50, 95])
    assert (low, middle, high) == pytest.approx((1, 2, 10), rel=0.06)
    share = draws.share("c", Systems(cut=7, of=30))
    assert share.mean() == pytest.approx(7.5 / 31, rel=0.03)


def test_routes_that_differ_keep_the_published_rate_as_their_mean():
    rates = read_failure_rates()
    found = failure_model(load_topology("mini"), rates, samples=SAMPLES, seed=1)
    land = next(one.rate for one in rates.places if one.id == "land")
    published = Draws(1, SAMPLES).rate(land).mean()
    spans = [one for one in found.parts if one.kind == "land"]
    per_km = [(one.failures_a_year / one.length_km * 1000).mean() for one in spans]
    assert np.mean(per_km) == pytest.approx(published, rel=0.02)
    factor = Draws(1, SAMPLES).factor("a route", 0.5, 2)
    low, high = np.percentile(factor, [5, 95])
    assert high / low == pytest.approx(4, rel=0.06)


def test_repairs_of_the_record_are_those_of_peace_and_war_by_their_length():
    repair = {one.id: one.repair for one in read_failure_rates().places}
    for place, parts in {
        "red-sea": (("peace", 18.0), ("as-2024-2026", 2.9)),
        "gulf": (("record", 26.0), ("hormuz", 9.0)),
    }.items():
        of = repair[place]
        bounds = {name: of.in_climate(name) for name in ("record", "peace", "as-2024-2026")}
        closed = Bounds(low=90, high=365)
        known = [(closed if name == "hormuz" else bounds[name], long) for name, long in parts]
        whole = bounds["record" if place == "red-sea" else "as-2024-2026"]
        for end in ("low", "high"):
            mean = sum(getattr(one, end) * long for one, long in known) / sum(
                long for _, long in known
            )
            assert getattr(whole, end) == pytest.approx(mean, abs=0.5)


def test_equal_figures_are_one_uncertainty_and_names_decide_samples():
    draws = Draws(1, 5)
    counted = Rate(events=10, thousand_km_years=70)
    stated = Rate(value=2, low=1, high=3)
    for one in (counted, stated):
        assert (draws.rate(one) == draws.rate(one.model_copy(update={"note": "other"}))).all()
    assert (draws.between("a", 1, 2) != draws.between("b", 1, 2)).all()
    assert (draws.between("a", 1, 2) == Draws(1, 5).between("a", 1, 2)).all()


def test_a_part_is_down_for_its_share_of_working_and_repair(model):
    one = model.parts[0]
    down = one.failures_a_year * one.repair_days / DAYS_OF_YEAR
    assert one.unavailable == pytest.approx(down / (1 + down))


def test_every_shipped_figure_has_a_source():
    rates = read_failure_rates()
    for place in rates.places:
        assert place.rate.source
        assert place.repair.source
    for cause in rates.causes:
        assert cause.source
        assert cause.repair.source
    figures = [one.rate for one in rates.places]
    repairs = [one.repair for one in rates.places]
    every = [*figures, *repairs, *(within for one in repairs for within in one.within.values())]
    every += [of for one in rates.causes for of in (one, one.repair)]
    every += [of for one in rates.repair_ships for of in (one, one.days)]
    every += rates.repair_times
    used = {name for one in every for name in one.source}
    assert used == set(rates.sources)


def test_the_mean_of_all_seas_leaves_out_the_cuts_of_causes():
    rates = read_failure_rates()
    world = next(one.rate for one in rates.places if one.id == "other-sea")
    at_sea = [one for one in rates.causes if one.systems is not None]
    (years,) = {one.years for one in at_sea}
    cuts = sum(one.systems.cut for one in at_sea if one.systems is not None) / years
    published = [(faults - cuts) / 1700 for faults in (150, 175, 200)]
    assert [world.low, world.value, world.high] == pytest.approx(published, abs=1e-4)
    assert cuts == pytest.approx(1.4, abs=0.05)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("source: [icpc25]", "source: [icpc]", 'no source is called "icpc"'),
        ("points: [malacca-mid]", "points: [malaca-mid]", 'no waypoint or hub is called "malaca'),
        ("peace: {low:", "piece: {low:", 'no climate is called "piece"'),
        ("value: 0.38, ", "", "a rate has events and thousand_km_years, or value, low and high"),
        ("low: 36\n", "low: 360\n", "low is at most high"),
        ("- id: land\n", "- id: land\n  points: [suez]\n", "no place matches all terrestrial"),
        ("systems: {cut: 7, of: 30}", "systems: {cut: 31, of: 30}", "no more systems are cut"),
        (SEA, "events: 10, thousand_km_years: 0.001", "are more than 1,000 a year: check"),
        (SEA, "events: 10000000, thousand_km_years: 70", "must be at most 1000000"),
        ("value: 1.7, low: 0.85, high: 3.4", "value: 1.7, low: 0.85, high: 1e9", "at most 1000"),
        ("high: 57\n", "high: 5700\n", "must be at most 3653"),
        ("low: 0.5, high: 2,", "low: 0.5, high: 1e12,", "must be at most 100"),
        ("peace: {events: 4, years: 18}", "peace: {events: 4, years: 0.001}", "more than 1,000"),
    ],
)
def test_a_wrong_file_of_rates_is_one_line(tmp_path: Path, old: str, new: str, said: str):
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "rates.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=r"rates\.yaml") as caught:
        read_failure_rates(file)
    assert said in str(caught.value)


def available(model: FailureModel, *fibres: str) -> str:
    """How often all of some fibres are up, as the page of availability states it."""
    hits = {hit for of in model.events.values() for hit in of}
    up = np.ones(model.unavailable.shape[1])

    def down(part: int) -> Any:
        hit = not {*model.parts[part].fibres}.isdisjoint(fibres)
        return model.parts[part].unavailable * hit

    for part in range(len(model.parts)):
        if part in model.events:
            spared = np.prod([1 - down(hit) for hit in model.events[part]], axis=0)
            up *= 1 - model.parts[part].unavailable * (1 - spared)
        elif part not in hits:
            up *= 1 - down(part)
    low, high = np.percentile(up, [5, 95])
    return f"{up.mean():.2f} ({low:.2f} to {high:.2f})"


def test_the_page_has_what_is_computed_next_to_published_figures():
    rates, topology = read_failure_rates(), load_topology("pan-asia")
    found = failure_model(topology, rates, samples=5000, seed=1)
    fibre = next(one for one in topology.fibres if one.id == "smw5-karachi-fujairah")
    alone = topology.model_copy(update={"fibres": (fibre.model_copy(update={"length_km": 20e3}),)})
    open_sea = [one for one in rates.places if one.is_rest]
    long = failure_model(
        alone, rates.model_copy(update={"places": tuple(open_sea)}), samples=5000, seed=1
    )
    computed = {
        "AAE-1 from Karachi westward": available(
            found, "aae-1-karachi-jeddah", "aae-1-jeddah-marseille"
        ),
        "SMW5 from Karachi to Singapore": available(found, "smw5-singapore-karachi"),
        "a cable of 20,000 km": available(long, fibre.id),
    }
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    for what, value in computed.items():
        (row,) = (one for one in rows if one.startswith(f"| {what}"))
        assert row.endswith(f" {value} |")


def test_limitations_count_the_fibres_whose_routes_are_unsure():
    fibres = load_topology("pan-asia").fibres
    unsure = sum(one.confidence == "unsure" for one in fibres)
    said = " ".join(PAGE.with_name("limitations.md").read_text(encoding="utf-8").split())
    assert f"Of the {len(fibres)} fibres of `pan-asia`" in said
    assert f" {unsure} fibres are marked `unsure`" in said
