"""Transfers of this many octets: how fast, in time, and shared how fairly. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from corridor.topologies.base.seconds import NS_PER_S


def goodput_bps(octets: int, from_ns: int, until_ns: int) -> float | None:
    """Octets received, once each, over the time it took; None if no time passed."""
    return octets * 8 * NS_PER_S / (until_ns - from_ns) if until_ns > from_ns else None


def met(intended_ns: int, completed_ns: int | None, deadline_ns: int | None) -> bool | None:
    """Whether a transfer was over ``deadline_ns`` after its intended start; None without one.

    One that never was over has missed its deadline.
    """
    if deadline_ns is None:
        return None
    return completed_ns is not None and completed_ns - intended_ns <= deadline_ns


def jain(shares: Sequence[float]) -> float | None:
    """Jain's index of fairness (DEC-TR-301, 1984): 1 where all have the same, 1/n where one has
    all; None where no one has anything."""
    squares = sum(share * share for share in shares)
    if not squares:
        return None
    return sum(shares) ** 2 / (len(shares) * squares)
