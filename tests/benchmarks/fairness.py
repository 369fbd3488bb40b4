"""How far from equal the shares of connections of the same round trip are: each of them, by seed.

    .venv/bin/python -m tests.benchmarks.fairness [--seeds N] [--keep FILE] [NAME ...]

One fibre of 40 ms RTT between two hubs, which all of them fill. The seed draws when each
begins. Shares are of what all of them got, so that 1 is fair, from ``FROM_S`` on.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from math import inf, sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.terminal.columns import render
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.model.line import Queue
from corridor.traffic.measures.quantiles import CONFIDENCE, Interval
from corridor.traffic.workloads.arrival_kind import SplitMix64
from tests.benchmarks import tcp_lab
from tests.benchmarks.in_guest import run_inside, say
from tests.benchmarks.plain import Line
from tests.benchmarks.tcp_lab import Flow

MODULE = "tests.benchmarks.fairness"
RTT_MS, EACH_KBPS = 40, 2500
BEGINS_S, FROM_S, STEP_S = 10, 30, 10
USUAL_S, LONG_S = 300, 1800
"""All begin in the first, and count from the second on; rates are kept by steps."""
WITHIN = 0.05
TARGET_MS = 5
"""Of fq_codel, which is its usual one (RFC 8290, section 5.2.2)."""


class Setting(NamedTuple):
    """One fibre, and what fills it."""

    flows: int
    rate_mbps: int
    buffer_ms: int
    congestion: str = "cubic"
    queue: str = ""
    target_ms: int = TARGET_MS
    jitter_us: int = 0
    lasts_s: int = USUAL_S

    @property
    def name(self) -> str:
        parts = [self.congestion, str(self.flows), f"{self.rate_mbps}M", f"{self.buffer_ms}ms"]
        parts += [self.queue] if self.queue else []
        parts += [f"t{self.target_ms}ms"] if self.target_ms != TARGET_MS else []
        parts += [f"j{self.jitter_us}us"] if self.jitter_us else []
        return "-".join([*parts, f"{self.lasts_s}s"])

    @property
    def laid_out(self) -> Queue:
        octets = self.rate_mbps * 1000 * self.buffer_ms // 8
        return Queue(self.queue, octets, target_us=self.target_ms * 1000) if self.queue else Queue()


def _settings() -> Iterator[Setting]:
    for flows in (2, 8):
        usual = Setting(flows, flows * EACH_KBPS // 1000, RTT_MS)
        jittered, fair = usual._replace(jitter_us=1000), usual._replace(queue="fq_codel")
        yield usual._replace(lasts_s=LONG_S)
        yield jittered._replace(lasts_s=LONG_S)
        yield usual._replace(jitter_us=100)
        yield fair
        yield fair._replace(target_ms=4 * TARGET_MS)
        for congestion in ("reno", "bbr"):
            yield usual._replace(congestion=congestion)
            yield fair._replace(congestion=congestion)
        for buffer_ms in (RTT_MS, 2 * RTT_MS):
            yield usual._replace(rate_mbps=50, buffer_ms=buffer_ms)
    larger = Setting(2, 20, RTT_MS)
    yield larger
    yield larger._replace(jitter_us=1000)


SETTINGS = {one.name: one for one in _settings()}


def inside(out_dir: Path, seeds: str, *names: str) -> None:
    for name in names:
        setting = SETTINGS[name]
        line = Line(
            *(0, 1, setting.rate_mbps * 10**6, RTT_MS * tcp_lab.NS_PER_MS // 2),
            jitter_ns=setting.jitter_us * 1000,
        )
        buffer_ms, queue = setting.buffer_ms, setting.laid_out
        with tcp_lab.lines_up(2, [line], out_dir, buffer_ms, queue=queue) as net:
            for seed in range(1, int(seeds) + 1):
                say("shares", name=name, seed=seed, steps=_steps(net, setting, seed, out_dir))


def _steps(net: Any, setting: Setting, seed: int, out_dir: Path) -> list[list[int]]:
    """What each got in each step, in bit/s."""
    numbers = SplitMix64(seed_of(seed, "fairness"))
    until_s = FROM_S + setting.lasts_s
    flows = []
    for _ in range(setting.flows):
        begins_s = BEGINS_S * numbers.unit()
        lasts_s = until_s + 1 - begins_s
        flows.append(Flow(0, 1, lasts_s, setting.congestion, begins_s, sample_ms=1000))
    found = tcp_lab.run(net, flows, out_dir / "fairness")
    return [
        [round(one.bps(at_s, at_s + STEP_S)) for at_s in range(FROM_S, until_s, STEP_S)]
        for one in found
    ]


class Found(NamedTuple):
    """One setting over all seeds."""

    setting: Setting
    over_s: int
    seeds: int
    shares: NDArray[np.float64]
    """Of each flow, a row for so long of a seed."""
    filled: float
    """How much of what the fibre carries all of them got."""

    @property
    def furthest(self) -> NDArray[np.float64]:
        """By seed, the distance from fair of the furthest flow, on average of its rows."""
        by_row = np.abs(self.shares - 1).max(axis=1)
        found: NDArray[np.float64] = by_row.reshape(self.seeds, -1).mean(axis=1)
        return found

    @property
    def bias(self) -> tuple[float, Interval]:
        """The share over all seeds of the flow, by its number, that is then furthest from fair; its
        interval is wide enough for all of them at once (Bonferroni)."""
        means = self.shares.reshape(self.seeds, -1, self.setting.flows).mean(axis=1)
        which = int(np.abs(means.mean(axis=0) - 1).argmax())
        beyond = (1 - CONFIDENCE) / self.setting.flows
        return float(means[:, which].mean()), mean_interval(means[:, which], 1 - beyond)

    def jain(self) -> float:
        squares = (self.shares**2).mean(axis=1)
        return float((1 / squares).mean())


def mean_interval(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> Interval:
    """Of the mean of independent values, by Student's distribution."""
    from scipy.special import stdtrit

    count, mean = len(values), float(values.mean())
    if count < 2:
        return Interval(-inf, inf)
    half = float(stdtrit(count - 1, (1 + confidence) / 2) * values.std(ddof=1) / sqrt(count))
    return Interval(mean - half, mean + half)


