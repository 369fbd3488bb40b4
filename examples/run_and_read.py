"""Run a scenario from Python and read its results.

    .venv/bin/python examples/run_and_read.py OUT_DIR [SCENARIO]

Boots a guest, or uses this machine's kernel, as ``corridor run`` does.
"""

import sys
from pathlib import Path

import pyarrow.parquet as pq

from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_scenario

OWN = Path(__file__).parent / "own_scenario.yaml"


def main(out_dir: str, scenario: str = str(OWN)) -> None:
    outcome = run_scenario(Options(scenario=scenario, out=Path(out_dir), report=False))
    for demand in outcome.summary.demands:
        least = demand.rtt_ms and demand.rtt_ms.min
        print(demand.id, demand.status, demand.predicted_rtt_ms, least)
    probes = pq.read_table(outcome.out_dir / "probes.parquet", columns=["received"])
    print(sum(probes["received"].to_pylist()), "of", probes.num_rows, "rows are replies")
    print("tables verified:", all(proof.holds for proof in outcome.proofs.values()))


if __name__ == "__main__":
    main(*sys.argv[1:])
