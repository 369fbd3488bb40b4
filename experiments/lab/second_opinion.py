"""A second opinion on the tables of a scenario: compiled ones, or what switches said they held."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.controller.intent.specification import Specification
from corridor.controller.prover import Proof
from corridor.controller.second_opinion import (
    EVERY_SINGLE,
    Declared,
    Sample,
    SecondOpinion,
    compare,
)
from corridor.experiments.lab.dumps import Dump, as_compiled, read_dump_file
from corridor.topologies.base.garbage import collecting_later

if TYPE_CHECKING:
    from corridor.experiments.plan.values import Plan


def judge_tables(
    dump: Dump, plan: Plan, judged_by: Specification, proof: Proof, sample: Sample = EVERY_SINGLE
) -> SecondOpinion:
    """Of a dump that could be proven, and of what that proof tells."""
    with collecting_later():
        declared = Declared.of(judged_by)
        return compare(declared, dump.said, plan.wiring, proof.to_json(), sample)


def second_opinion(
    scenario: str | Path,
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
    from corridor.experiments.lab.proof import prove_compiled, prove_dump
    from corridor.experiments.plan.plan import make_plan
    from corridor.experiments.scenario.intents import specify
    from corridor.experiments.scenario.scenario import load_scenario

    loaded = load_scenario(str(scenario), policies=policies, as_of=as_of)
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=loaded.scenario.seed)
    judged_by = specify(loaded)
    if tables is None:
        proof, dump = prove_compiled(plan, judged_by), as_compiled(plan)
    else:
        proof = prove_dump(Path(tables), plan, judged_by)
        dump = read_dump_file(Path(tables))
    return judge_tables(dump, plan, judged_by, proof, sample)
