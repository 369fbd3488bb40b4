"""Rates of long TCP connections by published formulas, against values computed by hand."""

import pytest

from corridor.traffic.theory.tcp import cubic_window, mathis_bps, pftk_bps

MSS, RTT_S = 1448, 0.1


def test_mathis_halves_the_rate_where_the_loss_is_four_times_as_high():
    assert mathis_bps(MSS, RTT_S, 0.01) == pytest.approx(1_418_744, rel=1e-5)
    assert mathis_bps(MSS, RTT_S, 0.04) == pytest.approx(1_418_744 / 2, rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "packets_per_s"),
    [
        # 1 / (0.1 sqrt(2 p / 3) + 0.2 min(1, 3 sqrt(3 p / 8)) p (1 + 32 p^2))
        (0.01, 117.184),
        (0.1, 24.2973),
        (0.4, 1.84761),
    ],
)
def test_pftk_has_timeouts_and_they_decide_where_losses_are_many(loss, packets_per_s):
    found = pftk_bps(MSS, RTT_S, loss, timeout_s=0.2)
    assert found == pytest.approx(packets_per_s * MSS * 8, rel=1e-4)


def test_pftk_stays_below_the_window_of_the_receiver():
    assert pftk_bps(MSS, RTT_S, 1e-6, timeout_s=0.2, most_window=20) == 20 / RTT_S * MSS * 8


def test_cubic_is_as_reno_where_round_trips_are_short():
    assert cubic_window(0.001, 0.01) == pytest.approx(12.2474, rel=1e-5)
    assert cubic_window(1.0, 0.0001) == pytest.approx(1053.83, rel=1e-5)
