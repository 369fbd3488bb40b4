"""A second opinion on tables that could be proven, and on what that proof tells."""

from __future__ import annotations

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
from corridor.experiments.lab.dumps import Dump
from corridor.topologies.base.garbage import collecting_later

if TYPE_CHECKING:
    from corridor.experiments.plan.values import Plan


def judge_tables(
    dump: Dump, plan: Plan, judged_by: Specification, proof: Proof, sample: Sample = EVERY_SINGLE
) -> SecondOpinion:
    """Of compiled tables, or of what switches said they held."""
    with collecting_later():
        declared = Declared.of(judged_by)
        return compare(declared, dump.said, plan.wiring, proof.to_json(), sample)
