"""In no sample of any day do owners hold more of a system, fibre or group than it can carry."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corridor.topologies.formats.load import load_topology
from corridor.traffic.background import Market, on_map, read_internet
from corridor.traffic.background.internet import bound_gbps
from corridor.traffic.background.market import Draw, Samples, central

FIRST, LAST = date(2015, 1, 1), date(2029, 11, 1)
DAYS = st.dates(FIRST, LAST)
SLACK = 1 + 1e-9
ACTIVATED = "smw6-singapore-karachi"
"""Its capacity on the map is what is activated today, not what it can carry."""
RELATED = on_map(load_topology("pan-asia"), read_internet())
ON_MAP = {
    f"{holding}/{region}": {leg.fibre for leg in one.legs}
    for (holding, region), one in RELATED.routes.items()
}
"""Fibres of each holding."""


def drawn(day: date, seed: int) -> tuple[Market, Draw]:
    draw = Samples(seed, 1).draw(0) if seed else central
    return RELATED.internet.at(day, draw=draw), draw


def held(market: Market, ids: Iterable[str]) -> float:
    wanted = set(ids)
    return sum(one.capacity_gbps for one in market.holdings if one.id in wanted)


@given(DAYS, st.integers(0, 2**31))
@example(date(2026, 12, 1), 0)
def test_a_country_holds_no_more_of_a_system_than_its_bound(day: date, seed: int):
    market, draw = drawn(day, seed)
    bounds = RELATED.internet.file.bounds
    for country, system in {(one.country, one.system) for one in market.holdings}:
        most = bound_gbps(bounds, country, system, draw)
        mine = [one for one in market.holdings if (one.country, one.system) == (country, system)]
        offers = [
            one
            for one in market.offers
            if one.country == country and one.segments[0].startswith(f"{system}:")
        ]
        if most is not None:
            assert {one.bound_gbps for one in mine} == {most}
            assert sum(one.capacity_gbps for one in (*mine, *offers)) <= most * SLACK


@given(DAYS, st.integers(0, 2**31))
@example(date(2026, 12, 1), 0)
def test_all_countries_hold_no_more_of_a_segment_than_its_system_can_carry(day: date, seed: int):
    market, draw = drawn(day, seed)
    for system in {one.system for one in market.holdings}:
        most = bound_gbps(RELATED.internet.file.bounds, "", system, draw)
        for segment in market.segments if most is not None else ():
            passing = [one.id for one in market.holdings if segment in one.segments
                       and one.system == system]  # fmt: skip
            assert held(market, passing) <= most * SLACK, segment


@given(DAYS, st.integers(0, 2**31))
@example(date(2026, 12, 1), 0)
def test_holdings_fit_the_published_capacities_of_fibres_and_groups_of_the_map(
    day: date, seed: int
):
    market, _ = drawn(day, seed)
    topology = RELATED.topology
    parts: list[tuple[str, set[str], float]] = [
        (fibre.id, {fibre.id}, fibre.capacity_gbps)
        for fibre in topology.fibres
        if fibre.capacity_gbps is not None and fibre.id != ACTIVATED
    ]
    for group in topology.capacity_groups.values():
        if group.capacity_gbps is not None:
            sharing = {fibre.id for fibre in topology.fibres if group in fibre.shares}
            parts.append((group.id, sharing, group.capacity_gbps))
    assert len(parts) > 10
    for name, fibres, most in parts:
        passing = (one for one, on in ON_MAP.items() if on & fibres)
        assert held(market, passing) <= most * SLACK, name


def test_growth_stops_at_a_bound_and_says_so():
    before, after = (
        next(one for one in drawn(day, 0)[0].holdings if one.id == "pk-twa-tw1/gulf")
        for day in (date(2025, 7, 1), date(2026, 12, 1))
    )
    assert (before.at_bound, before.bound_gbps) == (False, pytest.approx(2800))
    assert after.at_bound
    assert after.capacity_gbps == pytest.approx(2800)
    assert after.derived.endswith("at the 2,800 Gbit/s that the system can carry")
    later = drawn(date(2026, 12, 1) + timedelta(365), 0)[0]
    assert held(later, ["pk-twa-tw1/gulf"]) == pytest.approx(2800)
