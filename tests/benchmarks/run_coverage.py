"""How often intervals of one run hold the truth: ``python -m tests.benchmarks.run_coverage``.

Four queues at three loads, without a guest: Lindley's recursion, and for classes a server that
takes the upper class first. Each of many runs begins empty, is warmed up and then has so many
probes; the truth is that of one queue that is far longer. Waits are in times of a mean packet.

- M/D/1 and M/G/1: probes are the load, as in ``tests.benchmarks.queues``; of M/G/1 those of the
  small size are judged, which are 80 % of its packets.
- priority: two classes of packets of one size, each half of the load; the lower one is judged.
- on-off: eight sources of bursts fill the queue; probes come every 20 packet times, beside them.

Four methods: values taken to be independent; Student's t over quantiles of 20 batches; a circular
block bootstrap, whose blocks Politis and White's rule makes long; and what the product does.
"""

from __future__ import annotations

import argparse
import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from scipy.special import stdtrit

from corridor.traffic.measures.quantiles import (
    CONFIDENCE,
    QUANTILES,
    Interval,
    intervals,
    name_of,
    quantile_interval,
)

type Values = NDArray[np.float64]
type Queue = Callable[[float, int, Generator], Values]
"""Waits of a number of probes in order of time, at a load."""
type Method = Callable[[NDArray[np.int64]], Mapping[str, Interval | None]]

LOADS, RUNS, PROBES, SEED = (0.3, 0.6, 0.9), 200, 1000, 1
WARM_UP, TRUE_PROBES = 5_000, 2_000_000
UNIT_NS = 1_000_000
SMALL, LARGE, LARGE_SHARE = 86, 1514, 0.2
SOURCES, ON, OFF, EVERY = 8, 20.0, 60.0, 20.0
BATCHES, RESAMPLES = 20, 300


def waits(gaps: Values, services: Values) -> Values:
    """Lindley's recursion, from an empty queue: the gap before each packet, and its service."""
    steps = np.concatenate(([0.0], np.cumsum(services[:-1] - gaps[1:])))
    return steps - np.minimum.accumulate(steps)


def md1(load: float, count: int, numbers: Generator) -> Values:
    return waits(numbers.exponential(1 / load, count), np.ones(count))


def mg1(load: float, count: int, numbers: Generator) -> Values:
    packets = round(count / (1 - LARGE_SHARE) * 1.05) + 100
    is_large = numbers.random(packets) < LARGE_SHARE
    octets = np.where(is_large, float(LARGE), float(SMALL))
    services = octets / ((1 - LARGE_SHARE) * SMALL + LARGE_SHARE * LARGE)
    return waits(numbers.exponential(1 / load, packets), services)[~is_large][:count]


def priority(load: float, count: int, numbers: Generator) -> Values:
    packets = round(2 * count * 1.05) + 200
    at = np.cumsum(numbers.exponential(1 / load, packets)).tolist()
    is_low = numbers.random(packets) < 0.5
    found, waiting, next_one, now = np.zeros(packets), list[tuple[bool, int]](), 0, 0.0
    while next_one < packets or waiting:
        if not waiting:
            now = max(now, at[next_one])
        while next_one < packets and at[next_one] <= now:
            heapq.heappush(waiting, (bool(is_low[next_one]), next_one))
            next_one += 1
        one = heapq.heappop(waiting)[1]
        found[one] = now - at[one]
        now += 1
    return found[is_low][:count]


def on_off(load: float, count: int, numbers: Generator) -> Values:
    ends = count * EVERY
    at = np.sort(np.concatenate([_bursts(load / SOURCES, ends, numbers) for _ in range(SOURCES)]))
    left = waits(np.diff(at, prepend=0.0), np.ones(len(at))) + 1  # behind each packet
    probes = np.arange(count) * EVERY
    before = np.searchsorted(at, probes) - 1
    since = probes - at[np.maximum(before, 0)]
    return np.where(before < 0, 0.0, np.maximum(left[np.maximum(before, 0)] - since, 0.0))


def _bursts(load: float, ends: float, numbers: Generator) -> Values:
    cycles = int(ends / (ON + OFF) * 1.3) + 100
    on, off = numbers.exponential(ON, cycles), numbers.exponential(OFF, cycles)
    packets = numbers.poisson(on * load * (ON + OFF) / ON)
    begins = np.repeat(np.cumsum(on + off) - on, packets)
    at = begins + numbers.random(packets.sum()) * np.repeat(on, packets)
    return at[at < ends]


QUEUES: Mapping[str, Queue] = {"M/D/1": md1, "M/G/1": mg1, "priority": priority, "on-off": on_off}


def independent(values: NDArray[np.int64]) -> Mapping[str, Interval | None]:
    ordered = np.sort(values)
    return {name_of(*one): quantile_interval(ordered, *one) for one in QUANTILES}


def batches(values: NDArray[np.int64]) -> Mapping[str, Interval | None]:
    each = len(values) // BATCHES
    rows = values[: each * BATCHES].reshape(BATCHES, each)
    spread = float(stdtrit(BATCHES - 1, (1 + CONFIDENCE) / 2)) / BATCHES**0.5
    found = {}
    for part, whole in QUANTILES:
        middle = float(np.quantile(values, part / whole))
        half = spread * float(np.quantile(rows, part / whole, axis=1).std(ddof=1))
        found[name_of(part, whole)] = Interval(middle - half, middle + half)
    return found


