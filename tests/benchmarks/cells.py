"""What cells of a study cost here: ``python -m tests.benchmarks.cells --out DIR``.

Runs one study of 96 short cells with one worker and with several, compares the results to the byte,
and tells: how many times as fast, cells an hour, how long a cell takes to start, the memory of a
cell. What a machine of more processors would do is computed from that and named so. Nothing else
should run meanwhile: load before and after is told.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from corridor.experiments.study import worker

HERE = Path(__file__).resolve().parent
STUDY = HERE / "cells.yaml"
CELL_PROGRAM = worker.PROGRAM.encode()
SAMPLE_S = 0.5
SAME = ("values.parquet", "answers.json", "tables/conditions.tex")
MANY = 64
KIB = 1024


class Cost(NamedTuple):
    workers: int
    cells: int
    wall_s: float
    start_up_s: float
    """Of a cell, on the median: from its beginning until traffic is sent."""
    cell_s: float
    memory_mb: float
    """Of a cell with its guest, on the median of its most: pages that are shared count in parts."""

    @property
    def an_hour(self) -> float:
        return 3600 * self.cells / self.wall_s


class Memory(threading.Thread):
    """The maximum memory of each cell below a process, in octets."""

    def __init__(self, parent: int) -> None:
        super().__init__(daemon=True)
        self.parent, self.most, self.ended = parent, dict[int, int](), threading.Event()

    def run(self) -> None:
        while not self.ended.wait(SAMPLE_S):
            for cell in list(_below(self.parent)):
                if CELL_PROGRAM in _read(cell, "cmdline"):
                    held = sum(map(_pss, (cell, *_below(cell))))
                    self.most[cell] = max(self.most.get(cell, 0), held)


def _read(process: int, name: str) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/{name}").read_bytes()
    return b""


def _below(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").glob("*"):
        for child in map(int, _read(process, f"task/{task.name}/children").split()):
            yield child
            yield from _below(child)


def _pss(process: int) -> int:
    for line in _read(process, "smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * KIB
    return 0


def measure(study: Path, out: Path, workers: int) -> Cost:
    command = [sys.executable, "-P", "-m", "corridor.experiments.cli", "study", "run", str(study)]
    command += ["--out", str(out), "--workers", str(workers), "--no-figures"]
    began_s = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        memory = Memory(process.pid)
        memory.start()
        process.wait()
        memory.ended.set()
        memory.join()
    wall_s = time.monotonic() - began_s
    if process.returncode not in (0, 1):
        raise SystemExit(f"the study ended with {process.returncode}")
    cells = sorted((out / "cells").iterdir())
    took = [json.loads((one / "cell.json").read_text())["wall_s"] for one in cells]
    most = median(memory.most.values()) / 1e6 if memory.most else float("nan")
    return Cost(workers, len(cells), wall_s, median(map(_start_up_s, cells)), median(took), most)


def _start_up_s(cell: Path) -> float:
    """By the wall's clock, from the start of the cell until its agents had to send."""
    for line in (cell / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if (event["event"], event.get("name")) == ("phase", "measure"):
            return float(event["wall_s"])
    return float("nan")


def told(costs: Sequence[Cost]) -> Iterator[str]:
    for one in costs:
        yield (
            f"{one.workers} at once: {one.cells} cells in {one.wall_s:.0f} s, {one.an_hour:.0f} an "
            f"hour; a cell {one.cell_s:.1f} s, of which {one.start_up_s:.1f} s until it sends, "
            f"{one.memory_mb:.0f} MB"
        )
    first, last = costs[0], costs[-1]
    if first is not last:
        yield f"{first.wall_s / last.wall_s:.2f} times as fast with {last.workers} workers"
    each = last.an_hour / last.workers
    yield (
        f"computed, not measured: {MANY} processors like these would do {MANY * each:.0f} cells an "
        f"hour, with {MANY * last.memory_mb / 1000:.0f} GB, if memory and disks keep up"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new")
    parser.add_argument("--study", type=Path, default=STUDY, metavar="FILE")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    args = parser.parse_args()
    args.out.mkdir(parents=True)
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors", flush=True)
    counts = dict.fromkeys((1, args.workers))
    costs = [measure(args.study, args.out / f"with-{count}", count) for count in counts]
    print("\n".join(told(costs)))
    for name in SAME:
        found = {(args.out / f"with-{count}" / name).read_bytes() for count in counts}
        print(f"{name}: {'the same bytes' if len(found) == 1 else 'NOT the same bytes'}")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
