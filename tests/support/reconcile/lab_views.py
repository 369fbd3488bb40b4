"""What tests of the reconciler look at on a laboratory of switches."""

from __future__ import annotations

import json
from typing import Any

from corridor.controller.forwarding.compiler import compile_forwarding_graphs
from corridor.controller.forwarding.program import Flow, SwitchProgram, Table
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.reconcile.control import Control
from fake_switches import Lab
from reconciler_lab import specification, wiring

KNOWN = DesiredState(specification())
NETWORK = wiring()
FIBRE = "kunming-karachi"


def epoch(lab: Lab) -> int:
    return lab.deployer.deployment.epoch


def unnumbered(lab: Lab) -> tuple[SwitchProgram, ...]:
    """What stands, by the numbers of a first deployment: labels, groups and meters have others
    after a direction has moved."""
    deployment = lab.deployer.deployment
    assert lab.holds() == lab.stands()
    return compile_forwarding_graphs(
        NETWORK, deployment.topology, deployment.graphs
    ).program.switches


def status(lab: Lab, demand: str) -> str:
    return lab.event_log.statuses[demand].status


def foreign() -> Flow:
    """A foreign entry."""
    return Flow(Table.SWITCH, 500, (("in_port", 3),), (), None, 0x1234)


def ask(lab: Lab, **request: Any) -> Any:
    """What the control socket answers, where the controller does at once what it is asked."""
    control = Control(lab.reconciler, lab.event_log, lambda: None)
    control._have = lab.have
    return control.answer(json.dumps(request))
