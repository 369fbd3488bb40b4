"""Words that sentences share. Pure."""

from __future__ import annotations

from corridor.topologies.base.words import LEAST_SHOWN_MS as LEAST_MS
from corridor.topologies.base.words import ms

__all__ = ["LEAST_MS", "duration", "ms", "ordinal"]


def ordinal(value: float) -> str:
    """Return the nearest whole number as ``1st``, ``2nd``, ``3rd``, ``11th``, ``82nd``."""
    number = round(value)
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def duration(value_ms: float) -> str:
    """To three digits, in ms or s."""
    if not value_ms:
        return "0"
    if value_ms < 999.5:
        return f"{value_ms:.3g} ms"
    seconds = value_ms / 1000
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:,.0f} s"
