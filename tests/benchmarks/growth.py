"""How the time to build a network grows with its hubs: prints seconds and the exponent.

    .venv/bin/python -m tests.benchmarks.growth [HUBS ...]

Square grids, each brought up and down in the same guest, smallest first and again in the end,
since a machine's speed drifts. Wall time; an Open vSwitch of its own is part of up and down.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from math import isqrt, log
from pathlib import Path
from statistics import fmean
from typing import Any

from corridor.experiments.terminal.columns import render
from corridor.topologies.model.topology import Topology
from tests.benchmarks.in_guest import run_inside, say
from tests.benchmarks.plain import Line, plain_topology

SIZES = (50, 100, 200, 400)
ROUNDS = 2


def grid(hubs: int) -> Topology:
    """Hubs in rows, each joined to the next one and to the one below."""
    columns = isqrt(hubs)
    along = [Line(n, n + 1) for n in range(hubs - 1) if (n + 1) % columns]
    down = [Line(n, n + columns) for n in range(hubs - columns)]
    return plain_topology("grid", hubs, [*along, *down])


def inside(_out_dir: Path, *sizes: str) -> None:
    from corridor.topologies.emulation.network import CorridorNet
    from corridor.topologies.model.wiring import wire

    for hubs in [int(size) for _ in range(ROUNDS) for size in sizes]:
        wiring = wire(grid(hubs), run_id="b0")
        with tempfile.TemporaryDirectory() as scratch:
            say("start", hubs=hubs)
            net = CorridorNet(wiring, private_dir=Path(scratch, "openvswitch"))
            net.start()
            say("up", hubs=hubs, interfaces=2 * (len(wiring.hubs) + len(wiring.fibres)))
            net.stop()
            say("down", hubs=hubs)


def measure(sizes: Sequence[int]) -> dict[tuple[int, str], list[float]]:
    """Wall seconds by hubs and what (``up``, ``down``), in order."""
    times: dict[tuple[int, str], list[float]] = {}
    last_s = 0.0

    def note(event: dict[str, Any]) -> None:
        nonlocal last_s
        if event["event"] in ("up", "down"):
            times.setdefault((event["hubs"], event["event"]), []).append(event["wall_s"] - last_s)
        last_s = event["wall_s"]

    with tempfile.TemporaryDirectory(prefix="corridor-benchmark-") as folder:
        run_inside("tests.benchmarks.growth", Path(folder), [*map(str, sizes)], note)
    return times


def main() -> None:
    if sys.argv[1:2] == ["inside"]:
        inside(Path(sys.argv[2]), *sys.argv[3:])
        return
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    times = measure(sizes)
    rows = [
        (f"{hubs}", *(f"{fmean(times[hubs, what]):.2f} s" for what in ("up", "down")))
        for hubs in sizes
    ]
    print(render(("hubs", "up", "down"), rows, frozenset(("up", "down"))))
    first, last = sizes[0], sizes[-1]
    if first == last:
        return
    ratio = fmean(times[last, "up"]) / fmean(times[first, "up"])
    print(f"up grows with hubs to the power of {log(ratio) / log(last / first):.2f}")


if __name__ == "__main__":
    main()
