"""Estimates of means, medians and differences from repeated runs, with intervals. Pure.

The run is the unit: whatever happened within one is one value. Intervals of means are studentised
bootstraps (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 12.5), which cover what
they promise from five runs on, even of skewed values, where percentile intervals do not
(docs/decisions/0100). Those of medians lie between two of the values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.topologies.base.seeds import seed_of
from corridor.traffic.measures.quantiles import CONFIDENCE, Interval, ranks

LEAST_RUNS = 5
"""Fewer tell no interval."""
RESAMPLES = 4000
LOWER, UPPER = 0.25, 0.75
ENOUGH = 1e-9
"""A spread that is less, of the values, is none: they are equal."""

type Values = NDArray[np.float64]


class Estimate(NamedTuple):
    runs: int
    mean: float
    mean_within: Interval | None
    median: float
    median_within: Interval | None
    lower_quartile: float
    lower_quartile_within: Interval | None
    """Between two of the values, as that of the median; None of fewer runs than that takes."""
    upper_quartile: float
    upper_quartile_within: Interval | None
    spread: float | None
    """The standard deviation between runs."""
    least: float
    most: float

    @property
    def is_same(self) -> bool:
        """Whether several runs have one value: that has no interval, and may need none."""
        return self.runs > 1 and self.most - self.least <= ENOUGH * abs(self.mean)


class Difference(NamedTuple):
    """Of what a second condition has over a first."""

    blocks: int
    """Seeds that both ran with."""
    mean: float
    within: Interval | None
    unpaired_within: Interval | None
    """As it would be if other seeds had been drawn for each: the unit of what pairing saves."""
    narrower: float | None
    """The factor by which the other is wider: what common seeds save; None if one is not known."""
    share: float | None
    """Of the first mean."""
    is_same: bool
    """Whether it is one for all of several seeds."""
    greater: float
    """Cliff's delta: how much more often a run of the second is above one of the first than below;
    -1 to 1."""


def estimate(values: Sequence[float]) -> Estimate:
    """Of at least one value, each of a run."""
    array = np.asarray(values, np.float64)
    ordered = np.sort(array)
    return Estimate(
        runs=len(array),
        mean=float(array.mean()),
        mean_within=_mean_interval(array),
        median=float(np.median(array)),
        median_within=_quantile_interval(ordered, 0.5),
        lower_quartile=float(np.quantile(array, LOWER)),
        lower_quartile_within=_quantile_interval(ordered, LOWER),
        upper_quartile=float(np.quantile(array, UPPER)),
        upper_quartile_within=_quantile_interval(ordered, UPPER),
        spread=float(array.std(ddof=1)) if len(array) > 1 else None,
        least=float(ordered[0]),
        most=float(ordered[-1]),
    )


def difference(one: Sequence[float], other: Sequence[float]) -> Difference:
    """Of equally many values, at the same place those of one seed; at least one."""
    first, second = np.asarray(one, np.float64), np.asarray(other, np.float64)
    each = second - first
    base = float(first.mean())
    within, apart = _mean_interval(each), _unpaired_interval(first, second)
    return Difference(
        blocks=len(each),
        mean=float(each.mean()),
        within=within,
        unpaired_within=apart,
        narrower=_width(apart) / _width(within) if within and apart else None,
        share=float(each.mean()) / base if base else None,
        is_same=len(each) > 1 and float(np.ptp(each)) <= ENOUGH * abs(base or 1.0),
        greater=_cliffs_delta(first, second),
    )


def unpaired(one: Sequence[float], other: Sequence[float]) -> Difference:
    """Of runs with other seeds; it has no blocks. At least one value each."""
    first, second = np.asarray(one, np.float64), np.asarray(other, np.float64)
    base, mean = float(first.mean()), float(second.mean() - first.mean())
    within = _unpaired_interval(first, second)
    spread = max(float(np.ptp(first)), float(np.ptp(second)))
    return Difference(
        blocks=0,
        mean=mean,
        within=within,
        unpaired_within=within,
        narrower=None,
        share=mean / base if base else None,
        is_same=min(len(first), len(second)) > 1 and spread <= ENOUGH * abs(base or 1.0),
        greater=_cliffs_delta(first, second),
    )


def _mean_interval(values: Values, confidence: float = CONFIDENCE) -> Interval | None:
    count = len(values)
    if count < LEAST_RUNS:
        return None
    mean, error = float(values.mean()), float(values.std(ddof=1)) / count**0.5
    if error <= ENOUGH * abs(mean):
        return None
    drawn = _drawn(values, "mean")
    errors = drawn.std(axis=1, ddof=1) / count**0.5
    return _studentised(mean, error, drawn.mean(axis=1), errors, confidence)


def _unpaired_interval(
    first: Values, second: Values, confidence: float = CONFIDENCE
) -> Interval | None:
    """Studentised likewise, each condition resampled independently."""
    if min(len(first), len(second)) < LEAST_RUNS:
        return None
    mean, error = float(second.mean() - first.mean()), _error_of_both(first, second)
    if error <= ENOUGH * max(abs(float(first.mean())), abs(float(second.mean()))):
        return None
    one, other = _drawn(first, "first"), _drawn(second, "second")
    means = other.mean(axis=1) - one.mean(axis=1)
    errors = np.sqrt(one.var(axis=1, ddof=1) / len(first) + other.var(axis=1, ddof=1) / len(second))
    return _studentised(mean, error, means, errors, confidence)


def _studentised(
    mean: float, error: float, means: Values, errors: Values, confidence: float
) -> Interval | None:
    """None where this many resamples are of equal values that they decide an end: few counts, most
    of them alike, do not state how far the mean may be."""
    apart = means - mean
    alike = errors <= ENOUGH * error
    beyond = np.where(apart > 0, np.inf, np.where(apart < 0, -np.inf, 0.0))
    t = np.where(alike, beyond, apart / np.where(alike, 1.0, errors))
    ends = ((1 - confidence) / 2, (1 + confidence) / 2)
    low, high = np.quantile(t, ends, method="inverted_cdf")
    if not np.isfinite([low, high]).all():
        return None
    return Interval(mean - float(high) * error, mean - float(low) * error)


def _width(interval: Interval) -> float:
    return interval.high - interval.low


def _error_of_both(first: Values, second: Values) -> float:
    return float(np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second)))


def _drawn(values: Values, name: str) -> Values:
    """The same draws for as many values, whatever they are."""
    random = np.random.default_rng(seed_of(len(values), "bootstrap", name))
    drawn: Values = values[random.integers(0, len(values), (RESAMPLES, len(values)))]
    return drawn


def _quantile_interval(ordered: Values, share: float) -> Interval | None:
    found = ranks(len(ordered), share)
    if found is None or len(ordered) < LEAST_RUNS:
        return None
    return Interval(float(ordered[found[0] - 1]), float(ordered[found[1] - 1]))


def _cliffs_delta(first: Values, second: Values) -> float:
    return float(np.sign(second[:, None] - first[None, :]).mean())
