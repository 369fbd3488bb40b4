"""Poisson arrivals (RFC 2330, section 11.1.1): gaps are exponential, independent of each other."""

from __future__ import annotations

from math import log

from corridor.topologies.base.options import Values
from corridor.traffic.workloads.arrival_kind import ArrivalKind, SplitMix64


def times(
    start_ns: int, interval_ns: int, count: int, numbers: SplitMix64, _options: Values
) -> list[int]:
    """The first arrival is one gap after the start."""
    now = start_ns
    found = []
    for _ in range(count):
        now += round(-interval_ns * log(numbers.unit()))
        found.append(now)
    return found


KIND = ArrivalKind(
    key="poisson",
    words="independent exponential gaps of mean `interval` (RFC 2330)",
    example="poisson",
    times=times,
)
