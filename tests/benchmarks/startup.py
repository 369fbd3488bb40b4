"""How long a network takes up and down against stock Mininet, in one guest: prints the ratio.

    .venv/bin/python -m tests.benchmarks.startup [ROUNDS]

Both bring up the same ring of 20 switches and 40 shaped links in the same kernel. In each round
ours runs before and after stock Mininet and is taken as the mean of the two, since a shared
machine's speed drifts while the other runs. ``ours`` shares an Open vSwitch that is already
there with stock Mininet, as on a machine; ``ours-alone`` starts and ends one of its own, as runs
in guests do, and pays for it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from itertools import batched
from pathlib import Path
from statistics import fmean, median
from typing import Any

from corridor.experiments.machines.kernel import find_kernel
from corridor.experiments.terminal.columns import render
from corridor.experiments.testbeds.uml import PYTHON_IN_GUEST, run_command_in_guest
from corridor.topologies.base.errors import EnvironmentUnsupported
from tests.benchmarks.in_guest import TESTS

DEFAULT_ROUNDS = 3
OURS = ("ours", "ours-alone")


def measure(rounds: int) -> dict[tuple[str, str], list[float]]:
    """Wall seconds by who (one of ``OURS``, or ``stock``) and what (``up``, ``down``), in order."""
    kernel = find_kernel()
    if kernel is None:
        raise EnvironmentUnsupported("no virtual-clock kernel is built", "./corridor kernel build")
    times: dict[tuple[str, str], list[float]] = {}
    last_s = 0.0

    def note(event: dict[str, Any]) -> None:
        nonlocal last_s
        if event["event"] in ("up", "down"):
            times.setdefault((event["who"], event["event"]), []).append(event["wall_s"] - last_s)
        last_s = event["wall_s"]

    command = [PYTHON_IN_GUEST, "-m", "tests.benchmarks.ring", str(rounds), "/dev/console"]
    with tempfile.TemporaryDirectory(prefix="corridor-benchmark-") as folder:
        done = run_command_in_guest(
            kernel, command, Path(folder), virtual_clock=True, on_event=note, more_code=TESTS
        )
    if done.returncode:
        raise EnvironmentUnsupported(f"the ring did not come up: {done.stderr.strip()[-200:]}")
    return times


def rows(times: dict[tuple[str, str], list[float]]) -> Sequence[tuple[str, ...]]:
    """One for each variant and each direction: medians over rounds, and of their ratios."""
    found = []
    for who, what in ((who, what) for who in OURS for what in ("up", "down")):
        stock = times["stock", what]
        ours = [fmean(pair) for pair in batched(times[who, what], 2)]
        ratios = [theirs / own for theirs, own in zip(stock, ours, strict=True)]
        found.append(
            (
                f"{what}, {who}",
                f"{median(stock):.2f} s",
                f"{median(ours):.3f} s",
                f"{median(ratios):.1f}",
                f"{min(ratios):.1f} to {max(ratios):.1f}",
            )
        )
    return found


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROUNDS
    shown = rows(measure(rounds))
    print(f"20 switches, 40 shaped links, {rounds} rounds in turn, one guest, wall time")
    print(render(("", "stock Mininet", "ours", "times faster", "by round"), shown))


if __name__ == "__main__":
    main()
