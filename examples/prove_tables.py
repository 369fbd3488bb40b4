"""Compile a scenario to tables and prove what they do to any packet, without emulating.

    .venv/bin/python examples/prove_tables.py [SCENARIO]

Ends with 1 if a claim does not hold, and prints a packet that shows it.
"""

import sys
from pathlib import Path

from corridor.experiments.lab.proof import prove_compiled
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario


def main(scenario: str) -> int:
    loaded = load_scenario(scenario)
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=loaded.scenario.seed)
    proof = prove_compiled(plan, specify(loaded))
    for verdict in proof.verdicts:
        print(verdict)
    for verdict in proof.violated:
        print(verdict.counterexample)
    for demand in plan.demands:
        print(f"{demand.id}: {demand.status} {' > '.join(demand.hubs)}")
    return 0 if proof.holds else 1


if __name__ == "__main__":
    default = str(Path(__file__).parent / "own_scenario.yaml")
    sys.exit(main(*(sys.argv[1:] or [default])))