def bootstrap(values: NDArray[np.int64]) -> Mapping[str, Interval | None]:
    count, found = len(values), {}
    for part, whole in QUANTILES:
        is_below = values <= np.quantile(values, part / whole, method="inverted_cdf")
        block = _block(is_below.astype(float))
        begins = default_rng(SEED).integers(0, count, (RESAMPLES, -(-count // block)))
        places = (begins[:, :, None] + np.arange(block)).reshape(RESAMPLES, -1)[:, :count] % count
        drawn = np.sort(values[places], axis=1)[:, count * part // whole]
        low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        found[name_of(part, whole)] = Interval(float(low), float(high))
    return found


def _block(values: Values) -> int:
    """Politis and White, Econometric Reviews 23, 2004: how long blocks should be."""
    count = len(values)
    centred = values - values.mean()
    if not centred.any():
        return 1
    spectrum = np.fft.rfft(centred, 2 * count)
    covariance = np.fft.irfft(spectrum * spectrum.conj())[:count] / count
    small = 2 * (np.log10(count) / count) ** 0.5 * covariance[0]
    most = min(count // 3, int(count**0.5) + 5)
    settled = (n for n in range(1, most) if np.all(np.abs(covariance[n : n + 5]) < small))
    width = 2 * next(settled, most)
    lags = np.arange(1, width + 1)
    window = np.minimum(1.0, 2 * (1 - lags / width))
    weighted = window * covariance[1 : width + 1]
    slope = 2 * float(np.sum(lags * weighted))
    level = 4 / 3 * (covariance[0] + 2 * float(np.sum(weighted))) ** 2
    length = (2 * slope**2 / level * count) ** (1 / 3) if level else 1.0
    return int(max(1, min(length, count / 4)))


def of_product(values: NDArray[np.int64]) -> Mapping[str, Interval | None]:
    return intervals(values, len(values) * UNIT_NS).found


METHODS: Mapping[str, Method] = {
    "independent": independent,
    "batches": batches,
    "bootstrap": bootstrap,
    "product": of_product,
}


class Coverage(NamedTuple):
    runs: int
    given: int
    """Runs that have an interval."""
    held: int
    """Of these, those whose interval holds the truth."""

    @property
    def missed(self) -> int:
        return self.given - self.held


def truth_ns(queue: Queue, load: float, probes: int = TRUE_PROBES) -> dict[str, float]:
    """Of one long queue, by the name of a quantile."""
    values = _ns(queue(load, probes + WARM_UP, default_rng([SEED, 0])))[WARM_UP:]
    shares = {name_of(*one): one[0] / one[1] for one in QUANTILES}
    return {
        name: float(np.quantile(values, share, method="inverted_cdf"))
        for name, share in shares.items()
    }


def coverage(
    queue: Queue,
    load: float,
    methods: Mapping[str, Method],
    probes: int = PROBES,
    runs: int = RUNS,
    truth: Mapping[str, float] | None = None,
) -> dict[tuple[str, str], Coverage]:
    """By method and quantile."""
    truth = truth_ns(queue, load) if truth is None else truth
    given, held = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for run in range(runs):
        waited = queue(load, WARM_UP + probes, default_rng([SEED, 1, run]))
        values = _ns(waited)[WARM_UP:]
        for method, found in ((name, one(values)) for name, one in methods.items()):
            for name, interval in found.items():
                given[method, name] += interval is not None
                held[method, name] += interval is not None and interval.holds(truth[name])
    names = [name_of(*one) for one in QUANTILES]
    keys = [(method, name) for method in methods for name in names]
    return {key: Coverage(runs, given[key], held[key]) for key in keys}


def _ns(waited: Values) -> NDArray[np.int64]:
    return np.round(waited * UNIT_NS).astype(np.int64)


def rows(probes: int, runs: int) -> Iterator[str]:
    """A line of Markdown a cell: in each column, runs with an interval that holds the truth of
    those with one, p50 and p95 and p99."""
    for name, queue in QUEUES.items():
        for load in LOADS:
            found = coverage(queue, load, METHODS, probes, runs)
            cells = []
            for method in METHODS:
                every = [found[method, name_of(*one)] for one in QUANTILES]
                cells += [_cell(one) for one in every if method == "product" or one.given]
            yield f"| {name} | {load:.0%} | {' | '.join(cells)} |"


def _cell(one: Coverage) -> str:
    if not one.given:
        return "none"
    held = f"{100 * one.held / one.given:.1f}"
    return held if one.given == one.runs else f"{held} of {one.given}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--probes", type=int, default=PROBES)
    args = parser.parse_args()
    names = [f"{method} {name_of(*one)}" for method in METHODS for one in QUANTILES]
    print(f"| queue | load | {' | '.join(names)} |", flush=True)
    for row in rows(args.probes, args.runs):
        print(row, flush=True)


if __name__ == "__main__":
    main()
