"""How full fibres are: what left in a time, as a share of the emulated rate. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.wiring import Wiring

LEAST = 0.001
"""Smaller shares are traffic of failure detection, and not shown."""
BITS = 8


class Counted(NamedTuple):
    """Octets that had left by both ends of each fibre at a moment of the monotonic clock."""

    at_ns: int
    octets: Mapping[str, Sequence[int]]


def shares(wiring: Wiring, before: Counted, now: Counted) -> dict[str, float]:
    """Of the fuller direction of each fibre, 0 to 1; those with next to nothing left out."""
    seconds = (now.at_ns - before.at_ns) / NS_PER_S
    found = {}
    for fibre in wiring.fibres:
        was, sent = before.octets.get(fibre.fibre), now.octets.get(fibre.fibre)
        if was is None or sent is None or seconds <= 0:
            continue
        rates = (fibre.forward.rate_bps, fibre.backward.rate_bps)
        most = max(
            (after - first) * BITS / seconds / rate
            for after, first, rate in zip(sent, was, rates, strict=True)
        )
        if most >= LEAST:
            found[fibre.fibre] = round(min(most, 1.0), 3)
    return found
