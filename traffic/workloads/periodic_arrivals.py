"""Periodic arrivals (RFC 3432): one interval after another, without drift."""

from __future__ import annotations

from collections.abc import Sequence

from corridor.topologies.base.options import Values
from corridor.traffic.workloads.arrival_kind import ArrivalKind, SplitMix64


def times(
    start_ns: int, interval_ns: int, count: int, _numbers: SplitMix64, _options: Values
) -> Sequence[int]:
    """Not one after another, so that a million take no room."""
    return range(start_ns, start_ns + interval_ns * count, interval_ns)


KIND = ArrivalKind(
    key="periodic",
    words="one `interval` after another (RFC 3432)",
    example="periodic",
    times=times,
    draws=False,
)
