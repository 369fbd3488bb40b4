"""Sizes by the quantiles of a sample: straight between two of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from corridor.topologies.base.options import Option, Values
from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.size_kind import SizeKind

type Points = Mapping[str, int]
"""Octets by the probability of less, from p0 to p100."""


def points_of(options: Values) -> list[tuple[float, int]]:
    """Probabilities, from 0 to 1, with their sizes, in order."""
    return sorted((float(name[1:]) / 100, octets) for name, octets in options["points"].items())


def draw(numbers: SplitMix64, options: Values) -> float:
    at, points = numbers.unit(), points_of(options)
    for (low, least), (high, most) in pairwise(points):
        if at <= high:
            return least + (most - least) * (at - low) / (high - low)
    return float(points[-1][1])


def mean(options: Values) -> float:
    return sum(
        (high - low) * (least + most) / 2
        for (low, least), (high, most) in pairwise(points_of(options))
    )


def problem(options: Values) -> str:
    points = points_of(options)
    if points[0][0] != 0 or points[-1][0] != 1:
        return "points need p0, the minimum, and p100, the maximum"
    if len({at for at, _ in points}) < len(points):
        return "points have one probability twice"
    if any(later < sooner for (_, sooner), (_, later) in pairwise(points)):
        return "points fall: a higher quantile cannot be smaller"
    return ""


KIND = SizeKind(
    key="quantiles",
    words="by quantiles, interpolated linearly",
    example="{quantiles: {points: {p0: 40B, p50: 4kB, p100: 60kB}}}",
    draw=draw,
    mean=mean,
    options={"points": Option("points", "sizes by `p` and the percent below", required=True)},
    problem=problem,
)