def judged(setting: Setting, runs: Sequence[Sequence[Sequence[int]]], over_s: int) -> Found:
    """Over every ``over_s`` of each run, one behind the other."""
    rates = np.array(runs, dtype=np.float64)
    seeds, flows, steps = rates.shape
    each = over_s // STEP_S
    windows = rates.reshape(seeds, flows, steps // each, each).mean(axis=3)
    by_window = windows.transpose(0, 2, 1).reshape(-1, flows)
    whole = by_window.sum(axis=1, keepdims=True)
    carried = setting.rate_mbps * 1e6 * tcp_lab.PAYLOAD
    return Found(setting, over_s, seeds, by_window * flows / whole, float(whole.mean() / carried))


HEADS = (
    *("connections", "over", "seeds", "fills", "Jain", "within 5 %", "least and greatest"),
    *("furthest, mean", "at 95 %", "one flow over all seeds", "at 95 %"),
)


def row(found: Found) -> tuple[str, ...]:
    shares, furthest = found.shares, mean_interval(found.furthest)
    mean, bias = found.bias
    held = int((np.abs(shares - 1) <= WITHIN).sum())
    return (
        found.setting.name,
        f"{found.over_s} s",
        f"{found.seeds}",
        f"{found.filled:.3f}",
        f"{found.jain():.4f}",
        f"{held} of {shares.size}",
        f"{shares.min():.3f}, {shares.max():.3f}",
        f"{found.furthest.mean():.1%}",
        f"{max(0, furthest.low):.1%} to {furthest.high:.1%}",
        f"{mean:.3f}",
        f"{bias.low:.3f} to {bias.high:.3f}",
    )


def rows(runs: Runs) -> Iterator[tuple[str, ...]]:
    for name, found in runs.items():
        setting = SETTINGS[name]
        for over_s in sorted({USUAL_S, setting.lasts_s}):
            yield row(judged(setting, found, over_s))


type Runs = dict[str, list[Any]]
"""Rates by flow and step of each seed, by the name of the setting."""


def measure(names: Sequence[str], seeds: int, keep: Path | None) -> Runs:
    found: Runs = {}

    def note(event: Mapping[str, Any]) -> None:
        if event["event"] == "shares":
            found.setdefault(event["name"], []).append(event["steps"])
            print(event["name"], event["seed"], file=sys.stderr, flush=True)
            if keep:
                with keep.open("a") as file:
                    file.write(json.dumps(event) + "\n")

    with tempfile.TemporaryDirectory(prefix="corridor-benchmark-") as folder:
        run_inside(MODULE, Path(folder), [str(seeds), *names], note)
    return found


def kept(files: Sequence[Path]) -> Runs:
    found: Runs = {}
    for one in (json.loads(line) for file in files for line in file.read_text().splitlines()):
        found.setdefault(one["name"], []).append(one["steps"])
    return found


def main() -> None:
    if sys.argv[1:2] == ["inside"]:
        inside(Path(sys.argv[2]), *sys.argv[3:])
        return
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="where rates go, a line a run")
    parser.add_argument("name", nargs="*", help="of settings; all by default")
    parser.add_argument("--read", type=Path, nargs="+", metavar="FILE", help="only judge these")
    asked = parser.parse_args()
    names = asked.name or [*SETTINGS]
    runs = kept(asked.read) if asked.read else measure(names, asked.seeds, asked.keep)
    print(render(HEADS, [*rows(runs)], frozenset(HEADS[1:])))


if __name__ == "__main__":
    main()
