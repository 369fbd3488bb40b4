"""What a sample states about a quantile or a share, and how certainly. Pure.

An interval of a quantile lies between two order statistics (David and Nagaraja, Order Statistics,
section 7.1): the number of values below the true quantile is binomial, whatever the distribution,
so its coverage is at least what is asked for and rests on no model. One of a share is Clopper and
Pearson's (Biometrika 26, 1934), exact likewise.

Both count independent values. Packets that wait behind each other are not independent: a sample
counts as many values as it has autocorrelation times, of the indicator that a value is at most the
quantile. Where these are too few, there is no interval: a short sample of a full queue does not
show how long its waits last, and an interval of it would not cover the truth.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
TAIL_SAMPLES = 10
"""Values that are expected beyond a quantile, or the sample does not carry it."""
QUANTILES = ((50, 100), (95, 100), (99, 100))
"""The reported quantiles, as numerator and denominator."""


EFFECTIVE_SAMPLES, EFFECTIVE_TAIL = 100, 5
"""Independent values, and those of them beyond a quantile, below which a correlated sample has no
interval: 200 runs of four queues in docs/benchmarks.md."""
SHORT_TIME = 2.0
"""Autocorrelation time, in values, up to which any sample has intervals."""
WIDENED = (2.2138 / 1.9600) ** 2
"""The time is an estimate: Student's factor of 10.5 degrees of freedom, 1.5 times the batches of
``correlation`` less one, by the normal one, squared."""


class Interval(NamedTuple):
    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


def name_of(part: int, whole: int) -> str:
    return f"p{100 * part / whole:g}"


def needed(part: int, whole: int, tail_samples: int = TAIL_SAMPLES) -> int:
    """How many values carry a quantile: ``tail_samples / (1 - p)`` of the upper half's."""
    tail = min(part, whole - part)
    return -(-tail_samples * whole // tail)


def left_out(count: int) -> dict[str, str]:
    """Why quantiles are missing, by name; nothing of a sample that carries all."""
    return {
        name_of(part, whole): f"needs {least} values, and there are {count}"
        for part, whole in QUANTILES
        if count < (least := needed(part, whole))
    }


def ranks(count: int, share: float, confidence: float = CONFIDENCE) -> tuple[int, int] | None:
    """The two order statistics, from 1, between which a quantile lies; None if too few.

    With B binomial, P(low <= B < high) is at least the confidence, each side at most half of the
    rest beyond it.
    """
    from scipy.special import bdtr

    beyond = (1 - confidence) / 2

    def at_most(values: int) -> float:
        return float(bdtr(values, count, share))

    below = bisect_left(range(count + 1), True, key=lambda values: at_most(values) > beyond)
    high = 1 + bisect_left(range(count + 1), 1 - beyond, key=at_most)
    return (below, high) if below >= 1 and high <= count else None


class QuantileIntervals(NamedTuple):
    """Of each of ``QUANTILES``, by name."""

    found: dict[str, Interval | None]
    """None where the sample does not carry the quantile, or its interval."""
    missing: list[str]
    """Quantiles that the sample carries, without an interval: too few values are independent."""
    correlated_ns: int
    """The autocorrelation time of the values."""


def intervals(values: NDArray[np.int64], lasts_ns: int) -> QuantileIntervals:
    """Return the intervals of values in order of time, which the sample took ``lasts_ns`` for."""
    count, ordered = len(values), np.sort(values)
    carried = [one for one in QUANTILES if count >= needed(*one)]
    time = rank_time(values) if carried else 1.0
    found: dict[str, Interval | None] = {name_of(*one): None for one in QUANTILES}
    missing = []
    for part, whole in carried:
        name = name_of(part, whole)
        if is_long_enough(count, time, part / whole):
            is_below = values <= ordered[-(-count * part // whole) - 1]
            found[name] = quantile_interval(ordered, part, whole, independent(is_below))
        if found[name] is None:
            missing.append(name)
    return QuantileIntervals(found, missing, round(time * lasts_ns / max(1, count)))


def is_long_enough(count: int, time: float, share: float) -> bool:
    """Return whether a sample is long enough for a quantile, by its autocorrelation time."""
    least = max(EFFECTIVE_SAMPLES, EFFECTIVE_TAIL / min(share, 1 - share))
    return time <= SHORT_TIME or count / time >= least


def independent(trials: NDArray[np.bool_]) -> int:
    """Return how many independent trials say as much as these, which are in order of time."""
    if len(trials) < FEWEST or trials.all() or not trials.any():
        return len(trials)
    time = autocorrelation_time(trials.astype(np.float64))
    return max(1, int(len(trials) / (time * WIDENED)))


def quantile_interval(
    ordered: NDArray[np.int64], part: int, whole: int, effective: int | None = None
) -> Interval | None:
    """Return the interval of a quantile of values in ascending order.

    ``effective`` independent values say as much as all of them; all are independent where it is
    None. Returns None where the values do not carry the quantile or its interval.
    """
    count = len(ordered)
    if count < needed(part, whole):
        return None
    effective = count if effective is None else effective
    found = ranks(effective, part / whole)
    if found is None:
        return None
    low = (found[0] - 1) * count // effective
    high = -(-found[1] * count // effective) - 1
    return Interval(ordered[low], ordered[high])


def share_interval(trials: NDArray[np.bool_]) -> Interval | None:
    """Return the interval of the share of trials that are true, which are in order of time.

    Returns None without trials, and where correlated trials are too few.
    """
    count, effective = len(trials), independent(trials)
    is_correlated = effective * SHORT_TIME * WIDENED < count
    if not count or (is_correlated and effective < EFFECTIVE_SAMPLES):
        return None
    return exact_share(float(np.mean(trials)) * effective, effective)


def exact_share(found: float, count: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the share that ``found`` of ``count`` independent trials are."""
    from scipy.special import betaincinv

    beyond = (1 - confidence) / 2
    low = float(betaincinv(found, count - found + 1, beyond)) if found else 0.0
    high = float(betaincinv(found + 1, count - found, 1 - beyond)) if found < count else 1.0
    return Interval(low, high)


# How long values that follow each other resemble each other.
#
# The autocorrelation time is the number of successive values that carry as much as one
# independent value: the variance of the mean of ``n`` values is that of ``n / time`` independent
# ones (Sokal, Monte Carlo Methods in Statistical Mechanics, 1996, section 3). Two estimates err
# in different directions on short samples, so the greater one is taken: the initial monotone
# sequence of Geyer (Practical Markov Chain Monte Carlo, Statistical Science 7, 1992) and
# overlapping batch means (Meketon and Schmeiser, Winter Simulation Conference, 1984).

BATCHES = 8
"""Batches side by side; more of them are shorter, and cover less (docs/benchmarks.md)."""
FEWEST = 20
"""Values below which nothing can be estimated; they are taken to be independent."""


def autocorrelation_time(values: NDArray[np.float64]) -> float:
    """Return the time of values in order of time, in values; 1 where they are independent."""
    if len(values) < FEWEST:
        return 1.0
    centred = values - values.mean()
    variance = float(np.mean(centred * centred))
    if not variance:
        return 1.0
    return max(1.0, _initial_sequence(centred), _batches(centred) / variance)


def rank_time(values: NDArray[np.int64]) -> float:
    """Return the time of the ranks of values, which single great values do not hide."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return autocorrelation_time((np.cumsum(counts) - (counts - 1) / 2)[places])


def _initial_sequence(centred: NDArray[np.float64]) -> float:
    count = len(centred)
    spectrum = np.fft.rfft(centred, 2 * count)
    covariance = np.fft.irfft(spectrum * spectrum.conj())[: count // 2 * 2]
    pairs = covariance[::2] + covariance[1::2]
    ends = np.flatnonzero(pairs <= 0)
    pairs = np.minimum.accumulate(pairs[: ends[0]] if len(ends) else pairs)
    return 2 * float(pairs.sum()) / float(covariance[0]) - 1


def _batches(centred: NDArray[np.float64]) -> float:
    """Return the variance of the mean, times the number of values."""
    count, each = len(centred), len(centred) // BATCHES
    sums = np.concatenate(([0.0], np.cumsum(centred)))
    means = (sums[each:] - sums[:-each]) / each
    return each * count * float(np.sum(means * means)) / ((count - each) * (count - each + 1))
