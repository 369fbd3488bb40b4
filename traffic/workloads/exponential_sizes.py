"""Exponential sizes: many small, few large, exponentially distributed."""

from __future__ import annotations

from math import log

from corridor.topologies.base.options import Option, Values
from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.size_kind import SizeKind


def draw(numbers: SplitMix64, options: Values) -> float:
    return float(-options["mean"] * log(numbers.unit()))


def mean(options: Values) -> float:
    return float(options["mean"])


KIND = SizeKind(
    key="exponential",
    words="exponentially distributed",
    example="{exponential: {mean: 20kB}}",
    draw=draw,
    mean=mean,
    options={"mean": Option("size", "mean size", required=True, above=0)},
)
