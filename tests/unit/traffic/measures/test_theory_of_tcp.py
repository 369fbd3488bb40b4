"""Rates of long TCP connections by published formulas, against values computed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.benchmarks import theory_of_tcp as tcp
from tests.benchmarks.theory_of_tcp import cubic_window, mathis_bps, pftk_bps, rtt_weights

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


def test_equal_round_trips_share_alike_and_longer_ones_get_less() -> None:
    assert rtt_weights([0.02, 0.02], 1.0) == [0.5, 0.5]
    assert rtt_weights([0.02, 0.06], 1.0) == pytest.approx([0.75, 0.25])
    assert rtt_weights([0.02, 0.06], 0.0) == pytest.approx([0.5, 0.5])


def test_mathis_is_the_published_law() -> None:
    assert tcp.mathis_bps(1460, 0.1, 0.01) == pytest.approx(1460 * 8 / 0.1 * 12.2474, rel=1e-4)


@given(st.floats(0.01, 0.3), st.floats(1e-6, 0.2))
def test_timeouts_only_slow_a_connection_down(rtt_s: float, loss: float) -> None:
    padhye, mathis = tcp.pftk_bps(1460, rtt_s, loss), tcp.mathis_bps(1460, rtt_s, loss)
    assert padhye < mathis
    assert tcp.pftk_bps(1460, rtt_s, loss * 1.1) < padhye


def test_padhye_comes_to_mathis_where_losses_are_rare() -> None:
    rare = tcp.pftk_bps(1460, 0.1, 1e-7), tcp.mathis_bps(1460, 0.1, 1e-7)
    assert rare[0] == pytest.approx(rare[1], rel=1e-3)
    assert tcp.pftk_bps(1460, 0.1, 1e-7, most_window=100) == pytest.approx(1460 * 8 * 1000)


@pytest.mark.parametrize(
    ("loss", "window"), [(1e-2, 12.2474), (1e-4, 187.4), (1e-6, 5926), (1e-8, 187400)]
)
def test_cubic_has_the_windows_of_its_rfc(loss: float, window: float) -> None:
    """RFC 9438, table 2: CUBIC with C = 0.4 at a round trip of 0.1 s, and Reno's where greater."""
    assert tcp.cubic_window(0.1, loss) == pytest.approx(window, rel=0.01)
