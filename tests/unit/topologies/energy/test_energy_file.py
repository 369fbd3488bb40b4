"""Energy figures: the shipped file is complete, and mistakes of a file are named by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corridor.topologies.base.errors import InputError
from corridor.topologies.energy.countings import countings
from corridor.topologies.energy.energy_file import FILE, EnergyFile, read_energy

HEAD = """schema: 1
compiled: 2026-12-01
sources:
  mee: {title: "Factors", date: "2025"}
grids:
- id: CN
  name: China
hubs:
- id: guian
  grid: CN
  figures:
"""
SHAPE = (
    "{what: wind, years: '2024', source: [mee], months: {'01-02': 1, '03': 1, '04': 1, '05': 1, "
    "'06': 1, '07': 1, '08': 1, '09': 1, '10': 1, '13': 1}}"
)
LOST = "{what: wind, source: [mee], shares: {'2024': 0.1}, worst_month: never, worst: 0.2}"
GOOD = "{what: pue, value: 1.2, unit: ratio, basis: reported, source: [mee], date: '2025'}"


@pytest.fixture(scope="module")
def shipped() -> EnergyFile:
    return read_energy()


def figures(shipped: EnergyFile):
    return [(one.id, figure) for one in (*shipped.grids, *shipped.hubs) for figure in one.figures]


def test_every_known_figure_has_a_basis_a_source_and_a_date(shipped):
    for where, one in figures(shipped):
        if one.is_known:
            assert one.basis, where
            assert one.source or one.basis == "assumed", where
            assert one.date, where


def test_every_source_is_used_and_none_is_from_memory(shipped):
    parts = [one for grid in shipped.grids for one in (*grid.shapes, *grid.curtailment)]
    effects = [one for drought in shipped.droughts for one in drought.effects]
    of = [*(figure for _, figure in figures(shipped)), *parts, *effects, *shipped.refused]
    assert {key for one in of for key in one.source} == set(shipped.sources)
    assert "memory:" not in FILE.read_text(encoding="utf-8")


def test_chinese_factors_are_direct_and_no_grid_states_a_life_cycle_residual(shipped):
    for grid in shipped.grids:
        if grid.id.startswith("CN"):
            assert {one.boundary for one in grid.figures} == {"direct"}
        else:
            assert grid.known("residual", boundary="direct") is None


def test_the_interval_of_a_provincial_factor_has_the_published_values_of_three_years(shipped):
    provinces = [one for one in shipped.grids if one.parent == "CN"]
    assert len(provinces) == 19
    for grid in provinces:
        (figure,) = grid.all_of("location")
        found = re.match(r"([0-9.]+) in 2021, ([0-9.]+) in 2022; ", figure.note)
        assert found is not None, grid.id
        larger = max(abs(float(one) - figure.value) for one in found.groups())
        assert (figure.low, figure.high) == pytest.approx(
            (figure.value - larger, figure.value + larger)
        ), grid.id


def test_no_direct_factor_that_a_placement_may_use_lacks_an_interval(shipped):
    for grid in shipped.grids:
        figure = grid.known("location", boundary="direct")
        if figure is not None:
            assert None not in (figure.value, figure.low, figure.high), grid.id
            assert figure.low < figure.high, grid.id


def test_a_part_of_a_hub_is_not_the_hub(shipped):
    zhongwei = shipped.hub_of["zhongwei"]
    assert zhongwei.known("pue") is None
    part = zhongwei.known("pue", scope="part")
    assert part is not None
    assert part.value == 1.15


def test_market_based_emissions_rest_on_the_residual_and_not_on_the_average(shipped):
    horinger, zhangjiakou = (shipped.hub_of[one] for one in ("horinger", "zhangjiakou"))
    market = {one.count: one for one in countings(horinger, shipped.grid_of)}["market"]
    assert market.value == pytest.approx((1 - 0.8457) * 609.6)
    market = {one.count: one for one in countings(zhangjiakou, shipped.grid_of)}["market"]
    assert market.value == pytest.approx((1 - 0.309) * 609.6)
    assert market.low == pytest.approx((1 - 0.333) * 585.6)
    assert market.high == pytest.approx((1 - 0.300) * 609.6)


def test_what_is_not_published_has_bounds_or_nothing(shipped):
    by_count = {one.count: one for one in countings(shipped.hub_of["guian"], shipped.grid_of)}
    assert (by_count["market"].low, by_count["market"].value) == (0.0, None)
    assert by_count["market"].high == pytest.approx(609.6)
    assert (by_count["marginal"].low, by_count["marginal"].high) == (0.0, 842.6)
    abroad = countings(shipped.hub_of["riyadh"], shipped.grid_of)
    assert [one.boundary for one in abroad if one.count == "location"] == ["direct", "life-cycle"]
    assert [one.is_known for one in abroad if one.count != "location"] == [False, False]


def test_a_good_file_is_read(tmp_path: Path):
    assert written(tmp_path, GOOD).hubs[0].known("pue").value == 1.2


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (GOOD.replace("1.2", "0.9"), "a PUE is 1 or more"),
        (GOOD.replace("ratio", "MW"), "the unit of pue is ratio, not MW"),
        (GOOD.replace("value: 1.2", "value: 1.2, low: 1.3"), "in this order"),
        (GOOD.replace(", basis: reported", ""), "needs a basis, a source and a date"),
        (GOOD.replace("[mee]", "[moe]"), 'no source is called "moe"'),
        (GOOD.replace("value: 1.2", "value: null"), "needs a note"),
        (GOOD.replace("what: pue", "what: pua"), "pua"),
        (GOOD.replace("what: pue", "what: green-share"), "a share from 0 to 1"),
        (GOOD.replace("date", "boundary: direct, date"), "nothing else, has a boundary"),
        (
            GOOD.replace("what: pue", "what: location").replace("ratio", "g/kWh"),
            "has a boundary",
        ),
        (GOOD.replace("what: pue", "what: price").replace("ratio", "CNY"), "such as CNY/kWh"),
        (
            GOOD.replace("pue, value: 1.2", "location, value: 5.0e+9, boundary: direct").replace(
                "ratio", "g/kWh"
            ),
            "location is at most 3,000 g/kWh",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, figure: str, said: str):
    with pytest.raises(InputError) as caught:
        written(tmp_path, figure)
    assert said in str(caught.value)
    assert ":12" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: guian", "id: guain", 'no hub is called "guain"; did you mean "guian"'),
        ("  grid: CN\n", "  grid: US\n", 'no grid is called "US"'),
        ("  name: China\n", "  name: China\n  parent: CN\n", "CN cannot be its own parent"),
        ("  name: China\n", f"  name: China\n  shapes:\n  - {SHAPE}\n", '"13" is not a month'),
        ("  name: China\n", f"  name: China\n  curtailment:\n  - {LOST}\n", '"never" is not a'),
        ("hubs:\n", "hubs:\n- {id: guian, grid: CN}\n", '"guian" is listed twice'),
    ],
)
def test_names_of_hubs_and_grids_are_checked(tmp_path: Path, old: str, new: str, said: str):
    path = tmp_path / "energy.yaml"
    path.write_text(HEAD.replace(old, new) + f"  - {GOOD}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"energy\.yaml:") as caught:
        read_energy(path)
    assert said in str(caught.value)


def written(tmp_path: Path, figure: str) -> EnergyFile:
    path = tmp_path / "energy.yaml"
    path.write_text(f"{HEAD}  - {figure}\n", encoding="utf-8")
    return read_energy(path)
