"""Waiting times before a fibre against queueing theory: ``python -m tests.benchmarks.queues``.

A line of hubs whose every fibre is a separate queue, fed by Poisson probes of the demand over it:
so one run in the virtual clock is many independent replications. Sizes are constant (M/D/1),
exponential or lognormal as far as frames can be (86 to 1514 octets), or of two kinds, many small
and few large; demands of one size each make them up, since superposed Poisson arrivals are Poisson.

Waits of one queue depend on each other: an interval is that of the means of replications (Student),
and one of a quantile's lies between the least and the most of them, as order statistics have it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from math import exp, log, sqrt
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.special import stdtrit

from corridor.experiments.plan.values import Plan
from corridor.experiments.results.results import read_plan
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_scenario
from corridor.traffic.measures import samples
from corridor.traffic.measures.quantiles import Interval, ranks
from corridor.traffic.measures.samples import Probes
from tests.benchmarks import theory_of_waiting as waiting

RATE_BPS, LABEL_BYTES = 10_000_000, 4
LEAST_BYTES, MOST_BYTES = 86, 1514
PARTS = 10
"""Sizes that stand for a distribution, each as often as the others."""
LOADS = {0.3: 0.15, 0.6: 0.3, 0.9: 1.0}
"""And the share of packets that suffices: the fuller a queue, the longer its waits resemble."""
WARM_UP = 0.1
"""Of the packets of a queue, which begins empty: they are left out."""
TICK_NS = 256


class Law(NamedTuple):
    """Sizes of frames, and how often each is."""

    name: str
    sizes: Sequence[int]
    shares: Sequence[float]

    @property
    def mean_s(self) -> float:
        return sum(s * p for s, p in zip(self._services_s, self.shares, strict=True))

    @property
    def cv(self) -> float:
        squares = sum(s * s * p for s, p in zip(self._services_s, self.shares, strict=True))
        return sqrt(max(0.0, squares / self.mean_s**2 - 1))

    @property
    def _services_s(self) -> list[float]:
        return [(size + LABEL_BYTES) * 8 / RATE_BPS for size in self.sizes]


def laws() -> tuple[Law, ...]:
    middles = [(part + 0.5) / PARTS for part in range(PARTS)]
    normal = NormalDist()
    return (
        Law("constant", (MOST_BYTES,), (1.0,)),
        _drawn("exponential", [-500 * log(1 - share) for share in middles]),
        _drawn("lognormal", [350 * exp(0.9 * normal.inv_cdf(share)) for share in middles]),
        Law("two-sizes", (LEAST_BYTES, MOST_BYTES), (0.8, 0.2)),
    )


def _drawn(name: str, octets: Sequence[float]) -> Law:
    sizes = tuple(max(LEAST_BYTES, min(MOST_BYTES, round(one))) for one in octets)
    return Law(name, sizes, (1 / len(sizes),) * len(sizes))


class Queue(NamedTuple):
    """One fibre of the line."""

    number: int
    law: Law
    load: float

    @property
    def demands(self) -> list[str]:
        return [f"q{self.number}-{part}" for part in range(len(self.law.sizes))]


def queues(loads: Iterable[float], replications: int) -> list[Queue]:
    wanted = [(law, load) for law in laws() for load in loads for _ in range(replications)]
    return [Queue(number, law, load) for number, (law, load) in enumerate(wanted)]


def write_scenario(folder: Path, every: Sequence[Queue], packets: int) -> Path:
    """The scenario, with its topology next to it."""
    hubs = [
        {"id": f"h{n}", "name": f"Hub {n}", "role": "foreign", "located_in": "TH",
         "lat": 10 + n * 0.1, "lon": 100.0}
        for n in range(len(every) + 1)
    ]  # fmt: skip
    fibres = [
        {"id": f"f{one.number}", "a": f"h{one.number}", "z": f"h{one.number + 1}",
         "one_way_delay": "1ms", "length": "150km", "capacity": "10Mbit"}
        for one in every
    ]  # fmt: skip
    topology = {"name": "queues", "title": "A line of queues", "hubs": hubs, "fibres": fibres}
    (folder / "queues-topology.yaml").write_text(yaml.safe_dump(topology))
    demands = [
        demand for one in every for demand in _demands(one, round(packets * LOADS[one.load]))
    ]
    scenario = {
        "schema": 1,
        "name": "queues",
        "topology": "queues-topology.yaml",
        "network": {"buffer": "1s"},
        "demands": demands,
    }
    path = folder / "queues.yaml"
    path.write_text(yaml.safe_dump(scenario))
    return path


def _demands(queue: Queue, packets: int) -> Iterator[dict[str, object]]:
    law, hub = queue.law, queue.number
    for name, size, share in zip(queue.demands, law.sizes, law.shares, strict=True):
        interval_ns = round(law.mean_s / queue.load / share * 1e9)
        probe = {
            "size": f"{size}B",
            "interval": f"{interval_ns}ns",
            "count": max(1, round(packets * share)),
            "arrival": "poisson",
        }
        yield {"id": name, "class": "x", "src": f"h{hub}", "dst": f"h{hub + 1}", "probe": probe}


class Waits(NamedTuple):
    """Of the packets of one queue in order of arrival, after its warm-up."""

    measured_s: NDArray[np.float64]
    lindley_s: NDArray[np.float64]
    """What the recursion gives of the very same arrivals and sizes."""


def waits_of(queue: Queue, probes: Probes, plan: Plan) -> Waits:
    demands = {one.id: one for one in plan.demands}
    parts = [demands[name] for name in queue.demands]
    mine = probes[np.isin(probes["demand"], [one.index for one in parts])]
    # Beyond the end of the first, fewer than all demands send.
    last = min(mine["t1_ns"][mine["demand"] == one.index].max() for one in parts)
    mine = np.sort(mine[mine["t1_ns"] <= last], order=["t1_ns", "t2_ns"])
    if (mine["t2_ns"] == 0).any():
        raise SystemExit(f"queue {queue.number} lost packets: it has to be unbounded")
    table = np.zeros(len(plan.demands), [("base", np.int64), ("service", np.float64)])
    for one, size in zip(parts, queue.law.sizes, strict=True):
        table[one.index] = one.predicted_forward_ns, (size + LABEL_BYTES) * 8 / RATE_BPS
    of = table[mine["demand"]]
    measured = (mine["t2_ns"] - mine["t1_ns"] - of["base"]) / 1e9
    steps = of["service"][:-1] - np.diff(mine["t1_ns"]) / 1e9
    walk = np.concatenate(([0.0], np.cumsum(steps)))
    lindley = walk - np.minimum.accumulate(walk)
    cut = int(len(mine) * WARM_UP)
    return Waits(measured[cut:], lindley[cut:])


HEADINGS = """\
| sizes (cv) | load | theory | measured | interval | holds | p95 | measured | furthest |
|---|---|---|---|---|---|---|---|---|"""


class Found(NamedTuple):
    """One law at one load, over all replications; in seconds."""

    law: Law
    load: float
    replications: int
    theory_s: float
    measured_s: float
    interval_s: Interval
    p95_s: Interval
    """The minimum and the maximum of the replications."""
    furthest_s: float
    """How far any packet is from the recursion."""

    @property
    def holds(self) -> bool:
        return self.interval_s.holds(self.theory_s)


def judged(every: Sequence[Queue], out: Path) -> Iterator[Found]:
    plan = read_plan(out)
    probes = samples.join(samples.read_directory(out / "raw"))
    probes = probes[(probes["phase"] == 1) & (probes["copy"] == 0)]
    groups: dict[tuple[str, float], list[Queue]] = {}
    for queue in every:
        groups.setdefault((queue.law.name, queue.load), []).append(queue)
    for group in groups.values():
        yield _judged(group, [waits_of(one, probes, plan) for one in group])


def _judged(group: Sequence[Queue], waits: Sequence[Waits]) -> Found:
    law, load = group[0].law, group[0].load
    means = np.array([one.measured_s.mean() for one in waits])
    tails = np.array([np.quantile(one.measured_s, 0.95, method="inverted_cdf") for one in waits])
    return Found(
        law=law,
        load=load,
        replications=len(group),
        theory_s=waiting.mg1_mean_s(load, law.mean_s, law.cv),
        measured_s=float(means.mean()),
        interval_s=_of_means(means),
        p95_s=Interval(float(tails.min()), float(tails.max())),
        furthest_s=max(float(np.abs(one.measured_s - one.lindley_s).max()) for one in waits),
    )


def _of_means(means: NDArray[np.float64]) -> Interval:
    """At 95 %, by Student's distribution."""
    count = len(means)
    if count < 2:
        return Interval(0.0, float("inf"))
    half = float(stdtrit(count - 1, 0.975) * means.std(ddof=1) / sqrt(count))
    return Interval(float(means.mean()) - half, float(means.mean()) + half)


