"""How long values that follow each other resemble each other. Pure.

The autocorrelation time is the number of successive values that carry as much as one independent
value: the variance of the mean of ``n`` values is that of ``n / time`` independent ones (Sokal,
Monte Carlo Methods in Statistical Mechanics, 1996, section 3). Two estimates err in different
directions on short samples, so the greater one is taken: the initial monotone sequence of Geyer
(Practical Markov Chain Monte Carlo, Statistical Science 7, 1992) and overlapping batch means
(Meketon and Schmeiser, Winter Simulation Conference, 1984).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
