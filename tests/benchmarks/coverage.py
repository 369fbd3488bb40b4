"""How often intervals of studies hold the truth: ``python -m tests.benchmarks.coverage``.

The case is one whose truth is known: the mean wait before a fibre with Poisson arrivals of packets
of one size, M/D/1. A run is a queue of its own seed, by the emulator's own arrivals and Lindley's
recursion: no guest runs. Its value is the mean wait of its packets, which depend on each other and
are skewed, as values of real runs are. The interval is that of ``study.intervals``, over runs.

Next to it, the difference between two loads: with the same seeds in both, and with others.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import cache
from math import sqrt
from typing import NamedTuple

import numpy as np

from corridor.experiments.study.intervals import difference, estimate
from corridor.topologies.base.seeds import seed_of
from corridor.traffic.measures.quantiles import Interval
from corridor.traffic.workloads import arrivals
from corridor.traffic.workloads.arrival_kind import SplitMix64
from tests.benchmarks.theory_of_waiting import md1_mean_s

SERVICE_NS = 1_000_000
LOAD, OTHER_LOAD = 0.6, 0.66
WARM_UP, PACKETS = 300, 600
"""A queue begins empty: packets of the warm-up are in no mean."""
REPETITIONS, RUNS = 200, (5, 10, 40)


class Covered(NamedTuple):
    repetitions: int
    held: int
    """Intervals that hold the truth."""
    width: float
    """Of the intervals, on average, as a share of the truth."""

    @property
    def share(self) -> float:
        return self.held / self.repetitions

    @property
    def within_chance(self) -> bool:
        """Whether a true 95 % would give this share in 99 of 100 times or so."""
        return abs(self.share - 0.95) <= 2.6 * sqrt(0.95 * 0.05 / self.repetitions)


@cache
def mean_wait_ms(load: float, seed: int) -> float:
    """Of one run."""
    count = WARM_UP + PACKETS
    at_ns = np.array(
        arrivals.poisson_times(0, round(SERVICE_NS / load), count, SplitMix64(seed), {})
    )
    sum_ns = np.concatenate(([0], np.cumsum(SERVICE_NS - np.diff(at_ns))))
    waits_ns = sum_ns - np.minimum.accumulate(sum_ns)
    return float(waits_ns[WARM_UP:].mean()) / 1e6


def truth_ms(load: float) -> float:
    return md1_mean_s(load, SERVICE_NS / 1e9) * 1e3


def of_means(runs: int, repetitions: int = REPETITIONS) -> Covered:
    truth = truth_ms(LOAD)
    every = (_values(LOAD, "one", number, runs) for number in range(repetitions))
    found = [estimate(values).mean_within for values in every]
    return _covered(found, truth)


def of_differences(runs: int, repetitions: int = REPETITIONS) -> tuple[Covered, Covered]:
    """Seed by seed, and as other seeds for either would have it."""
    truth = truth_ms(OTHER_LOAD) - truth_ms(LOAD)
    paired, different = [], []
    for number in range(repetitions):
        one, same, other = (
            _values(load, name, number, runs)
            for load, name in ((LOAD, "one"), (OTHER_LOAD, "one"), (OTHER_LOAD, "other"))
        )
        paired.append(difference(one, same).within)
        different.append(difference(one, other).unpaired_within)
    return _covered(paired, truth), _covered(different, truth)


def _values(load: float, name: str, repetition: int, runs: int) -> Sequence[float]:
    seeds = (seed_of(1, "coverage", name, str(repetition), str(run)) for run in range(runs))
    return [mean_wait_ms(load, seed) for seed in seeds]


def _covered(found: Sequence[Interval | None], truth: float) -> Covered:
    known = [one for one in found if one is not None]
    assert len(known) == len(found)
    width = sum(one.high - one.low for one in known) / len(known) / truth
    return Covered(len(known), sum(one.holds(truth) for one in known), width)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    args = parser.parse_args()
    print(f"M/D/1, load {LOAD}: the mean wait is {truth_ms(LOAD):.4f} ms")
    for runs in RUNS:
        _print(f"{runs} runs, mean", of_means(runs, args.repetitions))
    more = truth_ms(OTHER_LOAD) - truth_ms(LOAD)
    print(f"load {LOAD} to {OTHER_LOAD}: {more:.4f} ms more")
    for runs in RUNS:
        paired, different = of_differences(runs, args.repetitions)
        _print(f"{runs} seeds, the same", paired)
        _print(f"{runs} seeds, others", different)
        print(f"  {different.width / paired.width:.2f} times as wide")


def _print(what: str, of: Covered) -> None:
    chance = "" if of.within_chance else ", which chance does not explain"
    held = f"{of.held} of {of.repetitions} hold it ({of.share:.1%})"
    print(f"{what}: {held}{chance}, {of.width:.1%} wide", flush=True)


if __name__ == "__main__":
    main()
