"""How sure a price is: what draws of the map make of the extra round trip of each demand. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corridor.controller.uncertainty.certainty import Lawful, price_ns
from corridor.experiments.results.price_sets import Served
from corridor.topologies.uncertainty.draws import Floats
from corridor.topologies.uncertainty.intervals import Interval, interval_of

NOTICEABLE_MS = 1.0
"""An extra round trip below this is no cost that anybody would notice."""


@dataclass(frozen=True)
class ExtraCertainty:
    """Of an extra round trip, over the draws in which both sets have a lawful way."""

    interval: Interval
    """The middle 90 %."""
    noticeable: float
    """The share of those draws in which it is 1 ms or more."""


@dataclass(frozen=True)
class PriceCertainty:
    """By demand, None where either set keeps it back; and of all demands together."""

    demands: tuple[ExtraCertainty | None, ...]
    total: ExtraCertainty


def certainty_of(
    lawful: Lawful, before: Sequence[Served], after: Sequence[Served]
) -> PriceCertainty:
    """Of a set beside another, on the same draws of the map."""
    total: Floats = np.zeros(lawful.ensemble.draws)
    demands: list[ExtraCertainty | None] = []
    for was, now in zip(before, after, strict=True):
        if was.round_trip_ns is None or now.round_trip_ns is None:
            demands.append(None)
            continue
        extra_ns = price_ns(lawful, now.rulings, was.rulings)
        total = total + np.nan_to_num(extra_ns)
        demands.append(_certainty(extra_ns[~np.isnan(extra_ns)]))
    found = _certainty(total)
    assert found is not None
    return PriceCertainty(tuple(demands), found)


def _certainty(extra_ns: Floats) -> ExtraCertainty | None:
    """None if no draw is left."""
    if not len(extra_ns):
        return None
    noticeable = float((extra_ns >= NOTICEABLE_MS * 1e6).mean())
    return ExtraCertainty(interval_of(extra_ns), round(noticeable, 3))
