"""What the benchmark of M/M/1 offers is what its theory is of."""

from __future__ import annotations

from statistics import mean, stdev

import numpy as np
import pytest
from tests.benchmarks import mm1

from corridor.traffic.workloads.arrival_kind import SplitMix64


@pytest.mark.parametrize("octets", [0.2, 62, 1518, 1519, 1580, 4000.6, 3036])
def test_a_message_takes_its_octets_of_the_fibre_and_no_frame_is_too_small(octets) -> None:
    payloads = mm1.datagrams(octets)
    assert min(payloads) >= mm1.LEAST_BYTES - mm1.AROUND_BYTES
    assert max(payloads) <= 1472
    more = mm1.on_fibre(payloads) - octets
    assert -0.5 <= more < mm1.LEAST_BYTES


def test_service_is_what_messages_take_on_the_mean() -> None:
    numbers = SplitMix64(1)
    drawn = [mm1.datagrams(mm1.SIZES.draw(numbers)) for _ in range(60_000)]
    service_s = [mm1.on_fibre(one) * 8 / mm1.RATE_BPS for one in drawn]
    expected = mm1.true_service()
    assert mean(service_s) == pytest.approx(expected.mean_s, rel=0.01)
    assert stdev(service_s) / mean(service_s) == pytest.approx(expected.cv, rel=0.01)


def test_waits_are_told_without_the_path_and_the_first_frame() -> None:
    octets = np.array([1518, 3036, 100])
    sent_ns = np.array([0, 50_000, 10_000_000])
    served_ns = np.array([121_440, 121_440 + 242_880, 10_000_000 + 8_000])
    first_ns = np.array([121_440, 2 * 121_440, 10_000_000 + 8_000])
    waits = mm1.waits_of(
        {
            "octets": octets,
            "sent_ns": sent_ns,
            "first_ns": first_ns + mm1.DELAY_NS,
            "last_ns": served_ns + mm1.DELAY_NS,
        }
    )
    assert waits.wait_s * 1e9 == pytest.approx([0, 71_440, 0])
    assert waits.lindley_s * 1e9 == pytest.approx([0, 71_440, 0])
    assert waits.stay_s * 1e9 == pytest.approx([121_440, 314_320, 8_000])
