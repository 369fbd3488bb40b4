"""Emissions of a season: derived where the grid exports, refused elsewhere."""

from __future__ import annotations

import pytest

from corridor.experiments.commands import place
from corridor.topologies.base.errors import InputError
from corridor.topologies.energy.energy_file import EnergyFile, read_energy
from corridor.topologies.energy.figures import Shape
from corridor.topologies.energy.seasons import SEASONS, check_season, countings_in, times_of

EXPORTERS = {"CN-SC", "CN-YN", "CN-GZ", "CN-GS", "CN-NX", "CN-NM", "CN-SN", "CN-HB", "CN-XJ"}
MONTHS = ("01-02", *(f"{number:02}" for number in range(3, 12)))


@pytest.fixture(scope="module")
def shipped() -> EnergyFile:
    return read_energy()


def shape_of(**changed: float) -> Shape:
    """All months 1, but for those that are given by number (``m07=0.5``)."""
    months = {one: changed.get(f"m{one[:2]}", 1.0) for one in MONTHS}
    low = {one: value / 2 for one, value in months.items()}
    high = {one: value * 2 for one, value in months.items()}
    return Shape(
        what="thermal-share", months=months, low=low, high=high, years="2023", source=["crea"]
    )


def test_january_and_february_count_as_two_months():
    shape = shape_of(m01=2.0, m03=1.5, m04=0.5)
    assert times_of(shape, "dry") == pytest.approx((0.75, 1.5, 3.0))
    assert times_of(shape, "jan") == times_of(shape, "feb") == pytest.approx((1.0, 2.0, 4.0))


def test_a_month_that_is_missing_has_no_factor():
    assert times_of(shape_of(), "dec") is None


def test_a_shape_without_bounds_has_its_values_as_bounds():
    bare = shape_of().model_copy(update={"low": {}, "high": {}})
    assert times_of(bare, "wet") == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("season", ["wet", "dry", "mar"])
def test_grids_that_export_have_factors_and_all_others_say_why_not(shipped, season):
    for hub in shipped.hubs:
        location = next(
            one for one in countings_in(hub, shipped, season) if one.count == "location"
        )
        assert location.is_known == (hub.grid in EXPORTERS), hub.id
        if not location.is_known:
            assert "imported" in location.how or "month" in location.how, hub.id


def test_bounds_are_those_of_single_years_times_those_of_the_year(shipped):
    hub = shipped.hub_of["tianfu"]
    year = countings_in(hub, shipped, "")[0]
    dry = countings_in(hub, shipped, "dry")[0]
    shape = next(one for one in shipped.grid_of[hub.grid].shapes if one.what == "thermal-share")
    low, value, high = times_of(shape, "dry")
    assert dry.value == pytest.approx(year.value * value)
    assert (dry.low, dry.high) == pytest.approx((year.low * low, year.high * high))
    assert set(shape.source) <= set(dry.source)


def test_sichuan_varies_three_times_over_the_year(shipped):
    shapes = {one.what: one for one in shipped.grid_of["CN-SC"].shapes}
    months = shapes["thermal-share"].months
    assert max(months.values()) / min(months.values()) == pytest.approx(3.0, abs=0.2)
    assert shapes["hydro"].wet_to_dry[1] == pytest.approx(2.0, abs=0.1)


def test_residual_factors_have_no_season_and_marginal_bounds_are_those_of_any_hour(shipped):
    hub = shipped.hub_of["horinger"]
    year, dry = ({one.count: one for one in countings_in(hub, shipped, at)} for at in ("", "dry"))
    assert year["market"].is_known
    assert not dry["market"].is_known
    assert dry["marginal"] == year["marginal"]


def test_the_mean_of_a_shape_is_one_to_a_tenth(shipped):
    """Values are weighted by consumption, so plain means differ a little."""
    for grid in shipped.grids:
        for shape in grid.shapes:
            if shape.what == "thermal-share":
                months = list(range(1, 12))
                key = {1: "01-02", 2: "01-02", **{n: f"{n:02}" for n in range(3, 12)}}
                mean = sum(shape.months[key[one]] for one in months) / len(months)
                assert mean == pytest.approx(1, abs=0.05), grid.id


def test_the_command_offers_all_seasons():
    assert tuple(SEASONS) == place.SEASONS


def test_an_unknown_season_is_refused_with_the_nearest():
    with pytest.raises(InputError, match='no season is called "wett"') as refusal:
        check_season("wett")
    assert "wet" in refusal.value.hint
    for season in ("", *SEASONS):
        check_season(season)


@pytest.mark.parametrize(
    ("low", "said"), [({"07": 0.5}, "same months"), (dict.fromkeys(MONTHS, 3.0), "in this order")]
)
def test_bounds_of_a_shape_enclose_its_values(low, said):
    whole = shape_of()
    with pytest.raises(ValueError, match=said):
        Shape(**{**whole.model_dump(), "low": low})
