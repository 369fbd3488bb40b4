"""Mininet nodes and links over interfaces that netlink has already made.

Stock Mininet starts a shell per node and forks a dozen commands per link. Here
a node gets its shell when a user first asks it to run a command, and a link
only describes what exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mininet.link import Intf, Link
from mininet.log import error
from mininet.net import Mininet
from mininet.node import Host, Switch

from corridor.topologies.model.wiring import HOST_PORT, FibreWire, HostEnd, HubWire, Wiring


class LazyShell:
    """Mix-in for a Mininet node: ``shell`` and ``pid`` come alive at first use."""

    name: str
    _shell: Any = None
    _pid: int | None = None
    _may_start = False
    _starting = False

    def startShell(self, mnopts: str | None = None) -> None:  # noqa: N802 - Mininet's name
        """Called by Mininet's constructor, which must not start one yet."""

    def allow_shell(self) -> None:
        """From now on a command starts the shell it needs."""
        self._may_start = True

    def cmd(self, *args: Any, **kwargs: Any) -> Any:
        """Mininet's ``cmd``; what its constructors would run on a node is not needed here."""
        if not self._may_start:
            return ""
        return super().cmd(*args, **kwargs)  # type: ignore[misc]

    @property
    def shell(self) -> Any:
        if self._shell is None and self._may_start and not self._starting:
            self._starting = True
            try:
                super().startShell()  # type: ignore[misc]
            finally:
                self._starting = False
        return self._shell

    @shell.setter
    def shell(self, value: Any) -> None:
        self._shell = value

    @property
    def pid(self) -> int | None:
        return self._pid if self.shell else None

    @pid.setter
    def pid(self, value: int | None) -> None:
        self._pid = value

    def terminate(self) -> None:
        self._may_start = False
        if self._shell is not None:
            super().terminate()  # type: ignore[misc]


class Enterable(Protocol):
    """A network namespace that can be entered."""

    @property
    def path(self) -> str:
        """To open, for ``nsenter --net=``."""


