"""A second opinion on a scenario, as Python asks for it: ``corridor.second_opinion``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from corridor.controller.second_opinion import EVERY_SINGLE, Sample, SecondOpinion
from corridor.experiments.lab.dumps import as_compiled, read_dump_file
from corridor.experiments.lab.proof import prove_compiled, prove_dump
from corridor.experiments.lab.tables_judged import judge_tables
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import DEFAULT, load_scenario


def second_opinion(
    scenario: str | Path = DEFAULT,
    *,
    policies: str | None = None,
    as_of: date | None = None,
    tables: str | Path | None = None,
    sample: Sample = EVERY_SINGLE,
) -> SecondOpinion:
    """Of what would be installed, or of a run's ``tables/*.json``.

    Paths of packets, under many sets of failures, are judged by an evaluator that shares nothing
    with compiler and proof. Raises InputError.
    """
    loaded = load_scenario(str(scenario), policies=policies, as_of=as_of)
    seed, intended = loaded.scenario.seed, Intended.of(loaded)
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=seed, intended=intended)
    judged_by = intended.specification
    if tables is None:
        proof, dump = prove_compiled(plan, judged_by), as_compiled(plan)
    else:
        proof = prove_dump(Path(tables), plan, judged_by)
        dump = read_dump_file(Path(tables))
    return judge_tables(dump, plan, judged_by, proof, sample)
