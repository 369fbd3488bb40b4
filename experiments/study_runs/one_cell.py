"""One cell in a process of its own: ``python -m corridor.experiments.study_runs.one_cell FOLDER``.

Reads ``cell.pickle`` there, runs it into ``run/`` and says in ``outcome.json`` what became of it.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

from corridor.experiments.results.failures import has_failed
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_loaded
from corridor.experiments.study_runs.bundle import Bundle, opened
from corridor.experiments.study_runs.outcome import BUNDLE, OUTCOME, RUN, State
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    MeasurementInvalid,
)


def main(folder: Path) -> None:
    bundle: Bundle = pickle.loads((folder / BUNDLE).read_bytes())  # noqa: S301 - of the worker
    state, message = _run(bundle, folder)
    said = json.dumps({"state": state, "message": message})
    (folder / OUTCOME).write_text(said)


def _run(bundle: Bundle, folder: Path) -> tuple[State, str]:
    try:
        loaded = opened(bundle, folder / "inputs")
        options = Options(
            out=folder / RUN,
            seed=bundle.seed,
            figures=False,
            testbed=bundle.testbed,
            clock=bundle.clock,
        )
        outcome = run_loaded(loaded, options, print)
    except MeasurementInvalid as error:
        return "invalid", str(error)
    except EnvironmentUnsupported as error:
        return "unable", str(error)
    except CorridorError as error:
        return "failed", str(error)
    if invalid := outcome.summary["invalid"]:
        return "invalid", invalid
    violated = any(proof.violated for proof in outcome.proofs.values())
    if violated or has_failed(outcome.summary):
        return "valid", "a claim or an expectation of the scenario does not hold"
    return "valid", ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
