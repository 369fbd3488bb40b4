"""Proofs of scenarios: of the tables compiled for one, and of what switches said they held."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from corridor.controller.intent.specification import Specification
from corridor.controller.prover import Proof, Tables, prove, prove_others, read_dump, tables_of
from corridor.controller.prover.exact_claims import examine
from corridor.experiments.account.domains_summary import AGREED_FILE
from corridor.experiments.account.proof_document import PROOF_FILE, PROOF_SCHEMA, proof_document
from corridor.experiments.lab.dumps import (
    DEPLOYMENTS,
    DUMPS,
    Dump,
    as_compiled,
    fingerprint,
    read_dump_file,
)
from corridor.experiments.plan.values import PROVEN, Plan
from corridor.topologies.base.codec import Document, JsonObject
from corridor.topologies.base.errors import PolicyFailure
from corridor.topologies.base.memory import collecting_later
from corridor.topologies.model.wiring import Wiring

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import LastProof
    from corridor.controller.second_opinion import SecondOpinion

AFTER_TRAFFIC = "after"


@dataclass(frozen=True, kw_only=True)
class ControllersProofDocument(Document):
    """``proof.json`` of a live network: the last proof of its controller."""

    schema: int
    of: str
    epoch: int | None
    holds: bool
    proofs: dict[str, JsonObject]
    """As the controller answered: ``tables``, or both sides of an update."""


def prove_compiled(plan: Plan, judged_by: Specification) -> Proof:
    """A proof of the tables as they will be installed."""
    return _prove(tables_of(plan.program), plan, judged_by)


@dataclass(frozen=True)
class Proven:
    """A proof, and the digest of what it is a proof of: see ``Dump.digest``."""

    digest: str
    proof: Proof

    def write(self, inputs: Path) -> None:
        """Next to the plan and the specification, for ``execute.py``; a proof that fails is none.

        Says the same however long it took.
        """
        if self.proof.holds:
            said = in_a_line(_took_no_time(self.proof))
            known = {"digest": self.digest, "inputs": fingerprint(inputs), "said": said}
            (inputs / PROVEN).write_text(json.dumps(known))


def prove_expected(plan: Plan, judged_by: Specification) -> Proven:
    """A proof of what switches will say if they hold what is compiled, set up as runs do it."""
    dump = as_compiled(plan)
    return Proven(dump.digest, _prove_said(dump, plan, judged_by))


def prove_dump(tables_path: Path, plan: Plan, judged_by: Specification) -> Proof:
    """A proof of a run's ``tables/*.json`` against its plan; raises InputError if it is not one."""
    return _prove_said(read_dump_file(tables_path), plan, judged_by)


def _prove_said(dump: Dump, plan: Plan, judged_by: Specification) -> Proof:
    return _prove(read_dump(dump.said, plan.wiring, file=dump.file), plan, judged_by)


def prove_others_said(dump: Dump, plan: Plan, judged_by: Specification) -> Proof:
    """A proof of what switches say that a controller of the user's own steers."""
    asked = [one.demand for one in plan.transfers]
    asked += plan.messages.demand if plan.messages is not None else ()
    planned = {plan.demands[number] for number in asked}
    by_tcp = {one.hosts for one in planned}
    return proof_of_others(dump, plan.wiring, judged_by, by_tcp)


def proof_of_others(
    dump: Dump, wiring: Wiring, judged_by: Specification, by_tcp: Collection[tuple[str, str]] = ()
) -> Proof:
    """The same without a plan."""
    tables = read_dump(dump.said, wiring, file=dump.file)
    with collecting_later():
        return prove_others(tables, wiring, judged_by.topology, judged_by.intents(), by_tcp)


def refuse_endless(proof: Proof) -> None:
    """Raises PolicyFailure for tables under which a first packet would fill fibres for good."""
    if proof.endless:
        said = f"the controller's tables copy packets that loop between {proof.endless}"
        raise PolicyFailure(
            f"nothing is sent: {said}, and their number would grow without limit",
            "have it flood along a tree, or take a topology without loops",
        )


def prove_before_traffic(dump: Dump, plan: Plan, judged_by: Specification, inputs: Path) -> str:
    """What was proven, in a line; raises PolicyFailure unless every claim holds.

    A following controller may have moved on already; ``inputs`` then holds what it has deployed.
    """
    deployment = inputs / DEPLOYMENTS["before"]
    proof = (
        _prove_deployed(dump, deployment, [judged_by], plan.wiring)
        if deployment.exists()
        else _prove_said(dump, plan, judged_by)
    )
    if not proof.holds:
        broken = ", ".join(verdict.claim for verdict in proof.violated)
        raise PolicyFailure(
            f"nothing is sent: the tables in the switches violate {broken}",
            "proof.json in the result folder shows a packet for each",
        )
    return in_a_line(proof)


