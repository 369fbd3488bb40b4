"""Send times are exact integers, the same on every machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.traffic.arrivals import pacing

POISSON_OF_SEED_1 = [11_363_390, 17_229_835, 17_818_354, 34_040_794, 50_267_488]


def test_pacing_a_periodic_stream_never_drifts() -> None:
    assert pacing.periodic(5, 20_000_000, 3) == [5, 20_000_005, 40_000_005]
    assert pacing.periodic(0, 333_333_333, 10**4)[-1] == 333_333_333 * (10**4 - 1)
    assert pacing.periodic(7, 10, 0) == []


def test_pacing_poisson_arrivals_of_seed_1_are_these() -> None:
    assert pacing.poisson(0, 20_000_000, 5, seed=1) == POISSON_OF_SEED_1


def test_pacing_splitmix64_of_seed_1234567_gives_the_published_numbers() -> None:
    generator = pacing.SplitMix64(1234567)
    assert [generator.next() for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_pacing_poisson_gaps_have_the_mean_and_the_tail_of_the_exponential() -> None:
    mean, count = 1_000_000, 40_000
    times = pacing.poisson(0, mean, count, seed=7)
    gaps = [b - a for a, b in zip([0, *times], times, strict=False)]
    assert abs(sum(gaps) / count / mean - 1) < 0.02
    beyond = sum(gap > 2 * mean for gap in gaps) / count
    assert abs(beyond - 0.1353) < 0.01
    assert min(gaps) >= 0


@given(st.integers(0, 2**64), st.integers(1, 10**9), st.integers(0, 50))
def test_pacing_poisson_depends_on_the_seed_alone(seed: int, mean: int, count: int) -> None:
    times = pacing.send_times("poisson", 9, mean, count, seed)
    assert times == pacing.send_times("poisson", 9, mean, count, seed)
    assert len(times) == count
    assert times == sorted(times)
    assert all(time >= 9 for time in times)


def test_pacing_an_unknown_arrival_process_is_refused() -> None:
    with pytest.raises(ValueError, match="neither 'periodic' nor 'poisson'"):
        pacing.send_times("fractal", 0, 1, 1)


def test_pacing_a_stream_of_950_mbps_has_the_packets_its_rate_calls_for() -> None:
    assert pacing.stream_packets(10**9, 950_000_000, 1514) == 78_434
    assert pacing.burst_packets(100_000, 950_000_000, 1514) == 7
    assert pacing.burst_packets(100_000, 1_000_000, 1514) == 1


@given(st.integers(1, 10**11), st.integers(64, 9000), st.integers(1, 10**7))
def test_pacing_packet_times_carry_no_accumulated_rounding(
    rate: int, size: int, packet: int
) -> None:
    exact_numerator = packet * size * 8 * 10**9
    time = pacing.packet_time(0, packet, rate, size)
    assert time * rate <= exact_numerator < (time + 1) * rate
