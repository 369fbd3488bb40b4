"""One cell in a separate process: ``python -m corridor.experiments.study.one_cell FOLDER``.

Reads ``cell.pickle`` there, runs it into ``run/`` and says in ``outcome.json`` the outcome of it.
"""

from __future__ import annotations

import pickle
import sys
from functools import partial
from pathlib import Path

from corridor.experiments.results.health import has_failed
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_loaded
from corridor.experiments.study.bundle import Bundle, opened
from corridor.experiments.study.outcome import BUNDLE, RUN, State, tell_outcome


def main(folder: Path) -> None:
    bundle: Bundle = pickle.loads((folder / BUNDLE).read_bytes())  # noqa: S301 - of the worker
    tell_outcome(folder, partial(_run, bundle, folder))


def _run(bundle: Bundle, folder: Path) -> tuple[State, str]:
    loaded = opened(bundle, folder / "inputs")
    options = Options(
        out=folder / RUN,
        seed=bundle.seed,
        report=False,
        testbed=bundle.testbed,
        clock=bundle.clock,
    )
    outcome = run_loaded(loaded, options, print)
    if invalid := outcome.summary.invalid:
        return "invalid", invalid
    violated = any(proof.violated for proof in outcome.proofs.values())
    if violated or has_failed(outcome.summary):
        return "valid", "a claim or an expectation of the scenario does not hold"
    return "valid", ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
