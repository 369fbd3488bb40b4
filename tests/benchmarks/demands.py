"""What many demands cost: prints CPU seconds to load, plan, prove and draw, and memory.

    .venv/bin/python -m tests.benchmarks.demands [DEMANDS ...]

Three shapes: all demands between two hubs of ``mini``, where only ports distinguish them; the same
with a workload of requests over five connections a demand; and demands between random hubs of
``pan-asia``, protected against any one link. Each number has a process of
its own, so that its memory is its own; CPU seconds hold on a busy machine, too.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from corridor.experiments.answers.certainty import certainties
from corridor.experiments.lab.proof import prove_compiled
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.memory import collecting_later
from corridor.topologies.formats.load import load_topology

SIZES = (500, 1000, 2000, 4000)
MANY_PAIRS, REQUESTS = "pan-asia", "mini, requests"
SHAPES = ("mini", REQUESTS, MANY_PAIRS)
SEED = 1
PARTS = ("load", "plan", "prove", "draw")
HEADINGS = ("on", "demands", "entries", "messages", *(f"{part} s" for part in PARTS), "MiB")


def main() -> None:
    if sys.argv[1:2] == ["inside"]:
        print(json.dumps(measured(Path(sys.argv[2]))))
        return
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    rows = [(shape, f"{size:,}", *_row(shape, size)) for shape in SHAPES for size in sizes]
    print(render(HEADINGS, rows, frozenset(HEADINGS[1:])))


def _row(shape: str, size: int) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory(prefix="corridor-benchmark-") as folder:
        file = Path(folder, "many.yaml")
        file.write_text(scenario(shape, size))
        command = [sys.executable, "-m", "tests.benchmarks.demands", "inside", str(file)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    took = (f"{found[part]:.1f}" for part in PARTS)
    return (f"{found['entries']:,}", f"{found['messages']:,}", *took, f"{found['mib']:.0f}")


def scenario(shape: str, size: int) -> str:
    """A number of demands, as YAML."""
    chance = random.Random(SEED)
    topology = shape.partition(",")[0]
    hubs = [hub.id for hub in load_topology(topology).hubs]
    ends = [tuple(chance.sample(hubs, 2)) for _ in range(size)]
    between = ends if shape == MANY_PAIRS else [("shanghai", "guian")] * size
    sizes = {"up": "1kB", "down": "4kB", "scale": "none"}
    by = {"tcp": "cubic", "connections": 5}
    asked = {"id": "all", "kind": "requests", "class": "infer", "interval": "500ms", **sizes}
    head: dict[str, object] = {
        "schema": 1,
        "name": "many",
        "topology": topology,
        "service": "leased-circuit",
        "probe": {"interval": "1s", "count": 6},
        "protect": {"k": int(shape == MANY_PAIRS), "over": ["link"]},
        "workloads": [{**asked, "transport": by}] if shape == REQUESTS else [],
        "demands": [
            {"id": f"d{number}", "class": "infer", "src": src, "dst": dst}
            for number, (src, dst) in enumerate(between)
        ],
    }
    return json.dumps(head)


def measured(file: Path) -> dict[str, float]:
    """CPU seconds by part, entries, and the maximum of memory."""
    at = [time.process_time()]
    loaded = load_scenario(str(file))
    at.append(time.process_time())
    with collecting_later():
        plan = make_plan(loaded, clock="virtual", run_id="b0", seed=SEED)
        at.append(time.process_time())
        proof = prove_compiled(plan, specify(loaded))
        at.append(time.process_time())
    assert proof.holds
    certainties(loaded)
    at.append(time.process_time())
    took = {part: at[one + 1] - at[one] for one, part in enumerate(PARTS)}
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    messages = len(plan.messages) if plan.messages else 0
    return {**took, "entries": proof.counts.entries, "messages": messages, "mib": mib}


if __name__ == "__main__":
    main()
