"""Packets of a stream are due at exact integers, the same on every machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from corridor.traffic.agents import stream_out


def test_pacing_a_stream_of_950_mbps_has_the_packets_its_rate_calls_for() -> None:
    assert stream_out.stream_packets(10**9, 950_000_000, 1514) == 78_434
    assert stream_out.burst_packets(100_000, 950_000_000, 1514) == 7
    assert stream_out.burst_packets(100_000, 1_000_000, 1514) == 1


@given(st.integers(1, 10**11), st.integers(64, 9000), st.integers(1, 10**7))
def test_pacing_packet_times_carry_no_accumulated_rounding(
    rate: int, size: int, packet: int
) -> None:
    exact_numerator = packet * size * 8 * 10**9
    time = stream_out.packet_time(0, packet, rate, size)
    assert time * rate <= exact_numerator < (time + 1) * rate
