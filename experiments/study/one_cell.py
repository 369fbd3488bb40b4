"""One cell in a separate process: ``python -m corridor.experiments.study.one_cell FOLDER``.

Reads ``cell.pickle`` there, runs it into ``run/`` and says in ``outcome.json`` the outcome of it.
"""

from __future__ import annotations

import json
import pickle
import sys
from functools import partial
from pathlib import Path

from corridor.experiments.results.health import has_failed
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_loaded
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.experiments.study.computed import CellScenario, kind_named, question_of
from corridor.experiments.study.worker import (
    ANSWER,
    BUNDLE,
    RUN,
    Bundle,
    State,
    opened,
    tell_outcome,
)
from corridor.topologies.base.documents import Document
from corridor.topologies.base.whole_file import write_text


def main(folder: Path) -> None:
    bundle: Bundle = pickle.loads((folder / BUNDLE).read_bytes())  # noqa: S301 - of the worker
    tell_outcome(folder, partial(_run, bundle, folder))


def _run(bundle: Bundle, folder: Path) -> tuple[State, str]:
    loaded = opened(bundle, folder / "inputs")
    if bundle.computes:
        return _compute(bundle, loaded, folder)
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


def _compute(bundle: Bundle, loaded: LoadedScenario, folder: Path) -> tuple[State, str]:
    inputs, kind = folder / "inputs", kind_named(bundle.computes)
    question = question_of(kind, Document(bundle.ask, "", {}), inputs)
    document = Document(bundle.data, bundle.file, dict(bundle.lines))
    found = kind.compute(CellScenario(document, inputs, loaded), question, bundle.seed)
    (folder / RUN).mkdir()
    write_text(folder / RUN / ANSWER, json.dumps(found.to_json(), ensure_ascii=False) + "\n")
    return "valid", ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