class HubHost(LazyShell, Host):
    """A host at a hub, in the namespace that was made for it."""

    def __init__(self, name: str, wire: HostEnd | None = None, **params: Any) -> None:
        self.wire = wire
        self.namespace: Enterable | None = None
        super().__init__(name, **params)
        self.allow_shell()

    @classmethod
    def setup(cls) -> None:
        """Nothing to look for: Mininet's ifconfig is not used."""

    def config(self, **_params: Any) -> dict[str, str]:
        return {}

    def popen(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("mncmd", [*self._enter(), "mnexec", "-d"])
        return super().popen(*args, **kwargs)

    def _popen(self, cmd: list[str], **params: Any) -> Any:
        if cmd[:2] == ["mnexec", "-cdn"]:  # Mininet would unshare a new namespace here
            cmd = [*self._enter(), "mnexec", "-cd", *cmd[2:]]
        return super()._popen(cmd, **params)

    def _enter(self) -> list[str]:
        if self.namespace is None:
            raise RuntimeError(f"{self.name} has no namespace before the network is built")
        return ["nsenter", f"--net={self.namespace.path}"]


class Switches(Protocol):
    """The network that runs a switch's bridge."""

    def start_switch(self, hub: HubWire) -> None: ...
    def stop_switch(self, hub: HubWire) -> None: ...
    def is_connected(self, hub: HubWire) -> bool: ...


class HubSwitch(LazyShell, Switch):
    """The switch of a hub: a bridge of an ``OpenVSwitch`` that the network starts as a whole."""

    def __init__(self, name: str, wire: HubWire, network: Switches, **params: Any) -> None:
        self.wire = wire
        self.network = network
        self.management_address = ""
        super().__init__(name, dpid=f"{wire.dpid:016x}", **params)
        self.allow_shell()

    @classmethod
    def setup(cls) -> None:
        """Open vSwitch is looked for once, by the network."""

    def defaultIntf(self) -> Any:  # noqa: N802 - Mininet's name
        return self.intfs.get(HOST_PORT)

    def start(self, _controllers: Any) -> None:
        """Come back after ``stop``, with the controllers the network has."""
        self.network.start_switch(self.wire)

    def stop(self, deleteIntfs: bool = True) -> None:  # noqa: ARG002, N803 - Mininet's
        """Forward nothing until ``start``; what was in the tables is gone."""
        self.network.stop_switch(self.wire)

    def connected(self) -> bool:
        return self.network.is_connected(self.wire)

    def dpctl(self, *args: str) -> Any:
        return self.cmd("ovs-ofctl -O OpenFlow13", args[0], self.management_address, *args[1:])


class BuiltIntf(Intf):
    """An interface that is already there, with the addresses it is known to have."""

    def __init__(self, name: str, node: Any, port: int, link: Link, mac: str) -> None:
        super().__init__(name, node=node, port=port, link=link, mac=mac, moveIntfFn=_stay)

    def config(self, **_params: Any) -> dict[str, str]:
        return {}

    def delete(self) -> None:
        """Interfaces of a run go together, by their group."""


class HostLink(Link):
    """A host at a port of its hub's switch: port 1 for the hub's default host."""

    def __init__(self, host: HubHost, switch: HubSwitch, wire: HostEnd) -> None:
        self.intf1 = BuiltIntf(wire.host_interface, host, 0, self, wire.host_mac)
        self.intf1.ip, self.intf1.prefixLen = wire.host_ip, "8"
        self.intf2 = BuiltIntf(wire.switch_interface, switch, wire.port, self, wire.switch_mac)


class FibreLink(Link):
    """A fibre between two hubs' switches; its shape is in ``wire``."""

    def __init__(self, a: HubSwitch, z: HubSwitch, wire: FibreWire) -> None:
        self.wire = wire
        self.intf1 = BuiltIntf(wire.a.interface, a, wire.a.port, self, wire.a.mac)
        self.intf2 = BuiltIntf(wire.z.interface, z, wire.z.port, self, wire.z.mac)


class HubNet(Mininet):
    """Mininet's names for a wiring whose interfaces are there; a hub's id names its default
    host, and the id of a further host that one."""

    def __init__(self, wiring: Wiring, **mininet_options: Any) -> None:
        self.wiring = wiring
        self._hosts_of = {host.name: host.host for host in wiring.hosts}
        super().__init__(
            topo=None, switch=HubSwitch, host=HubHost, controller=None, **mininet_options
        )

    @classmethod
    def init(cls) -> None:
        """Leave the machine's limits alone; Mininet would raise them for the whole system."""

    def __getitem__(self, key: str) -> Any:
        return self.nameToNode[self._hosts_of.get(key, key)]

    def __contains__(self, item: object) -> bool:
        return item in self.nameToNode or item in self._hosts_of

    def switch_of(self, hub: str) -> HubSwitch:
        switch: HubSwitch = self.nameToNode[self.wiring.hub(hub).switch]
        return switch

    def describe(self, namespaces: Mapping[str, Enterable], switches: Switches) -> None:
        """Make the nodes and links; ``namespaces`` are those of hosts, by their names here."""
        for hub in self.wiring.hubs:
            switch = self.addSwitch(hub.switch, wire=hub, network=switches)
            for wire in hub.attached:
                host = self.addHost(wire.host, wire=wire, ip=f"{wire.host_ip}/8", mac=wire.host_mac)
                host.namespace = namespaces[wire.host]
                self.links.append(HostLink(host, switch, wire))
        for fibre in self.wiring.fibres:
            ends = (self.switch_of(fibre.a.hub), self.switch_of(fibre.z.hub))
            self.links.append(FibreLink(*ends, fibre))


def _stay(_interface: str, _node: Any) -> None:
    """An interface was created where it belongs."""


# Mininet's view of a network that another process built and holds.
#
# Commands run at its hosts, and its links go down and up. It leaves everything as it is when it
# is closed, but for what was run through it.


@dataclass(frozen=True)
class Path:
    """A namespace by a path that can be opened."""

    path: str


class AttachedNet(HubNet):
    """For ``Mininet``'s command line: it creates no bridges."""

    def __init__(
        self, wiring: Wiring, namespaces: Mapping[str, str], management: Mapping[str, str]
    ) -> None:
        """Paths to the hosts' namespaces, and where switches take ``ovs-ofctl``, by hub."""
        super().__init__(wiring, build=False)
        paths = {host.host: Path(namespaces[host.name]) for host in wiring.hosts}
        self.describe(paths, self)
        for hub in wiring.hubs:
            self.switch_of(hub.hub).management_address = management[hub.hub]
        self.built = True

    def start_switch(self, hub: HubWire) -> None:
        """Switches belong to the process that holds the network; says so."""
        error(f"*** no switch is started from here: corridor start {hub.hub}\n")

    def stop_switch(self, hub: HubWire) -> None:
        """Switches belong to the process that holds the network; says so."""
        error(f"*** no switch is stopped from here: corridor kill {hub.hub}\n")

    def is_connected(self, _hub: HubWire) -> bool:
        """No one waits for that: a network that one attaches to is up."""
        return True

    def close(self) -> None:
        """End what was run through it."""
        for node in (*self.hosts, *self.switches):
            node.terminate()