def row(found: Found) -> str:
    """Of a table of Markdown; times in microseconds."""
    low, high = (1e6 * one for one in found.interval_s)
    p95 = "-"
    if found.law.cv == 0:
        p95 = f"{1e6 * waiting.md1_quantile_s(found.load, found.law.mean_s, 0.95):.0f}"
    return (
        f"| {found.law.name} ({found.law.cv:.2f}) | {found.load:.0%} | {1e6 * found.theory_s:.1f} "
        f"| {1e6 * found.measured_s:.1f} | {low:.1f} to {high:.1f} "
        f"| {'yes' if found.holds else 'no'} | {p95} "
        f"| {1e6 * found.p95_s.low:.0f} to {1e6 * found.p95_s.high:.0f} "
        f"| {1e6 * found.furthest_s:.1f} |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.queues")
    parser.add_argument("--replications", type=int, default=6)
    parser.add_argument("--packets", type=int, default=16_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=None, metavar="DIR")
    parser.add_argument("--again", action="store_true", help="only judge what is in --out")
    asked = parser.parse_args()
    folder = asked.out or Path(tempfile.mkdtemp(prefix="corridor-queues-"))
    folder.mkdir(parents=True, exist_ok=True)
    every = queues(LOADS, asked.replications)
    path = write_scenario(folder, every, asked.packets)
    if not asked.again:
        run_scenario(
            Options(
                scenario=str(path), testbed="uml", clock="virtual", seed=asked.seed, report=False,
                out=folder / "run",
            )
        )  # fmt: skip
    print(HEADINGS)
    for found in judged(every, folder / "run"):
        print(row(found), flush=True)
    covers = ranks(asked.replications, 0.5, 0.95)
    print(f"{asked.replications} replications; their least and most hold the median: {covers}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
