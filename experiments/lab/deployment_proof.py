"""Proofs of what a following controller has deployed: by what it knew, not by the first plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.controller.intent.specification import Specification
from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import Deployment
from corridor.controller.policy.semantics import Failures
from corridor.controller.prover import Proof, prove, read_dump
from corridor.controller.prover.exact_claims import examine
from corridor.controller.reconcile.state_file import StateFile, Unreadable
from corridor.controller.second_opinion import (
    EVERY_SINGLE,
    Declared,
    Sample,
    SecondOpinion,
    compare,
)
from corridor.experiments.account.domains_summary import AgreedByDomains
from corridor.experiments.lab.dumps import Dump
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.memory import collecting_later
from corridor.topologies.model.wiring import Wiring

if TYPE_CHECKING:
    from corridor.experiments.plan.values import Plan


def deployed(path: Path, asked: Sequence[Specification], wiring: Wiring) -> Deployment:
    """What a controller had deployed when it wrote ``path``; InputError if that cannot be read.

    One that wants other policies or another day than were ``asked`` of it, either where it is not
    known whether it heard, counts as having meant what was asked last.
    """
    specification = asked[-1]
    try:
        remembered = StateFile(path, specification).recall()
    except Unreadable as problem:
        raise InputError(str(problem)) from problem
    if remembered is None:
        raise InputError("there is none", file=str(path))
    if remembered.stands is None:
        raise InputError("an earlier version wrote it; start the run again", file=str(path))
    kept, wanted = remembered.stands, remembered.wanted.specification
    deployment = deployments.stand(kept.known, wiring, kept.epoch, kept.seats)
    if kept.withdrawn:
        deployment = deployments.withdraw(deployment, kept.withdrawn, wanted.intents())
    if any(wanted.policies == one.policies and wanted.as_of == one.as_of for one in asked):
        return deployment
    meant = replace(kept.known, specification=specification)
    return deployments.following(deployment, meant, wiring)


def prove_deployed(dump: Dump, path: Path, asked: Sequence[Specification], wiring: Wiring) -> Proof:
    """That what switches say they hold does what the controller meant, and nothing else.

    A switch that was not reached counts as holding what it was sent before it was lost.
    """
    with collecting_later():
        deployment = deployed(path, asked, wiring)
        held = read_dump(dump.said, _reached(wiring, dump), file=dump.file)
        absent = {
            one.hub: one for one in deployment.program.switches if one.hub not in held.switches
        }
        filled = replace(held, switches={**held.switches, **absent})
        return deployments.proof_of(deployment, wiring, filled)


def _reached(wiring: Wiring, dump: Dump) -> Wiring:
    """The wiring with those switches only that are in a dump."""
    said = dump.said.get("switches", {}) if isinstance(dump.said, dict) else {}
    return replace(wiring, hubs=tuple(hub for hub in wiring.hubs if hub.hub in said))


# Proofs of what domains with a controller each have agreed on.

OF_BEST = ("C9", "C16", "C17")
"""Claims that are about what all domains together could do."""


def prove_agreed(dump: Dump, path: Path, asked: Specification, plan: Plan) -> Proof:
    """That switches hold what domains meant at the end of a run, and what claims say of it.

    What has failed, and domains that have left, are known. While one is not heard, others need not
    have the best path, or any.
    """
    agreed = from_plain(AgreedByDomains, read_json(path, RESULT))
    assert plan.domains is not None
    hubs = {hub for one in plan.domains.domains if one.id in agreed.left for hub in one.hubs}
    failures = Failures(links=frozenset(agreed.dead), hubs=frozenset(hubs))
    given = (plan.wiring, asked.topology, asked.intents())
    with collecting_later():
        tables = read_dump(dump.said, plan.wiring, file=dump.file)
        exact = examine(tables, *given, known=failures)
        proof = prove(tables, *given, agreed.program, exact, failures=failures)
    if not agreed.unheard:
        return proof
    why = f"controllers were not heard: {', '.join(agreed.unheard)}"
    verdicts = tuple(
        replace(one, status="not claimed", why=why, breaches=0, counterexample=None)
        if one.claim in OF_BEST
        else one
        for one in proof.verdicts
    )
    return replace(proof, verdicts=verdicts)


# A second opinion on tables that could be proven, and on what that proof tells.


def judge_tables(
    dump: Dump, plan: Plan, judged_by: Specification, proof: Proof, sample: Sample = EVERY_SINGLE
) -> SecondOpinion:
    """Of compiled tables, or of what switches said they held."""
    with collecting_later():
        declared = Declared.of(judged_by)
        return compare(declared, dump.said, plan.wiring, proof.to_json(), sample)
