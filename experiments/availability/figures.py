"""Unavailability as figures: nines, minutes a year, intervals, and the price of policies. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from corridor.topologies.base.arrays import Floats

MINUTES_OF_YEAR = 365.25 * 24 * 60
MOST_NINES = 5.0
"""No more is claimed: hubs, power and software without a rate would decide beyond it."""
LEAST_UNAVAILABLE = 10**-MOST_NINES
CLOSED_NINES = 0.05
"""Bounds that differ by less are one figure."""
INTERVAL = (5, 95)
"""Percentiles of the posterior."""


class Bounds(NamedTuple):
    """The lowest and highest probability of being unavailable, by sample."""

    low: Floats
    high: Floats


@dataclass(frozen=True)
class Interval:
    """A mean, with the 90 % interval of the samples."""

    mean: float
    low: float
    high: float


def interval(samples: Floats) -> Interval:
    """Return the mean and the 90 % interval of samples."""
    low, high = (float(one) for one in np.percentile(samples, INTERVAL))
    return Interval(float(samples.mean()), low, high)


@dataclass(frozen=True)
class Figure:
    """How often something is unavailable: a probability at any instant."""

    unavailable_low: float
    unavailable_high: float
    """Bounds of the mean of the samples: what is not explored lies between them."""
    interval_low: float
    interval_high: float
    """The 90 % interval of the samples, with what is not explored on both sides."""
    nines: float
    """Of ``unavailable_high``; at most 5."""
    nines_low: float
    nines_high: float
    """Of the interval; at most 5."""
    is_at_least: bool
    """Whether the figure is a lower bound, because 5 nines are reached or the bounds are apart."""
    minutes_a_year_low: float
    minutes_a_year_high: float
    """Of the bounds of the mean."""
    gap_at_mean_rates: float
    """The probability of states that are not explored, at the means of the rates: what the search
    makes small."""
    gap_over_samples: float
    """The same as a mean over the samples: ``unavailable_high`` less ``unavailable_low``."""
    questions: int
    """Sets of failed fibres that were decided."""


@dataclass(frozen=True)
class PriceInNines:
    """What policies cost in availability, by the same samples for both sides."""

    nines: float
    """The lowest that the bounds allow at the means; 0 if they do not show a difference. Nines
    beyond 5 do not count on either side."""
    nines_low: float
    nines_high: float
    """The 90 % interval of the samples, with what is not explored on both sides."""
    is_at_least: bool
    """Whether it may be more: the baseline may reach 5 nines, or the bounds are apart."""
    minutes_a_year_low: float
    minutes_a_year_high: float


def nines(unavailable: float | np.floating) -> float:
    """Return the number of nines: 3 for 0.001; at most 5."""
    return -math.log10(min(1.0, max(float(unavailable), LEAST_UNAVAILABLE))) + 0.0


def figure(bounds: Bounds, gap: float, questions: int) -> Figure:
    """Return the figure of some bounds by sample; ``gap`` is that at the mean rates."""
    low, high = float(bounds.low.mean()), float(bounds.high.mean())
    best, worst = _interval(bounds)
    return Figure(
        unavailable_low=low,
        unavailable_high=high,
        interval_low=best,
        interval_high=worst,
        nines=nines(high),
        nines_low=nines(worst),
        nines_high=nines(best),
        is_at_least=high <= LEAST_UNAVAILABLE or nines(low) - nines(high) > CLOSED_NINES,
        minutes_a_year_low=low * MINUTES_OF_YEAR,
        minutes_a_year_high=high * MINUTES_OF_YEAR,
        gap_at_mean_rates=gap,
        gap_over_samples=high - low,
        questions=questions,
    )


def price_in_nines(policed: Bounds, baseline: Bounds, *, is_nested: bool) -> PriceInNines:
    """Return what policies cost.

    Args:
        policed: Under the policies.
        baseline: Under the baseline, by the same samples.
        is_nested: Whether the baseline is unavailable only where the policies are: then they can
            gain nothing.
    """
    fewest, most = _lost(policed.low, baseline.high), _lost(policed.high, baseline.low)
    if is_nested:
        fewest, most = np.maximum(fewest, 0), np.maximum(most, 0)
    at_least = nines(baseline.high.mean()) - nines(policed.low.mean())
    at_most = nines(baseline.low.mean()) - nines(policed.high.mean())
    shown = at_least if at_least > 0 else min(at_most, 0.0)
    is_capped = bool(baseline.low.mean() <= LEAST_UNAVAILABLE)
    gained = float((policed.low - baseline.high).mean())
    return PriceInNines(
        nines=shown + 0.0,
        nines_low=float(np.percentile(fewest, INTERVAL[0])),
        nines_high=float(np.percentile(most, INTERVAL[1])),
        is_at_least=shown > 0 and (at_most - at_least > CLOSED_NINES or is_capped),
        minutes_a_year_low=(max(gained, 0.0) if is_nested else gained) * MINUTES_OF_YEAR,
        minutes_a_year_high=float((policed.high - baseline.low).mean()) * MINUTES_OF_YEAR,
    )


def _lost(policed: Floats, baseline: Floats) -> Floats:
    """Nines lost, none of them beyond 5."""
    found: Floats = np.log10(
        np.maximum(policed, LEAST_UNAVAILABLE) / np.maximum(baseline, LEAST_UNAVAILABLE)
    )
    return found


def _interval(bounds: Bounds) -> tuple[float, float]:
    return (
        float(np.percentile(bounds.low, INTERVAL[0])),
        float(np.percentile(bounds.high, INTERVAL[1])),
    )
