"""In any market, under any cut: offered is carried plus shortfall, within the capacities."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.traffic.background import (
    Flow,
    FlowCarried,
    Holding,
    HoldingCarried,
    Market,
    Offer,
    Reaction,
    assign,
)
from corridor.traffic.background.assignment import TOLERANCE_GBPS
from corridor.traffic.background.market import Transit, with_fixed

SEGMENTS = (*(f"{system}:x" for system in "abcdef"), "coarse:ab", "coarse:bc")
REGIONS, OWNERS = ("gulf", "europe", "hongkong"), (("PK", "p"), ("PK", "q"), ("BD", "p"))
"""Two owners of one country, and one of the same name in another."""
GBPS = st.floats(0, 5000, allow_subnormal=False)


@st.composite
def markets(draw) -> Market:
    pieces = st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3, unique=True).map(tuple)
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from(OWNERS), st.sampled_from(REGIONS), GBPS, pieces), max_size=8
        )
    )
    holdings = tuple(
        Holding(str(number), *owner, "s", region, gbps, segments, 100.0 * (1 + number),
                date(2025, 1, 1), "", "unsure", "")
        for number, (owner, region, gbps, segments) in enumerate(rows)
    )  # fmt: skip
    keys = draw(st.lists(st.tuples(st.sampled_from(OWNERS), st.sampled_from(REGIONS)), unique=True))
    limit = st.none() | GBPS
    return Market(
        date(2025, 1, 1),
        holdings,
        tuple(Flow(*owner, region, draw(GBPS)) for owner, region in keys),
        tuple(
            Offer("o", "PK", "gulf", gbps, ("f:x",), 9.0)
            for gbps in draw(st.lists(GBPS, max_size=1))
        ),
        (
            Transit(("gulf", "europe"), "coarse:ab", 10.0, draw(limit)),
            Transit(("europe", "hongkong"), "coarse:bc", 20.0, draw(limit)),
        ),
        draw(st.floats(0, 1)),
        50.0,
        dict.fromkeys(SEGMENTS, 1.0),
    )


@given(
    markets(),
    st.sets(st.sampled_from(SEGMENTS)),
    st.sampled_from(["none", "own", "bought"]),
    st.floats(0, 3, allow_subnormal=False),
)
def test_traffic_is_conserved(market: Market, cut: set[str], reaction: Reaction, load: float):
    found = assign(market, cut, reaction=reaction, load=load)
    near = pytest.approx
    for flow in found.flows:
        assert flow.offered_gbps == near(flow.carried_gbps + flow.shortfall_gbps, abs=1e-5)
        assert 0 <= flow.shortfall_gbps <= flow.offered_gbps + 1e-9
        assert 0 <= flow.loss_share <= 1
        assert flow.rerouted_gbps <= flow.offered_gbps + 1e-6
    for one in found.holdings:
        assert one.load_gbps <= one.capacity_gbps + TOLERANCE_GBPS
        assert not (one.cut and one.load_gbps)
    carried = sum(one.carried_gbps for one in found.flows)
    assert sum(one.load_gbps for one in found.holdings) == near(carried, abs=1e-4)
    for owner in OWNERS if reaction != "bought" else ():
        load_gbps = sum(one.load_gbps for one in found.holdings if _owner(one) == owner)
        carried = sum(one.carried_gbps for one in found.flows if _owner(one) == owner)
        assert load_gbps == near(carried, abs=1e-4), "capacity of others is used"


def _owner(of: HoldingCarried | FlowCarried) -> tuple[str, str]:
    return of.country, of.owner


@given(markets(), st.sets(st.sampled_from(SEGMENTS)))
def test_a_further_reaction_never_carries_less(market: Market, cut: set[str]):
    carried = [
        sum(one.carried_gbps for one in assign(market, cut, reaction=reaction).flows)
        for reaction in ("none", "own", "bought")
    ]
    assert carried[0] <= carried[1] + 1e-5
    assert carried[1] <= carried[2] + 1e-5


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2**31))
def test_fitting_keeps_the_sums_of_rows(rows: int, columns: int, seed: int):
    random = np.random.default_rng(seed)
    matrix = random.uniform(0.1, 1, (rows, columns))
    fixed = np.where(random.random((rows, columns)) < 0.3, random.uniform(0, 1), np.nan)
    sums = random.uniform(0, 100, rows)
    wanted = random.uniform(0, 100, columns)
    found = with_fixed(matrix, fixed, sums, wanted)
    assert (found >= 0).all()
    given_nothing = (np.nan_to_num(fixed).sum(axis=1) == 0) & ~np.isnan(fixed).any(axis=1)
    assert found.sum(axis=1)[~given_nothing] == pytest.approx(sums[~given_nothing])
