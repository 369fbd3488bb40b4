"""Uncertainty of a price: the added RTT of each demand in samples of the map. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corridor.controller.policy.certainty import Lawful
from corridor.experiments.answers.price_sets import Served
from corridor.topologies.analysis.monte_carlo import Interval, interval_of
from corridor.topologies.base.arrays import Floats

LEAST_KEPT = 0.5
SAME_NS = 1_000
"""Sums of rounded delays that differ by less are the same."""
NOTICEABLE_MS = 1.0
"""A user does not notice an added RTT below this."""


@dataclass(frozen=True)
class AddedRttUncertainty:
    """Of an added RTT, over the samples in which both sets have a permitted path."""

    interval: Interval
    """The middle 90 %."""
    noticeable: float
    """The share of those draws in which it is 1 ms or more."""
    percentile: float
    """Of the map's own value among those draws: the share below it, and half of those equal."""


@dataclass(frozen=True)
class PriceCertainty:
    """By demand, None if a set blocks it or too few samples have a path; and in total."""

    demands: tuple[AddedRttUncertainty | None, ...]
    total: AddedRttUncertainty | None
    """Over the samples in which every demand has a path under both."""


def certainty_of(
    lawful: Lawful, before: Sequence[Served], after: Sequence[Served]
) -> PriceCertainty:
    """Compare a set with another on the same samples of the map."""
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
    """None if fewer than half of the samples have a path under both sets: the remaining samples
    would represent other maps. ``of_map_ns`` is the value of the map as it is."""
    kept = ~np.isnan(extra_ns)
    if kept.mean() < LEAST_KEPT:
        return None
    extra_ns = extra_ns[kept]
    noticeable = float((extra_ns >= NOTICEABLE_MS * 1e6).mean())
    return AddedRttUncertainty(
        interval_of(extra_ns), round(noticeable, 3), round(_percentile(extra_ns, of_map_ns), 3)
    )


def _percentile(extra_ns: Floats, of_map_ns: int) -> float:
    """Return the share of samples below a value, plus half of those within a microsecond of it."""
    apart = extra_ns - of_map_ns
    return float((apart < -SAME_NS).mean() + (np.abs(apart) <= SAME_NS).mean() / 2)
