"""What draws come to: intervals, shares, and what would narrow them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corridor.topologies.analysis.monte_carlo import Floats

CONFIDENCE = 0.9
BINS = 20
FEWEST_FOR_SENSITIVITY = 400
"""Below 20 draws a bin, chance outweighs what is looked for."""


@dataclass(frozen=True)
class Interval:
    """The middle 90 % of some draws, and their median, in ms."""

    low_ms: float
    median_ms: float
    high_ms: float

    @property
    def width_ms(self) -> float:
        return self.high_ms - self.low_ms

    def __str__(self) -> str:
        return f"{self.low_ms:.1f} to {self.high_ms:.1f} ms"


def interval_of(values_ns: npt.NDArray[np.int64] | Floats) -> Interval:
    """Of at least one draw, in ns."""
    tail = (1 - CONFIDENCE) / 2
    ordered: list[float] = np.sort(values_ns).tolist()
    low, median, high = (_quantile(ordered, part) / 1e6 for part in (tail, 0.5, 1 - tail))
    return Interval(round(low, 3), round(median, 3), round(high, 3))


def _quantile(ordered: Sequence[float], part: float) -> float:
    """As ``np.quantile`` computes it, to the last bit. That imports masked arrays, which takes
    longer than all intervals of a small map."""
    at = (len(ordered) - 1) * part
    number = math.floor(at)
    below, above = ordered[number], ordered[min(number + 1, len(ordered) - 1)]
    beyond, gap = at - number, above - below
    return above - gap * (1 - beyond) if beyond >= 0.5 else below + gap * beyond


@dataclass(frozen=True)
class Influence:
    """What knowing one input exactly would do."""

    input: str
    """A fibre, whose length it is, or a number that all share."""
    variance_share: float
    """Of a round trip: the part of its variance that this input alone explains."""
    width_ms: float
    """Of the 90 % interval, on average, once the input is known."""
    set_share: float
    """Likewise of whether the set of jurisdictions is the expected one; 0 if it always is."""


def influences(
    inputs: Mapping[str, Floats], rtt_ns: Floats, as_expected: npt.NDArray[np.bool_]
) -> tuple[Influence, ...]:
    """By input, most influential on the round trip or the set first.

    First-order sensitivity from given draws (Plischke, Borgonovo and Smith 2013): draws are sorted
    into bins of equal size by an input; the variance of the bins' means over that of all, less what
    chance alone would give, is its share. Raises ValueError for fewer than 400 draws.
    """
    draws = len(rtt_ns)
    if draws < FEWEST_FOR_SENSITIVITY:
        raise ValueError(f"sensitivity needs {FEWEST_FOR_SENSITIVITY} draws, not {draws}")
    met = as_expected.astype(np.float64)
    found = []
    for name, numbers in inputs.items():
        bins = np.array_split(np.argsort(numbers, kind="stable"), BINS)
        widths = [interval_of(rtt_ns[one]).width_ms for one in bins]
        found.append(
            Influence(
                name,
                round(_explained(rtt_ns, bins), 4),
                round(float(np.mean(widths)), 3),
                round(_explained(met, bins), 4),
            )
        )
    found.sort(key=lambda one: (-max(one.variance_share, one.set_share), one.input))
    return tuple(found)


def _explained(values: Floats, bins: list[npt.NDArray[np.int64]]) -> float:
    """The share of variance between bins, without the part that chance gives."""
    whole = float(values.var())
    if whole == 0:
        return 0.0
    means = np.array([values[one].mean() for one in bins])
    sizes = np.array([len(one) for one in bins])
    between = float((sizes * (means - values.mean()) ** 2).sum() / len(values)) / whole
    chance = (len(bins) - 1) / (len(values) - 1)
    return max(0.0, (between - chance) / (1 - chance))
