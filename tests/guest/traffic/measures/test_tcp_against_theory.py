"""Kernel TCP in the virtual clock against theory; ``tests/benchmarks/tcp_theory.py`` has more."""

import pytest
from tests.benchmarks.theory_of_tcp import mathis_bps

from corridor.traffic.measures.metrics import jain
from corridor_runs import seen_inside

pytestmark = [pytest.mark.guest, pytest.mark.timeout(400)]
PAYLOAD = 1448 / 1518


@pytest.fixture(scope="module")
def seen(tmp_path_factory, virtual_kernel):
    return seen_inside(virtual_kernel, tmp_path_factory.mktemp("tcp"), "tcp_shares")


@pytest.mark.parametrize("count", [2, 8])
def test_connections_of_the_same_round_trip_share_a_fibre_fairly_and_fill_it(seen, count):
    rates = seen["shared"][str(count)]
    assert len(rates) == count
    assert jain(rates) > 0.99, rates
    assert sum(rates) == pytest.approx(count * 2_500_000 * PAYLOAD, rel=0.02)


@pytest.mark.parametrize("count", [2, 8])
def test_fair_queueing_gives_each_connection_its_share(seen, count):
    rates = seen["queued"][str(count)]
    fair = sum(rates) / count
    assert all(rate == pytest.approx(fair, rel=0.01) for rate in rates), rates
    assert sum(rates) == pytest.approx(count * 2_500_000 * PAYLOAD, rel=0.02)


def test_random_losses_leave_of_reno_what_mathis_says(seen):
    assert seen["lossy"] == pytest.approx(mathis_bps(1448, 0.06, 0.01), rel=0.15)
