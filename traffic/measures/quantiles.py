"""What a sample says of a quantile, a share or a mean, and how surely. Pure.

An interval of a quantile lies between two order statistics (David and Nagaraja, Order Statistics,
section 7.1): the number of values below the true quantile is binomial, whatever the distribution,
so its coverage is at least what is asked for and rests on no model. One of a share is Clopper and
Pearson's (Biometrika 26, 1934), exact likewise. Both take the values to be independent; those of a
queue are not: of them, use ``mean_of_batches``, or one value from each of many runs.
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
"""Those that are told, as part and whole."""


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


def quantile_interval(
    ordered: NDArray[np.int64], part: int, whole: int, confidence: float = CONFIDENCE
) -> Interval | None:
    """Of values in ascending order; None where they do not carry the quantile or its interval."""
    count = len(ordered)
    if count < needed(part, whole):
        return None
    found = ranks(count, part / whole, confidence)
    return None if found is None else Interval(ordered[found[0] - 1], ordered[found[1] - 1])


def intervals(values: NDArray[np.int64]) -> dict[str, Interval | None]:
    """Of each of ``QUANTILES``, by name."""
    ordered = np.sort(values)
    return {name_of(*one): quantile_interval(ordered, *one) for one in QUANTILES}


def share_interval(found: int, count: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Of the share that ``found`` of ``count`` independent trials are; None of no trial."""
    from scipy.special import betaincinv

    if not count:
        return None
    beyond = (1 - confidence) / 2
    low = float(betaincinv(found, count - found + 1, beyond)) if found else 0.0
    high = float(betaincinv(found + 1, count - found, 1 - beyond)) if found < count else 1.0
    return Interval(low, high)


def mean_of_batches(
    values: NDArray[np.float64], batches: int = 20, confidence: float = CONFIDENCE
) -> Interval | None:
    """Of the mean of correlated values in order of time, by the means of batches of them (Law,
    Simulation Modeling and Analysis, section 9.5.3); None of fewer values than two a batch.

    Batches have to be much longer than the correlation lasts: the coverage is less otherwise.
    """
    from scipy.special import stdtrit

    each = len(values) // batches
    if each < 2:
        return None
    means = values[: each * batches].reshape(batches, each).mean(axis=1)
    spread = float(stdtrit(batches - 1, (1 + confidence) / 2))
    half = spread * float(means.std(ddof=1)) / batches**0.5
    return Interval(float(means.mean()) - half, float(means.mean()) + half)
