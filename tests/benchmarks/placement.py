"""How long placements of jobs take, and how near their bounds they are.

    .venv/bin/python -m tests.benchmarks.placement [--set NAME]... [--seconds N] [JOBS ...]

25 hubs of 40 to 400 MW, whose costs differ by up to 30 times. A quarter of the jobs are interactive
and may run at 3 to 8 hubs; the others have a window, and run in one piece, with pauses, or at
several hubs. The sets differ in how much of the power the jobs need, and in the sizes of jobs:

    common  half of the power; 6 sizes and 4 windows, as where machines come in few kinds
    spread  70 % of the power; each job has its own size and window
    tight   85 % of the power; each job has its own size and window

Each answer runs in a separate process. The gap is between the cost and the bound of the solver.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time

from corridor.experiments.placement.jobs_file import HOURS, Job
from corridor.experiments.placement.program import Effort, NoPlacement, solve
from corridor.experiments.placement.program_rows import Column, Problem
from corridor.experiments.terminal.columns import render

HUBS, GAP, SEED = 25, 1e-3, 1
USED = {"common": 0.5, "spread": 0.7, "tight": 0.85}
MOST_MW = 80
SIZES_MW = (1, 2, 4, 8, 16, 32)
WINDOWS = ((0, 8), (8, 20), (6, 24), (0, 24))
ORIGINS = ("a", "b", "c", "d", "e")
ENDS = {"data": "x", "returns": "same-class", "input": "1GB", "output": "1GB"}
HEADINGS = ("set", "jobs", "columns", "wall s", "CPU s", "value", "bound", "gap %")


def main() -> None:
    if sys.argv[1:2] == ["inside"]:
        print(json.dumps(_inside(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))))
        return
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("jobs", nargs="*", type=int, default=[100, 400, 2000])
    parser.add_argument("--set", action="append", choices=list(USED), help="may be repeated")
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()
    rows = []
    for name in args.set or USED:
        for jobs in args.jobs:
            words = [sys.executable, "-m", __spec__.name, "inside"]
            words += [name, str(jobs), str(args.seconds)]
            said = subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True)
            rows.append([name, f"{jobs:,}", *json.loads(said.stdout)])
    print(render(HEADINGS, rows, frozenset(HEADINGS[1:])))


def _inside(name: str, jobs: int, seconds: float) -> list[str]:
    made = problem(name, jobs)
    began_s = time.monotonic()
    try:
        found = solve(made, Effort(GAP, seconds))
        last = [f"{found.value:,.1f}", f"{found.bound:,.1f}"]
        last.append(f"{100 * (found.value / found.bound - 1):.3f}")
    except NoPlacement as error:
        last = [str(error), "", ""]
    wall_s = time.monotonic() - began_s
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = used.ru_utime + used.ru_stime
    return [f"{len(made.columns):,}", f"{wall_s:.1f}", f"{cpu_s:.1f}", *last]


def problem(name: str, jobs: int) -> Problem:
    """Jobs of a set at the hubs; the same each time."""
    rng = random.Random(f"{SEED} {name} {jobs}")
    limits = [float(rng.choice((40, 80, 150, 400))) for _ in range(HUBS)]
    factors = [rng.uniform(0.03, 0.9) for _ in range(HUBS)]
    made = [_job(rng, name, number) for number in range(jobs)]
    scale = USED[name] * sum(limits) * HOURS / sum(one.it_mwh for one in made)
    made = [
        one.model_copy(update={"it_mw": min(MOST_MW, round(one.it_mw * scale, 3))}) for one in made
    ]
    counts: dict[Job, int] = {}
    for one in made:
        key = one.model_copy(update={"id": "job"})
        counts[key] = counts.get(key, 0) + 1
    columns = []
    for group, one in enumerate(counts):
        number = rng.randint(3, 8) if one.rtt_budget else rng.randint(10, HUBS)
        large = [hub for hub in range(HUBS) if limits[hub] >= one.it_mw]
        for hub in sorted(rng.sample(large, min(number, len(large)))):
            cost = one.it_mwh * factors[hub]
            columns.append(Column(group, hub, cost, rng.uniform(1, 80)))
    return Problem(list(counts.items()), limits, columns, {})


def _job(rng: random.Random, name: str, number: int) -> Job:
    common = name == "common"
    mw = rng.choice(SIZES_MW) if common else rng.lognormvariate(1, 1)
    begin = rng.randrange(0, 16)
    window = rng.choice(WINDOWS) if common else (begin, rng.randint(begin + 4, HOURS))
    length = window[1] - window[0]
    hours = max(1, length // 2) if common else rng.randint(1, length)
    batch: dict[str, object] = {"window_h": window, "hours": hours}
    kind = rng.choice(("all day", "in one piece", "pauses", "parts"))
    keys: dict[str, dict[str, object]] = {
        "all day": {"rtt_budget": "30ms"},
        "in one piece": batch,
        "pauses": {**batch, "divisible": ["time"]},
        "parts": {**batch, "divisible": ["space"]},
    }
    return Job.model_validate(
        {**ENDS, "id": f"job-{number}", "origin": rng.choice(ORIGINS), "it_mw": mw, **keys[kind]}
    )


if __name__ == "__main__":
    main()
