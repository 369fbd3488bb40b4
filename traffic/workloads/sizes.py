"""The kinds of sizes: the one list of them. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import exp, log
from typing import NamedTuple

from corridor.topologies.base.options import Option, Values
from corridor.topologies.base.registry import Registry
from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.arrivals import normal
from corridor.traffic.workloads.size_kind import SizeKind


def draw_constant(_numbers: SplitMix64, options: Values) -> float:
    return float(options["octets"])


def mean_of_constant(options: Values) -> float:
    return float(options["octets"])


CONSTANT_SIZE = SizeKind(
    key="constant",
    words="all equal; a single size means the same",
    example="{constant: {octets: 782GB}}",
    draw=draw_constant,
    mean=mean_of_constant,
    options={"octets": Option("size", "size of each message", required=True, above=0)},
)


def draw_exponential(numbers: SplitMix64, options: Values) -> float:
    return float(-options["mean"] * log(numbers.unit()))


def mean_of_exponential(options: Values) -> float:
    return float(options["mean"])


EXPONENTIAL = SizeKind(
    key="exponential",
    words="exponentially distributed",
    example="{exponential: {mean: 20kB}}",
    draw=draw_exponential,
    mean=mean_of_exponential,
    options={"mean": Option("size", "mean size", required=True, above=0)},
)


def draw_lognormal(numbers: SplitMix64, options: Values) -> float:
    return float(options["median"] * exp(options["sigma"] * normal(numbers)))


def mean_of_lognormal(options: Values) -> float:
    return float(options["median"] * exp(options["sigma"] ** 2 / 2))


LOGNORMAL = SizeKind(
    key="lognormal",
    words="lognormally distributed",
    example="{lognormal: {median: 3kB, sigma: 0.99}}",
    draw=draw_lognormal,
    mean=mean_of_lognormal,
    options={
        "median": Option("size", "median size", required=True, above=0),
        "sigma": Option(
            "number", "standard deviation of the logarithm", required=True, above=0, most=5
        ),
    },
)


def draw_pareto(numbers: SplitMix64, options: Values) -> float:
    return float(options["least"] * numbers.unit() ** (-1 / options["alpha"]))


def mean_of_pareto(options: Values) -> float:
    alpha = options["alpha"]
    return float(options["least"] * alpha / (alpha - 1))


PARETO = SizeKind(
    key="pareto",
    words="Pareto distributed: few very large",
    example="{pareto: {least: 10kB, alpha: 1.5}}",
    draw=draw_pareto,
    mean=mean_of_pareto,
    options={
        "least": Option("size", "minimum size", required=True, above=0),
        "alpha": Option("number", "tail index, above 1", required=True, above=1),
    },
)


type Points = Mapping[str, int]
"""Octets by the probability of less, from p0 to p100."""


def points_of(options: Values) -> list[tuple[float, int]]:
    """Probabilities, from 0 to 1, with their sizes, in order."""
    return sorted((float(name[1:]) / 100, octets) for name, octets in options["points"].items())


def draw_quantile(numbers: SplitMix64, options: Values) -> float:
    at, points = numbers.unit(), points_of(options)
    for (low, least), (high, most) in pairwise(points):
        if at <= high:
            return least + (most - least) * (at - low) / (high - low)
    return float(points[-1][1])


def mean_of_quantile(options: Values) -> float:
    return sum(
        (high - low) * (least + most) / 2
        for (low, least), (high, most) in pairwise(points_of(options))
    )


def quantile_problem(options: Values) -> str:
    points = points_of(options)
    if points[0][0] != 0 or points[-1][0] != 1:
        return "points need p0, the minimum, and p100, the maximum"
    if len({at for at, _ in points}) < len(points):
        return "points have one probability twice"
    if any(later < sooner for (_, sooner), (_, later) in pairwise(points)):
        return "points fall: a higher quantile cannot be smaller"
    return ""


QUANTILE = SizeKind(
    key="quantiles",
    words="by quantiles, interpolated linearly",
    example="{quantiles: {points: {p0: 40B, p50: 4kB, p100: 60kB}}}",
    draw=draw_quantile,
    mean=mean_of_quantile,
    options={"points": Option("points", "sizes by `p` and the percent below", required=True)},
    problem=quantile_problem,
)


READ = "read"
"""The option under which planning puts what the file holds: octets."""


def draw_sampled(numbers: SplitMix64, options: Values) -> float:
    sizes = options[READ]
    return float(sizes[min(len(sizes) - 1, int(numbers.unit() * len(sizes)))])


def mean_of_sampled(options: Values) -> float:
    sizes = options[READ]
    return sum(sizes) / len(sizes)


SAMPLED = SizeKind(
    key="sample",
    words="drawn uniformly from a file of sizes",
    example="{sample: {file: sizes.csv, column: bytes}}",
    draw=draw_sampled,
    mean=mean_of_sampled,
    options={
        "file": Option("file", "a CSV file, relative to the scenario", required=True),
        "column": Option("name", "heading of the column of octets", required=True),
    },
)


KINDS = Registry(
    "corridor.sizes",
    (CONSTANT_SIZE, EXPONENTIAL, LOGNORMAL, PARETO, QUANTILE, SAMPLED),
    of=SizeKind,
)
"""By their names in YAML."""
CONSTANT = CONSTANT_SIZE.key


class Sizes(NamedTuple):
    """A kind with its options."""

    kind: SizeKind
    options: Values

    def draw(self, numbers: SplitMix64) -> float:
        return self.kind.draw(numbers, self.options)

    @property
    def mean(self) -> float:
        return self.kind.mean(self.options)
