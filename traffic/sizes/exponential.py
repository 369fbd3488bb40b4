"""Exponential sizes: many small, few large, as the service times of M/M/1 are."""

from __future__ import annotations

from math import log

from corridor.topologies.base.options import Option, Values
from corridor.traffic.arrivals.kind import SplitMix64
from corridor.traffic.sizes.kind import SizeKind


def draw(numbers: SplitMix64, options: Values) -> float:
    return float(-options["mean"] * log(numbers.unit()))


def mean(options: Values) -> float:
    return float(options["mean"])


KIND = SizeKind(
    name="exponential",
    words="as the service times of M/M/1 are",
    example="{exponential: {mean: 20kB}}",
    draw=draw,
    mean=mean,
    options={"mean": Option("size", "of all", required=True, above=0)},
)
