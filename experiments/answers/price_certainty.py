"""How sure a price is: what draws of the map make of the extra round trip of each demand. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corridor.controller.policy.certainty import Lawful
from corridor.experiments.answers.price_sets import Served
from corridor.topologies.analysis.length_intervals import Interval, interval_of
from corridor.topologies.analysis.monte_carlo import Floats

LEAST_KEPT = 0.5
SAME_NS = 1_000
"""Sums of rounded delays that differ by less are the same."""
NOTICEABLE_MS = 1.0
"""An extra round trip below this is no cost that anybody would notice."""


@dataclass(frozen=True)
class AddedRttUncertainty:
    """Of an extra round trip, over the draws in which both sets have a lawful way."""

    interval: Interval
    """The middle 90 %."""
    noticeable: float
    """The share of those draws in which it is 1 ms or more."""
    percentile: float
    """Of the map's own value among those draws: the share below it, and half of those equal."""


@dataclass(frozen=True)
class PriceCertainty:
    """By demand, None where either set keeps it back or too few draws have a way; and together."""

    demands: tuple[AddedRttUncertainty | None, ...]
    total: AddedRttUncertainty | None
    """Over the draws in which every demand has a way under both."""


def certainty_of(
    lawful: Lawful, before: Sequence[Served], after: Sequence[Served]
) -> PriceCertainty:
    """Of a set beside another, on the same draws of the map."""
    total: Floats = np.zeros(lawful.ensemble.draws)
    total_of_map_ns = 0
    demands: list[AddedRttUncertainty | None] = []
    for was, now in zip(before, after, strict=True):
        if was.round_trip_ns is None or now.round_trip_ns is None:
            demands.append(None)
            continue
        there, back = map(lawful.least_ns, now.rulings)
        there_before, back_before = map(lawful.least_ns, was.rulings)
        extra_ns = there + back - there_before - back_before
        of_map_ns = now.round_trip_ns - was.round_trip_ns
        total, total_of_map_ns = total + extra_ns, total_of_map_ns + of_map_ns
        demands.append(_certainty(extra_ns, of_map_ns))
    return PriceCertainty(tuple(demands), _certainty(total, total_of_map_ns))


def _certainty(extra_ns: Floats, of_map_ns: int) -> AddedRttUncertainty | None:
    """None if fewer than half of the draws have a way under both sets: what is left of them would
    speak of other maps. ``of_map_ns`` is the value of the map as it is."""
    kept = ~np.isnan(extra_ns)
    if kept.mean() < LEAST_KEPT:
        return None
    extra_ns = extra_ns[kept]
    noticeable = float((extra_ns >= NOTICEABLE_MS * 1e6).mean())
    return AddedRttUncertainty(
        interval_of(extra_ns), round(noticeable, 3), round(_percentile(extra_ns, of_map_ns), 3)
    )


def _percentile(extra_ns: Floats, of_map_ns: int) -> float:
    """Return the share of draws below a value, and half of those that equal it to a microsecond."""
    apart = extra_ns - of_map_ns
    return float((apart < -SAME_NS).mean() + (np.abs(apart) <= SAME_NS).mean() / 2)
