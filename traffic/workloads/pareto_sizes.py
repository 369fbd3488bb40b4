"""Pareto sizes: few are so large that they are most of the traffic."""

from __future__ import annotations

from corridor.topologies.base.options import Option, Values
from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.size_kind import SizeKind


def draw(numbers: SplitMix64, options: Values) -> float:
    return float(options["least"] * numbers.unit() ** (-1 / options["alpha"]))


def mean(options: Values) -> float:
    alpha = options["alpha"]
    return float(options["least"] * alpha / (alpha - 1))


KIND = SizeKind(
    key="pareto",
    words="Pareto distributed: few very large",
    example="{pareto: {least: 10kB, alpha: 1.5}}",
    draw=draw,
    mean=mean,
    options={
        "least": Option("size", "minimum size", required=True, above=0),
        "alpha": Option("number", "tail index, above 1", required=True, above=1),
    },
)
