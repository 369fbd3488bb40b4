"""The kinds of arrivals: the one list of them. Standard library only: agents import it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import cos, exp, log, pi, sqrt

from corridor.topologies.base.options import Option, Values
from corridor.topologies.base.registry import Registry
from corridor.traffic.workloads.arrival_kind import ArrivalKind, SplitMix64

# Gamma arrivals: a renewal process whose gaps have any coefficient of variation.
#
# Above 1 they come in bursts; at 1 they are Poisson; below 1 they are more even than that. Requests
# to language models were fitted by such gaps, a process for each client (ServeGen,
# arXiv:2505.09999). Gaps are drawn as Marsaglia and Tsang do (ACM Trans. Math. Software 26(3),
# 2000).


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


def gamma_times(
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


GAMMA = ArrivalKind(
    key="gamma",
    words="gaps of mean `interval` that vary by `cv`; above 1 in bursts",
    example="{gamma: {cv: 1.2}}",
    times=gamma_times,
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


# On/off arrivals with Pareto periods (Willinger et al., IEEE/ACM Trans. Networking 5(1), 1997).
#
# Below a shape of 2 the variance of a period is infinite, and the sum of many such demands is
# self-similar. The mean of few periods is then far from the mean that is asked for.


SHORTEST_NS = 10_000
"""Periods may not be shorter: send times would take too long to compute."""


def shortest_ns(mean_ns: int, shape: float) -> float:
    """The scale of a Pareto distribution: no period is shorter."""
    return mean_ns * (shape - 1) / shape


def period_ns(mean_ns: int, shape: float, numbers: SplitMix64) -> int:
    return round(shortest_ns(mean_ns, shape) * math.pow(numbers.unit(), -1 / shape))


def pareto_on_off_times(
    start_ns: int, interval_ns: int, count: int, numbers: SplitMix64, options: Values
) -> list[int]:
    """Packets are equally spaced in the time that is on; what is off is time added between them.

    So the mean gap is ``interval_ns`` also where periods are shorter than the spacing. Chance
    decides, by their share of time, whether the first period is on, and where in the spacing the
    first packet is.
    """
    shape, on_ns, off_ns = (options[name] for name in ("shape", "mean_on", "mean_off"))
    cycle_ns = on_ns + off_ns
    first_ns = int(numbers.unit() * interval_ns * on_ns / cycle_ns)
    starts_on = numbers.unit() * cycle_ns <= on_ns
    on_until_ns = period_ns(on_ns, shape, numbers) if starts_on else 0
    off_so_far_ns = 0
    found = []
    for packet in range(count):
        due_ns = first_ns + packet * interval_ns * on_ns // cycle_ns
        while due_ns >= on_until_ns:
            off_so_far_ns += period_ns(off_ns, shape, numbers)
            on_until_ns += period_ns(on_ns, shape, numbers)
        found.append(start_ns + off_so_far_ns + due_ns)
    return found


def pareto_on_off_problem(options: Values) -> str:
    for name in ("mean_on", "mean_off"):
        shortest = shortest_ns(options[name], options["shape"])
        if shortest < SHORTEST_NS:
            asked = f"{name} and shape allow periods of {shortest / 1000:.3g}us"
            return f"{asked}, the shortest possible is {SHORTEST_NS // 1000}us: give larger ones"
    return ""


PARETO_ON_OFF = ArrivalKind(
    key="pareto_on_off",
    words="bursts and pauses of Pareto lengths",
    example="{pareto_on_off: {mean_on: 200ms, mean_off: 800ms}}",
    times=pareto_on_off_times,
    options={
        "shape": Option("number", "of both Pareto distributions, above 1", 1.5, above=1),
        "mean_on": Option("time", "mean length of bursts", required=True, above=0),
        "mean_off": Option("time", "mean length of pauses", required=True, above=0),
    },
    problem=pareto_on_off_problem,
)


def periodic_times(
    start_ns: int, interval_ns: int, count: int, _numbers: SplitMix64, _options: Values
) -> Sequence[int]:
    """Not one after another, so that a million take no room."""
    return range(start_ns, start_ns + interval_ns * count, interval_ns)


PERIODIC = ArrivalKind(
    key="periodic",
    words="one `interval` after another (RFC 3432)",
    example="periodic",
    times=periodic_times,
    draws=False,
)


def poisson_times(
    start_ns: int, interval_ns: int, count: int, numbers: SplitMix64, _options: Values
) -> list[int]:
    """The first arrival is one gap after the start."""
    now = start_ns
    found = []
    for _ in range(count):
        now += round(-interval_ns * log(numbers.unit()))
        found.append(now)
    return found


POISSON = ArrivalKind(
    key="poisson",
    words="independent exponential gaps of mean `interval` (RFC 2330)",
    example="poisson",
    times=poisson_times,
)


KINDS = Registry(
    "corridor.arrivals",
    (GAMMA, PARETO_ON_OFF, PERIODIC, POISSON),
    of=ArrivalKind,
)
"""By their names in YAML."""
DEFAULT = PERIODIC.key

Arrival = str | dict[str, Values]
"""As plans write it: a kind's name, or that name with its options, ``{"name": {...}}``."""


def parts_of(arrival: Arrival) -> tuple[ArrivalKind, Values]:
    """The kind and the options; ValueError for a kind that is not known."""
    named: dict[str, Values] = {arrival: {}} if isinstance(arrival, str) else arrival
    ((name, options),) = named.items()
    if name not in KINDS:
        raise ValueError(f"arrival {name!r} is unknown: there are {', '.join(KINDS)}")
    return KINDS[name], options


def send_times(
    arrival: Arrival, start_ns: int, interval_ns: int, count: int, seed: int = 0
) -> Sequence[int]:
    """The intended send times of one demand, in order; ValueError for a kind that is not known."""
    kind, options = parts_of(arrival)
    return kind.times(start_ns, interval_ns, count, SplitMix64(seed), options)
