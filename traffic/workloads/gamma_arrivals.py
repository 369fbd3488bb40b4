"""Gamma arrivals: a renewal process whose gaps have any coefficient of variation.

Above 1 they come in bursts; at 1 they are Poisson; below 1 they are more even than that. Requests
to language models were fitted by such gaps, a process for each client (ServeGen,
arXiv:2505.09999). Gaps are drawn as Marsaglia and Tsang do (ACM Trans. Math. Software 26(3), 2000).
"""

from __future__ import annotations

from math import cos, exp, log, pi, sqrt

from corridor.topologies.base.options import Option, Values
from corridor.traffic.workloads.arrival_kind import ArrivalKind, SplitMix64

MOST_VARIATION = 50


def normal(numbers: SplitMix64) -> float:
    """Standard normal, by Box and Muller."""
    return sqrt(-2 * log(numbers.unit())) * cos(2 * pi * numbers.unit())


def gamma(shape: float, numbers: SplitMix64) -> float:
    """Of scale 1, so that its mean is ``shape``."""
    if shape < 1:
        return gamma(shape + 1, numbers) * exp(log(numbers.unit()) / shape)
    d = shape - 1 / 3
    c = 1 / sqrt(9 * d)
    while True:
        x = normal(numbers)
        v = (1 + c * x) ** 3
        if v > 0 and log(numbers.unit()) < x * x / 2 + d - d * v + d * log(v):
            return d * v


def times(
    start_ns: int, interval_ns: int, count: int, numbers: SplitMix64, options: Values
) -> list[int]:
    """The first arrival is one gap after the start."""
    shape = options["cv"] ** -2
    scale_ns = interval_ns / shape
    now = start_ns
    found = []
    for _ in range(count):
        now += round(scale_ns * gamma(shape, numbers))
        found.append(now)
    return found


KIND = ArrivalKind(
    key="gamma",
    words="gaps of mean `interval` that vary by `cv`; above 1 in bursts",
    example="{gamma: {cv: 1.2}}",
    times=times,
    options={
        "cv": Option(
            "number",
            "coefficient of variation of the gaps",
            required=True,
            above=0,
            most=MOST_VARIATION,
        ),
    },
)
