"""Counts by size, in buckets that an agent can afford. Pure, standard library only."""

from __future__ import annotations

_HISTOGRAM_BITS = 3


def delay_bucket(delay_ns: int) -> int:
    """The lower edge of the histogram bucket of a delay: its 4 leading bits (at most 12.5 %)."""
    drop = max(0, delay_ns.bit_length() - _HISTOGRAM_BITS - 1)
    return delay_ns >> drop << drop


def pairs_of(histogram: dict[int, int]) -> list[list[int]]:
    """In order, as results hold it."""
    return [[edge, histogram[edge]] for edge in sorted(histogram)]
