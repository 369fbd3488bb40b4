"""Market-based emissions: bounds enclose the value, and more contracts never add emissions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.energy.countings import Counted, market_based
from corridor.topologies.energy.figures import Figure

EVIDENCE = {"basis": "assumed", "date": "2026"}
shares = st.floats(0, 1)
factors = st.floats(0, 2000)


def counted(share: list[float], factor: list[float]) -> Counted:
    low, value, high = sorted(share)
    least, middle, most = sorted(factor)
    green = Figure(what="green-share", low=low, value=value, high=high, unit="share", **EVIDENCE)
    residual = Figure(
        what="residual",
        low=least,
        value=middle,
        high=most,
        unit="g/kWh",
        boundary="direct",
        **EVIDENCE,
    )
    return market_based(green, residual)


@given(st.lists(shares, min_size=3, max_size=3), st.lists(factors, min_size=3, max_size=3))
def test_bounds_enclose_the_value_and_nothing_exceeds_the_residual(share, factor):
    found = counted(share, factor)
    assert 0 <= found.low <= found.value <= found.high <= max(factor)


@given(shares, shares, factors)
def test_more_contracts_never_add_emissions(one, other, factor):
    less, more = sorted([one, other])
    exact = [counted([share] * 3, [factor] * 3) for share in (less, more)]
    assert exact[1].value <= exact[0].value
    assert exact[0].value == pytest.approx((1 - less) * factor)


@given(shares, factors)
def test_an_unknown_share_encloses_every_share(share, factor):
    residual = Figure(what="residual", value=factor, unit="g/kWh", boundary="direct", **EVIDENCE)
    bounds = market_based(None, residual)
    exact = counted([share] * 3, [factor] * 3)
    assert bounds.low <= exact.value <= bounds.high
