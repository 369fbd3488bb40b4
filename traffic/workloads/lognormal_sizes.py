"""Lognormal sizes: the logarithm is normal, as that of many files and prompts is."""

from __future__ import annotations

from math import exp

from corridor.topologies.base.options import Option, Values
from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.gamma_arrivals import normal
from corridor.traffic.workloads.size_kind import SizeKind


def draw(numbers: SplitMix64, options: Values) -> float:
    return float(options["median"] * exp(options["sigma"] * normal(numbers)))


def mean(options: Values) -> float:
    return float(options["median"] * exp(options["sigma"] ** 2 / 2))


KIND = SizeKind(
    key="lognormal",
    words="lognormally distributed",
    example="{lognormal: {median: 3kB, sigma: 0.99}}",
    draw=draw,
    mean=mean,
    options={
        "median": Option("size", "median size", required=True, above=0),
        "sigma": Option(
            "number", "standard deviation of the logarithm", required=True, above=0, most=5
        ),
    },
)
