"""How long demands are out when a fibre is cut, at many phases of BFD.

    python -m tests.benchmarks.bfd_phases [--intervals 5 15 50] [--kinds silent carrier] [--out DIR]

The network has a fibre between each two of 15 hubs, and a demand over each fibre. The 105 fibres
are cut one after another, silently or by their carrier, while their demand is probed each
millisecond. Sessions begin at the same instant and send at random after 75 to 100 % of their
interval, and the cuts of two fibres are no whole number of intervals apart: each cut meets another
phase. A fibre is cut soon after the one before, but no detour takes one of the last five: their
sessions may not be up yet. Prints a line per interval and kind of cut, with outages beside the
bound; ends with code 1 if one is longer.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from corridor.experiments.plan.bfd_sessions import avoided_after_ms
from tests.benchmarks.in_guest import result_folder

HUBS = tuple(f"h{number:02}" for number in range(15))
PAIRS = tuple(
    tuple(sorted((HUBS[(turn + near) % len(HUBS)], HUBS[turn - near])))
    for turn in range(len(HUBS))
    for near in range(1, len(HUBS) // 2 + 1)
)
"""Each two hubs once, as in a tournament: of six pairs in a row no two have a hub in common."""
PROBE_MS = 1
SILENT, CARRIER = "silent", "carrier"
SETTLE = {SILENT: "2003700us", CARRIER: "503700us"}
"""Between cuts. Sessions are quickened 3, 2 and 1 s before a silent cut: never during another."""


def bound_ms(interval_ms: int, how: str) -> int:
    """No outage may be longer."""
    return PROBE_MS + avoided_after_ms(interval_ms, is_silent=how == SILENT)


def topology() -> str:
    """Every fibre is shorter than any detour around it."""
    hubs = [
        f"- {{id: {hub}, name: {hub}, role: transit, located_in: CN, lat: {20 + number}, lon: 100}}"
        for number, hub in enumerate(HUBS)
    ]
    fibres = [
        f"- {{id: {a}-{z}, a: {a}, z: {z}, length: {1000 + 7 * number}km, capacity: 100Gbit}}"
        for number, (a, z) in enumerate(PAIRS)
    ]
    return "\n".join(["name: complete", "hubs:", *hubs, "fibres:", *fibres, ""])


def scenario(interval_ms: int, how: str) -> str:
    silent = str(how == SILENT).lower()
    outage_ms = 300 + 4 * interval_ms
    demands = [f"  - {{id: {a}-{z}, class: infer, src: {a}, dst: {z}}}" for a, z in PAIRS]
    lines = [
        "schema: 1",
        f"name: bfd-{interval_ms}-{how}",
        "topology: complete.yaml",
        "protect: {k: 1}",
        "controller: {follow: false}",
        f"network: {{bfd: {interval_ms}ms}}",
        "probe: {interval: 1s, count: 2}",
        f"cuts: {{silent: {silent}, settle: {SETTLE[how]}, outage: {outage_ms}ms, others: 1s}}",
        "demands:",
        *demands,
    ]
    return "\n".join([*lines, ""])


def outages(folder: Path, interval_ms: int, how: str) -> Sequence[float]:
    """Of each cut, of the demand over just that fibre."""
    (folder / "complete.yaml").write_text(topology())
    file = folder / f"{interval_ms}-{how}.yaml"
    file.write_text(scenario(interval_ms, how))
    out = file.with_suffix("")
    words = ["run", str(file), "--out", str(out), "--no-figures"]
    command = [sys.executable, "-m", "corridor.experiments.cli", *words]
    with file.with_suffix(".log").open("w") as log:
        subprocess.run(command, check=False, stdout=log, stderr=log)
    rows = pq.read_table(out / "cuts.parquet").to_pylist()
    return [row["outage_ms"] for row in rows if row["expected"] == "detour"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bfd_phases")
    parser.add_argument("--intervals", type=int, nargs="+", default=[5, 15, 50], metavar="MS")
    parser.add_argument("--kinds", nargs="+", choices=(SILENT, CARRIER), default=[SILENT, CARRIER])
    parser.add_argument("--out", type=Path, default=None, metavar="DIR")
    asked = parser.parse_args()
    folder = result_folder(asked.out)
    is_within = True
    for interval_ms in asked.intervals:
        for how in asked.kinds:
            found, bound = outages(folder, interval_ms, how), bound_ms(interval_ms, how)
            row = {
                "interval_ms": interval_ms,
                "cut": how,
                "phases": len(found),
                "p50_ms": statistics.median(found),
                "p95_ms": statistics.quantiles(found, n=20)[-1],
                "max_ms": max(found),
                "bound_ms": bound,
            }
            print(json.dumps(row), flush=True)
            is_within = is_within and max(found) <= bound
    return 0 if is_within else 1


if __name__ == "__main__":
    sys.exit(main())
