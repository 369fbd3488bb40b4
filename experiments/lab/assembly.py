"""A network, who steers it and its gateways, in the one order in which they come and go.

Switches are there first, then the gateways, which let nothing through until their controller says
what, and the controller last: whatever comes of one switch has all of them looked at. It is the
first to go, so that it follows nothing of what is taken down.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.emulation.ovsdb import OpenVSwitch, Progress
from corridor.topologies.emulation.ovsdb_client import switches_socket
from corridor.topologies.model.wiring import Wiring

if TYPE_CHECKING:
    from corridor.experiments.lab.gateways_process import GatewaysProcess


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
    from corridor.experiments.lab.gateways_process import start_gateways

    return start_gateways(net, {}, scratch / "gateways.json", out_dir / "audit", socket)
