"""Proofs of what a following controller has deployed: by what it knew, not by the first plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from corridor.controller.deployment import deployments
from corridor.controller.deployment.deployments import Deployment
from corridor.controller.intent.specification import Specification
from corridor.controller.prover import Proof, read_dump
from corridor.controller.reconcile.state_file import StateFile, Unreadable
from corridor.experiments.lab.dumps import Dump
from corridor.experiments.plan.garbage import collecting_later
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.wiring import Wiring


def deployed(path: Path, specification: Specification, wiring: Wiring) -> Deployment:
    """What a controller had deployed when it wrote ``path``; InputError if that cannot be read."""
    try:
        remembered = StateFile(path, specification).recall()
    except Unreadable as problem:
        raise InputError(str(problem)) from problem
    if remembered is None:
        raise InputError("there is none", file=str(path))
    kept = remembered.stands
    deployment = deployments.stand(kept.known, wiring, kept.epoch)
    if kept.withdrawn:
        intents = remembered.wanted.specification.intents()
        deployment = deployments.withdraw(deployment, kept.withdrawn, intents)
    return deployment


def prove_deployed(dump: Dump, path: Path, specification: Specification, wiring: Wiring) -> Proof:
    """That what switches say they hold does what the controller meant, and nothing else.

    A switch that was not reached counts as holding what it was told before it was lost.
    """
    with collecting_later():
        deployment = deployed(path, specification, wiring)
        held = read_dump(dump.said, _asked(wiring, dump), file=dump.file)
        absent = {
            one.hub: one for one in deployment.program.switches if one.hub not in held.switches
        }
        filled = replace(held, switches={**held.switches, **absent})
        return deployments.proof_of(deployment, wiring, filled)


def _asked(wiring: Wiring, dump: Dump) -> Wiring:
    """The wiring with those switches only that are in a dump."""
    said = dump.said.get("switches", {}) if isinstance(dump.said, dict) else {}
    return replace(wiring, hubs=tuple(hub for hub in wiring.hubs if hub.hub in said))
