"""Run several workloads at once, and print measured and predicted results of each.

    .venv/bin/python examples/read_workloads.py OUT_DIR [SCENARIO]

Boots a guest, or uses this machine's kernel, as ``corridor run`` does. A folder that holds a run
already is read, without a new run.
"""

import sys
from pathlib import Path

import corridor

OWN = Path(__file__).parent / "workloads.yaml"


def main(out_dir: str, scenario: str = str(OWN)) -> None:
    folder = Path(out_dir)
    if not (folder / "summary.json").exists():
        corridor.run_scenario(corridor.Options(scenario=scenario, out=folder, report=False))
    run = corridor.load(folder)
    for name, one in run.workloads.items():
        print(f"{name}: {one.completed} of {one.rounds} rounds", end="")
        print(f", {one.met} of {one.deadlines} in time" if one.deadlines else "", end="")
        if one.expected is not None:
            means = one.expected.expected_ms.mean, one.expected.measured_ms.mean
            print(f", mean {means[1]:.0f} ms, expected {means[0]:.0f} ms", end="")
        print()
    workloads = run.summary.workloads
    for stretch in workloads.stretches if workloads is not None else ():
        for one in stretch.classes:
            took = one.completion_ms.mean
            if took is not None:
                print(f"{stretch.when} {stretch.event}: {one.class_} {took:.0f} ms")
    loads = run.utilisation.sort_by([("share", "descending")]).slice(0, 3).to_pylist()
    for one in loads:
        when = f"{one['at_ns'] / 1e9} s"
        print(f"{one['demand']} takes {one['share']:.0%} of {one['fibre']} at {when}")


if __name__ == "__main__":
    main(*sys.argv[1:])
