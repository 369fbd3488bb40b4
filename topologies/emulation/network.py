"""A Mininet network of a wiring: the API and CLI of Mininet, built in seconds.

    with CorridorNet(wiring, controllers=["tcp:127.0.0.1:6653"]) as net:
        print(net["shanghai"].cmd("ping -c 3", net["karachi"].IP()))

Nodes answer to Mininet's names (``h1``, ``s1``) and a hub's id names its host.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypedDict, runtime_checkable

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation import bfd
from corridor.topologies.emulation.netlink import Links, shapes
from corridor.topologies.emulation.nodes import HubNet
from corridor.topologies.emulation.ovsdb import OpenVSwitch, Progress
from corridor.topologies.model.wiring import HubWire, Wiring, around

BFD_POLL_S, FOUND_TIMES = 0.25, 2


class SwitchSettings(TypedDict):
    """How a switch is set up."""

    fail_mode: str | None
    """What it does without a controller."""
    bfd_ports: list[int] | None
    """Those of fibres on which it speaks BFD; None in a network without."""


@runtime_checkable
class ListensInFolder(Protocol):
    """A controller that switches reach over a separate Unix socket, not over TCP."""

    @property
    def target(self) -> str:
        """As Open vSwitch wants it."""

    def listen_in(self, open_vswitch: Path, run_id: str) -> None:
        """The socket is to be there; before the controller starts."""


class CorridorNet(HubNet):
    """Every hub an Open vSwitch bridge with one host, every fibre a shaped pair of interfaces."""

    def __init__(
        self,
        wiring: Wiring,
        *,
        controllers: Sequence[str] = (),
        segmentation_offload: bool = False,
        private_dir: Path | None = None,
        bfd_interval_ms: int | None = None,
        progress: Progress = lambda _what, _done, _of: None,
        shaped: bool = True,
        before_switches: Callable[[], None] = lambda: None,
        **mininet_options: Any,
    ) -> None:
        """With ``shaped`` off, fibres have no delay and no rate until ``shape`` is called.

        ``before_switches`` is called before ovs-vswitchd starts, and before bridges are made, once
        all else that starts is there.
        """
        self.kernel = Links(wiring, segmentation_offload=segmentation_offload)
        self._targets = list(controllers)
        self._private_dir = private_dir
        self._bfd_interval_ms = bfd_interval_ms
        self._progress = progress
        self._shaped = shaped
        self._before_switches = before_switches
        self.openvswitch: OpenVSwitch | None = None
        super().__init__(wiring, **mininet_options)

    def __enter__(self) -> CorridorNet:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def bfd_status(self) -> dict[str, bfd.Status]:
        """What BFD states about each fibre's ends, by interface; other networks' are left out."""
        assert self.openvswitch is not None
        found = self.openvswitch.bfd_status()
        return {name: found[name] for name in bfd.interfaces(self.wiring) if name in found}

    def settings(self) -> dict[str, SwitchSettings]:
        """How each switch is set up, by hub."""
        assert self.openvswitch is not None
        modes = self.openvswitch.fail_modes()
        speakers = self.openvswitch.bfd_speakers()
        ports: dict[str, list[int]] = {hub.hub: [] for hub in self.wiring.hubs}
        for fibre in self.wiring.fibres:
            for end in (fibre.a, fibre.z):
                if end.interface in speakers:
                    ports[end.hub].append(end.port)
        return {
            hub.hub: {
                "fail_mode": modes.get(hub.bridge),
                "bfd_ports": None if self._bfd_interval_ms is None else sorted(ports[hub.hub]),
            }
            for hub in self.wiring.hubs
        }

    def wait_bfd(self, timeout_s: float) -> None:
        """Return when BFD forwards over every fibre; else EnvironmentUnsupported names the ends
        where it does not.

        Sessions start with a packet a second (RFC 5880, 6.8.3), so it takes two to four seconds.
        """
        deadline = time.monotonic() + timeout_s
        while waiting := bfd.lacking(self.wiring, self.bfd_status()):
            _refuse_late(waiting, deadline, "up", timeout_s)
            time.sleep(BFD_POLL_S)

    def wait_bfd_interval(self, interval_ms: int, fibres: Sequence[str], timeout_s: float) -> None:
        """Return when sessions of the fibres run at the interval (an empty name: those of all);
        else EnvironmentUnsupported names the ends that do not.

        Packets of the old interval are in flight in the meantime, so it must be found twice.
        """
        assert self.openvswitch is not None
        wanted = [name for fibre in fibres for name in bfd.interfaces(self.wiring, fibre or None)]
        deadline, found = time.monotonic() + timeout_s, 0
        while found < FOUND_TIMES:
            slower = bfd.unpaced(wanted, self.openvswitch.bfd_paces(), interval_ms)
            found = 0 if slower else found + 1
            _refuse_late(slower, deadline, f"at {interval_ms} ms", timeout_s)
            time.sleep(BFD_POLL_S)
            self.openvswitch.look_at_bfd()

    def set_bfd_interval(self, interval_ms: int, fibre: str | None = None) -> None:
        """Another interval for one fibre's sessions, or for all, which stay up.

        Open vSwitch agrees upon it with the other end by packets, each of which may wait for the
        timer of the old interval: ``wait_bfd_interval`` waits for it.
        Sessions cost wall time by the packet, so a long interval is for when nothing fails.
        """
        assert self.openvswitch is not None
        self._bfd_interval_ms = interval_ms
        self.openvswitch.set_bfd(self.wiring, interval_ms, fibre)

    def build(self) -> None:
        """Make nodes, namespaces and interfaces; switches follow in ``start``."""
        self.kernel.build()
        self._progress("interfaces", len(self.wiring.fibres), len(self.wiring.fibres))
        self.describe(self.kernel.namespaces, self)
        self.built = True

    def start(self) -> None:
        """Bring every switch up in one transaction, then shape the fibres and read them back."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def shape(self) -> None:
        """Shape the fibres and read them back, if that has not been done yet."""
        if not self._shaped:
            self.kernel.shape()
            self._shaped = True

    def renew(self, wiring: Wiring) -> None:
        """Shape a network that stands as if it were built just now: see ``Links.renew``."""
        self.wiring = wiring
        self.kernel.renew(wiring)

    def stop_switch(self, hub: HubWire) -> None:
        """Remove a hub's bridge. Its interfaces stay, joined to nothing; it forwards no more."""
        if self.openvswitch is not None:
            self.openvswitch.delete_bridges([hub.bridge])

    def start_switch(self, hub: HubWire) -> None:
        """Bring a stopped switch back as it was declared: ports, controllers and shaping."""
        if self.openvswitch is None or hub.bridge in self.openvswitch.bridges():
            return
        part = around(self.wiring, hub)
        self.openvswitch.add_bridges(part, self._addresses(), bfd_interval_ms=self._bfd_interval_ms)
        ends = (end for fibre in part.fibres for end in (fibre.a, fibre.z))
        declared = shapes(self.wiring)
        names = [end.interface for end in ends if end.hub == hub.hub]
        self.kernel.restore({name: declared[name] for name in names})

    def is_connected(self, hub: HubWire) -> bool:
        """Whether a hub's switch has a controller now."""
        return self.openvswitch is not None and self.openvswitch.is_connected(hub.bridge)

    def stop(self) -> None:
        """Take down what this network made; safe to call twice and on a half-built network."""
        for node in (*self.hosts, *self.switches):
            node.terminate()
        for controller in self.controllers:
            controller.stop()
        openvswitch, self.openvswitch = self.openvswitch, None
        try:
            if openvswitch is not None:
                openvswitch.take_down([hub.bridge for hub in self.wiring.hubs])
        finally:
            self.kernel.close()

    def _start(self) -> None:
        private_dir = self._private_dir or Path(tempfile.mkdtemp(prefix="corridor-ovs-"))
        self.openvswitch = OpenVSwitch.connect(private_dir, self._before_switches)
        if not self.built:
            self.build()
        self._start_controllers(self.openvswitch.run_dir)
        self._before_switches()
        self.openvswitch.add_bridges(
            self.wiring,
            self._addresses(),
            bfd_interval_ms=self._bfd_interval_ms,
            progress=self._progress,
        )
        for switch in self.switches:
            switch.management_address = self.openvswitch.management_address(switch.wire.bridge)
        if self._shaped:
            self.kernel.shape()
        if self.waitConn:
            self.waitConnected(self.waitConn)

    def _start_controllers(self, open_vswitch: Path) -> None:
        """Those of Mininet's; switches connect to sockets in the folder of Open vSwitch, too."""
        for controller in self.controllers:
            if isinstance(controller, ListensInFolder):
                controller.listen_in(open_vswitch, self.wiring.run_id)
            controller.start()

    @property
    def controller_address(self) -> str:
        """Of the first, as Open vSwitch wants it."""
        return self._addresses()[0]

    def _addresses(self) -> list[str]:
        """Of every controller, as Open vSwitch wants them."""
        return self._targets + [
            one.target if isinstance(one, ListensInFolder) else f"tcp:{one.IP()}:{one.port}"
            for one in self.controllers
        ]


def _refuse_late(waiting: Sequence[str], deadline: float, what: str, timeout_s: float) -> None:
    if waiting and time.monotonic() >= deadline:
        named = ", ".join(waiting[:5]) + (" ..." if len(waiting) > 5 else "")
        raise EnvironmentUnsupported(
            f"BFD is not {what} at {len(waiting)} ends of fibres after {timeout_s:g} s: {named}"
        )
