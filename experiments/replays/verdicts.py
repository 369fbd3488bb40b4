"""Compares computed figures with published ones. Pure.

There are two questions. Does the published figure lie in the interval that the uncertainty of the
traffic matrix allows (the verdict)? And in how many samples is the conclusion that of the best
estimate (the agreement)?
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from corridor.experiments.replays.outages import Range
from corridor.traffic.background.sampled import QUANTILES

type Verdict = Literal["within", "off", "not-published", "not-computed"]
TOLERANCE = 0.25
"""Of a published figure without a tolerance: proposed by this project."""
LEAST = 1.0
"""Gbit/s, percent or ms that count as nothing when samples are compared with a published zero."""
ROUNDING = 0.025
"""A printed figure is rounded by up to this share of it."""


class Judged(NamedTuple):
    """The comparison of one figure."""

    verdict: Verdict
    off: float | None
    """Computed minus the nearest published value, in the unit of the figure; 0 within a published
    range. None where there is nothing to compare."""
    error: float | None
    """The same as a share of the published value, without sign; None of a published zero."""
    agreement: float | None
    """Share of the samples that agree with the published figure, within its tolerance, as the best
    estimate does."""
    agrees: bool | None = None
    """Whether the best estimate does; None where there is nothing to compare."""


def interval_of(samples: Sequence[float]) -> Range | None:
    """Return the 5 % and 95 % quantiles of the samples; None without samples."""
    if not samples:
        return None
    low, high = (round(float(np.quantile(samples, share)), 4) for share in QUANTILES)
    return Range(low, high)


def judge(
    published: Range | None,
    computed: float | None,
    samples: Sequence[float] = (),
    tolerance: Range | None = None,
) -> Judged:
    """Compare a computed figure with a published one.

    Args:
        published: The published value or range; None if nothing was published.
        computed: The best estimate, in the same unit; None if it cannot be computed.
        samples: The figure of each random traffic matrix.
        tolerance: Values that count as agreement; default: a quarter around the published range.

    Returns:
        ``within`` if the published range and the interval of the samples, or without samples the
        best estimate, have a value in common, otherwise ``off``.
    """
    if computed is None:
        return Judged("not-computed", None, None, None)
    if published is None:
        more = [one > LEAST for one in samples]
        return Judged("not-published", None, None, _same(more, computed > LEAST))
    off = computed - min(max(computed, published.low), published.high)
    band = tolerance or tolerated(published)
    low, high = interval_of(samples) or Range(computed, computed)
    rounding = ROUNDING * abs(published.middle)
    agrees = band.low <= computed <= band.high
    same = [band.low <= one <= band.high for one in samples]
    return Judged(
        "within"
        if low - rounding <= published.high and published.low <= high + rounding
        else "off",
        off,
        None if published.middle == 0 else abs(off) / abs(published.middle),
        _same(same, agrees),
        agrees,
    )


def tolerated(published: Range) -> Range:
    """Return a quarter around a published range, and at least what counts as nothing."""
    less, more = (max(TOLERANCE * abs(one), LEAST) for one in published)
    return Range(published.low - less, published.high + more)


def median_error(errors: Sequence[float | None]) -> float | None:
    """Return the median of the errors that there are, as a share."""
    known = [one for one in errors if one is not None]
    return statistics.median(known) if known else None


def _same(answers: Sequence[bool], answer: bool) -> float | None:
    return sum(one == answer for one in answers) / len(answers) if answers else None