def prove_run(
    out_dir: Path,
    plan: Plan,
    judged_by: Specification,
    expected: Proven | None = None,
    asked: Sequence[Specification] = (),
) -> dict[str, Proof]:
    """Prove the dumps that a result folder has, and keep the proofs in its ``proof.json``.

    ``asked`` is what may be in force in the end, the last asked for as the last, if that is another
    than ``judged_by``.

    One that says the same as one before it, counters aside, and means the same, is not proven
    a second time, nor the first if it says what was ``expected`` and is proven. On the first there
    is a second opinion.
    """
    paths = {name: out_dir / "tables" / f"{name}.json" for name in DUMPS}
    proofs: dict[str, Proof] = {}
    of: dict[str, str] = {}
    same_as: dict[str, str] = {}
    opinion: SecondOpinion | None = None
    for name in (name for name, path in paths.items() if path.exists()):
        dump = read_dump_file(paths[name])
        meant = {one: _deployed(out_dir, one) for one in (name, *proofs)}
        proven = next(
            (one for one in proofs if of[one] == dump.digest and meant[one] == meant[name]), None
        )
        of[name] = dump.digest
        if proven is not None:
            same_as[name], proofs[name] = proven, _took_no_time(proofs[proven])
        elif plan.controller:
            proofs[name] = prove_others_said(dump, plan, judged_by)
        elif expected is not None and dump.digest == expected.digest and not proofs:
            same_as[name], proofs[name] = "compiled", expected.proof
        elif name == AFTER_TRAFFIC and (agreed := out_dir / "raw" / AGREED_FILE).exists():
            from corridor.experiments.lab.deployment_proof import prove_agreed

            proofs[name] = prove_agreed(dump, agreed, (asked or [judged_by])[-1], plan)
        elif (deployment := out_dir / "raw" / DEPLOYMENTS[name]).exists():
            meaning = asked if asked and name == AFTER_TRAFFIC else [judged_by]
            proofs[name] = _prove_deployed(dump, deployment, meaning, plan.wiring)
        else:
            proofs[name] = _prove_said(dump, plan, judged_by)
        if opinion is None and not plan.controller:
            from corridor.controller.second_opinion import OF_A_RUN
            from corridor.experiments.lab.deployment_proof import judge_tables

            opinion = judge_tables(dump, plan, judged_by, proofs[name], OF_A_RUN)
    document = proof_document(proofs, opinion, of=of, same_as=same_as)
    (out_dir / PROOF_FILE).write_text(json.dumps(document.to_json(), indent=1) + "\n")
    return proofs


def _prove_deployed(
    dump: Dump, path: Path, asked: Sequence[Specification], wiring: Wiring
) -> Proof:
    """See ``prove_deployed``. Only proofs of a run's tables read state files of controllers."""
    from corridor.experiments.lab.deployment_proof import prove_deployed

    return prove_deployed(dump, path, asked, wiring)


def _deployed(out_dir: Path, name: str) -> bytes:
    """What controllers that follow meant a dump to be; empty where none followed."""
    path = out_dir / "raw" / DEPLOYMENTS[name]
    if name == AFTER_TRAFFIC and not path.exists():
        path = out_dir / "raw" / AGREED_FILE
    return path.read_bytes() if path.exists() else b""


def _took_no_time(proof: Proof) -> Proof:
    return replace(proof, counts=replace(proof.counts, ms=0.0))


def _prove(tables: Tables, plan: Plan, judged_by: Specification) -> Proof:
    topology, intents = judged_by.topology, judged_by.intents()
    with collecting_later():
        # What was searched is large, and no verdict asks for it again.
        exact = replace(examine(tables, plan.wiring, topology, intents), searched=(), stranded=())
        proof = prove(tables, plan.wiring, topology, intents, plan.program, exact)
    took_ms = round(proof.counts.ms + exact.counts.ms, 3)
    return replace(proof, counts=replace(proof.counts, ms=took_ms))


def in_a_line(proof: Proof) -> str:
    """What was proven, of how much, and how long it took."""
    counts = proof.counts
    proven, unproven = (
        sum(verdict.status == status for verdict in proof.verdicts)
        for status in ("proven", "not proven")
    )
    not_proven = f", {unproven} not verified" if unproven else ""
    return (
        f"{proven} properties verified, {len(proof.violated)} violated{not_proven}; "
        f"{counts.switches} switches, {counts.entries} entries, {counts.groups} groups, "
        f"{counts.labels} labels, {counts.states} states in {counts.ms:.0f} ms"
    )


def controllers_proof(said: LastProof) -> ControllersProofDocument:
    """The same of a controller's answer to ``proof``: ``tables``, or both sides of an update."""
    sides: tuple[Literal["tables", "beside", "flipped"], ...] = ("tables", "beside", "flipped")
    return ControllersProofDocument(
        schema=PROOF_SCHEMA,
        of=said["of"],
        epoch=said["epoch"],
        holds=said["holds"],
        proofs={side: said[side] for side in sides if side in said},
    )
