"""A network, who steers it and its gateways, in the one order in which they come and go.

Switches are there first, then the gateways, which let nothing through until their controller says
what, and the controller last: whatever comes of one switch has all of them looked at. It is the
first to go, so that it follows nothing of what is taken down. Gateways are run by their
supervisor, a process that exchanges lines with the run.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from corridor.experiments.lab.line_process import LineProcess
from corridor.topologies.base.slowness import patient
from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.emulation.ovsdb import OpenVSwitch, Progress
from corridor.topologies.emulation.ovsdb_client import switches_socket
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents.gateway import Config, Death, GatewayCounts, GatewayPlan, Started
from corridor.traffic.agents.gateway_supervisor import command
from corridor.traffic.agents.inspection import LabelPlan

if TYPE_CHECKING:
    from corridor.topologies.emulation.network import CorridorNet


class Steering(Protocol):
    """Who steers the switches."""

    target: str | None
    """Where switches find it, as Open vSwitch wants it; None for a socket in the folder of Open
    vSwitch, which no one else of this machine comes through to."""

    def start(self, switches: Path) -> None:
        """Returns before it listens; ``switches`` is that socket."""

    def close(self) -> None:
        """End it, if it runs."""


class Assembly(NamedTuple):
    """What is up."""

    net: CorridorNet
    gateways: GatewaysProcess | None


@contextlib.contextmanager
def assemble(
    wiring: Wiring,
    steering: Steering | None,
    scratch: Path,
    out_dir: Path,
    *,
    run_dir: Path | None = None,
    gateways_at: Path | None = None,
    bfd_interval_ms: int | None = None,
    segmentation_offload: bool = False,
    progress: Progress = lambda _what, _done, _of: None,
    shaped: bool = True,
    before_switches: Callable[[], None] = lambda: None,
    with_switches: Callable[[CorridorNet], None] = lambda _net: None,
    while_starting: Callable[[OpenVSwitch], AbstractContextManager[object]] = nullcontext,
) -> Iterator[Assembly]:
    """All of it, until it is left. ``gateways_at`` is the socket on which a controller tells
    gateways what they assess; without one none stand. Open vSwitch is private, unless there is one
    in ``run_dir``. ``before_switches`` and ``with_switches`` are called before switches are made
    and once all are there, before anything else starts. ``steering`` starts within
    ``while_starting``."""
    with contextlib.ExitStack() as stack:
        name = switches_socket(wiring.run_id)
        net = CorridorNet(
            wiring,
            controllers=[] if steering is None else [steering.target or f"unix:{name}"],
            segmentation_offload=segmentation_offload,
            private_dir=run_dir or scratch / "openvswitch",
            bfd_interval_ms=bfd_interval_ms,
            progress=progress,
            shaped=shaped,
            before_switches=before_switches,
        )
        stack.enter_context(net)
        with_switches(net)
        gateways = None
        if gateways_at is not None:
            gateways = _gateways(net, scratch, out_dir, gateways_at)
            stack.callback(gateways.close)
        if steering is not None:
            assert net.openvswitch is not None
            switches = net.openvswitch.run_dir / name
            stack.callback(switches.unlink, missing_ok=True)
            stack.callback(steering.close)
            with while_starting(net.openvswitch):
                steering.start(switches)
        yield Assembly(net, gateways)


def _gateways(net: CorridorNet, scratch: Path, out_dir: Path, socket: Path) -> GatewaysProcess:

    return start_gateways(net, {}, scratch / "gateways.json", out_dir / "audit", socket)


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
