"""Kernel TCP in the agents' loop, in the virtual clock: many at once, and one as iperf3's."""

import statistics

import pytest

from corridor_runs import seen_inside

pytestmark = pytest.mark.guest
CONNECTIONS, OCTETS = 200, 102_000


@pytest.fixture(scope="module")
def seen(tmp_path_factory, virtual_kernel):
    return seen_inside(virtual_kernel, tmp_path_factory.mktemp("connections"), "many_connections")


def test_two_hundred_connections_at_once_all_complete(seen):
    many = seen["many"]
    assert {one["failed"] + one["foreign"] for one in many["counts"].values()} == {0}
    assert sum(one["ends"] for one in many["counts"].values()) == 2 * CONNECTIONS
    assert set(map(int, many["arrived"])) == set(range(2 * CONNECTIONS))
    assert many["received"] == CONNECTIONS * OCTETS
    assert min(many["rtt_ns"].values()) == pytest.approx(6_000_000, rel=0.02), "Guian, Kunming"


def test_an_answer_takes_the_round_trips_of_slow_start(seen):
    """69 segments: 10, 20, and the rest. The request comes after a handshake. Even the least round
    trip that a connection saw has some waiting in it."""
    arrived = {int(message): at_ns for message, at_ns in seen["many"]["arrived"].items()}
    for number in range(CONNECTIONS):
        rtt_ns = seen["many"]["rtt_ns"][str(number)]
        assert arrived[number] > 1.4 * rtt_ns
        assert arrived[CONNECTIONS + number] - arrived[number] > 2.4 * rtt_ns


def test_one_connection_gets_what_iperf3_gets_in_the_same_way(seen):
    one = seen["one"]
    assert one["ours_mbps"] == pytest.approx(one["theirs_mbps"], rel=0.01)
    windows = [*zip(one["ours_windows"], one["theirs_windows"], strict=False)]
    assert len(windows) >= 20
    differences = [abs(ours / theirs - 1) for ours, theirs in windows]
    assert statistics.median(differences) < 0.05, windows
