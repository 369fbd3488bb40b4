"""The model of Gilbert and Elliott: means, and losses by another cause in addition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.model.degrade import degraded
from corridor.topologies.model.line import Bursts, of_mean
from corridor.topologies.model.wiring import Shape

SHARES = st.floats(min_value=0.001, max_value=0.5)


@given(SHARES, st.floats(min_value=1, max_value=1000))
def test_a_model_of_a_mean_loss_and_a_mean_burst_has_both(loss, burst):
    model = of_mean(loss, burst)
    assert model.mean_loss == pytest.approx(loss)
    assert model.mean_burst_packets == pytest.approx(burst)


@given(SHARES, SHARES, SHARES, SHARES, SHARES)
def test_losses_beside_it_lose_their_share_of_what_it_leaves(begin, end, bad, good, share):
    model = Bursts(begin, end, bad, good)
    kept = (1 - model.mean_loss) * (1 - share)
    assert model.with_loss(share).mean_loss == pytest.approx(1 - kept)


def test_a_degraded_fibre_that_loses_in_bursts_loses_more_in_them_and_between():
    model = of_mean(0.02, 5)
    shape = Shape(1_000_000, 10**7, 1000, 20, 20_000, 1, bursts=model)
    worse = degraded(shape, {"rate": None, "delay": None, "loss": 0.1})
    assert worse.bursts == model.with_loss(0.1)
    assert worse.loss_ppm == pytest.approx(worse.bursts.mean_loss * 1e6)
    slower = degraded(shape, {"rate": 0.5, "delay": None, "loss": None})
    assert slower.bursts == model
