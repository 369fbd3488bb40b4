"""The policy gateways as a run sees them: the process of their supervisor and its lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.experiments.lab.line_process import LineProcess
from corridor.topologies.base.slowness import patient
from corridor.traffic.agents.gateway import Config, Death, GatewayCounts, GatewayPlan, Started
from corridor.traffic.agents.gateway_supervisor import command
from corridor.traffic.agents.inspection import LabelPlan

if TYPE_CHECKING:
    from corridor.topologies.emulation.network import CorridorNet

TIMEOUT_S = 30.0

Labels = Mapping[int, LabelPlan]
"""What one gateway assesses, by label."""


class GatewaysProcess(LineProcess):
    """Every gateway of a network that has been built; they inspect once it is made."""

    def __init__(self, config_path: Path) -> None:
        super().__init__(command(str(config_path)), "the gateways")
        self.pids: dict[str, int] = self.wait_ready("ready", patient(TIMEOUT_S))

    def kill(self, hub: str) -> None:
        """SIGKILL one gateway; its switch sees both ports down when this returns."""
        self.tell({"do": "kill", "hub": hub})
        self.wait("killed", patient(TIMEOUT_S))
        self.pids.pop(hub, None)

    def start(self, hub: str) -> None:
        """Start one again after it was killed."""
        self.tell({"do": "start", "hub": hub})
        started: Started = self.wait("started", patient(TIMEOUT_S))
        self.pids[hub] = started["pid"]

    def count_from(self, epoch_ns: int) -> None:
        """Have audits count time from here, as the agents do."""
        self.tell({"epoch_ns": epoch_ns})

    def stop(self) -> dict[str, GatewayCounts]:
        """End all; by hub, what each has counted."""
        self.tell({"do": "stop"})
        counted: dict[str, GatewayCounts] = self.wait("done", patient(TIMEOUT_S))
        return counted

    @property
    def deaths(self) -> list[Death]:
        """Gateways that died by themselves, and how, as far as it has been heard."""
        return [message["died"] for message in self.passed_over if "died" in message]


def configuration(net: CorridorNet, labels: Mapping[str, Labels], out_dir: Path) -> Config:
    """For their supervisor: every gateway of the network and the labels it assesses."""
    gateways: dict[str, GatewayPlan] = {
        hub.hub: {
            "in": hub.gateway.in_interface,
            "out": hub.gateway.out_interface,
            "netns": net[hub.hub].namespace.path,
            "labels": {str(label): plan for label, plan in labels.get(hub.hub, {}).items()},
        }
        for hub in net.wiring.hubs
        if hub.gateway is not None
    }
    return {"out_dir": str(out_dir), "gateways": gateways}


def start_gateways(
    net: CorridorNet,
    labels: Mapping[str, Labels],
    config_path: Path,
    out_dir: Path,
    socket: Path | None = None,
) -> GatewaysProcess:
    """Configure and start every gateway of a network. On the ``socket``, if one is given, their
    controller says what they assess from then on."""
    configured = configuration(net, labels, out_dir)
    listening = {} if socket is None else {"socket": str(socket)}
    config_path.write_text(json.dumps({**configured, **listening}))
    return GatewaysProcess(config_path)
