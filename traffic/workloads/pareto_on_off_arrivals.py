"""On/off arrivals with Pareto periods (Willinger et al., IEEE/ACM Trans. Networking 5(1), 1997).

Below a shape of 2 the variance of a period is infinite, and the sum of many such demands is
self-similar. The mean of few periods is then far from the mean that is asked for.
"""

from __future__ import annotations

import math

from corridor.topologies.base.options import Option, Values
from corridor.traffic.workloads.arrival_kind import ArrivalKind, SplitMix64

SHORTEST_NS = 10_000
"""Periods may not be shorter: send times would take too long to compute."""


def shortest_ns(mean_ns: int, shape: float) -> float:
    """The scale of a Pareto distribution: no period is shorter."""
    return mean_ns * (shape - 1) / shape


def period_ns(mean_ns: int, shape: float, numbers: SplitMix64) -> int:
    return round(shortest_ns(mean_ns, shape) * math.pow(numbers.unit(), -1 / shape))


def times(
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


def problem(options: Values) -> str:
    for name in ("mean_on", "mean_off"):
        shortest = shortest_ns(options[name], options["shape"])
        if shortest < SHORTEST_NS:
            asked = f"{name} and shape allow periods of {shortest / 1000:.3g}us"
            return f"{asked}, the shortest possible is {SHORTEST_NS // 1000}us: give larger ones"
    return ""


KIND = ArrivalKind(
    key="pareto_on_off",
    words="bursts and pauses of Pareto lengths",
    example="{pareto_on_off: {mean_on: 200ms, mean_off: 800ms}}",
    times=times,
    options={
        "shape": Option("number", "of both Pareto distributions, above 1", 1.5, above=1),
        "mean_on": Option("time", "mean length of bursts", required=True, above=0),
        "mean_off": Option("time", "mean length of pauses", required=True, above=0),
    },
    problem=problem,
)
