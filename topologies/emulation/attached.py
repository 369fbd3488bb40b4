"""Mininet's view of a network that another process built and holds.

Commands run at its hosts, and its links go down and up. It leaves everything as it is when it is
closed, but for what was run through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mininet.log import error
from mininet.net import Mininet

from corridor.topologies.emulation.nodes import HubHost, HubSwitch, describe
from corridor.topologies.model.wiring import HubWire, Wiring


@dataclass(frozen=True)
class Path:
    """A namespace by a path that can be opened."""

    path: str


class AttachedNet(Mininet):
    """A hub's id names its host, as in ``CorridorNet``."""

    def __init__(
        self, wiring: Wiring, namespaces: Mapping[str, str], management: Mapping[str, str]
    ) -> None:
        """Paths to the hosts' namespaces, and where switches take ``ovs-ofctl``, by hub."""
        self._hosts_of = {hub.hub: hub.host for hub in wiring.hubs}
        super().__init__(topo=None, switch=HubSwitch, host=HubHost, controller=None, build=False)
        paths = {hub.host: Path(namespaces[hub.hub]) for hub in wiring.hubs}
        describe(self, wiring, paths, self)
        for hub in wiring.hubs:
            self.nameToNode[hub.switch].management_address = management[hub.hub]
        self.built = True

    @classmethod
    def init(cls) -> None:
        """Leave the machine's limits alone; Mininet would raise them for the whole system."""

    def __getitem__(self, key: str) -> Any:
        return self.nameToNode[self._hosts_of.get(key, key)]

    def __contains__(self, item: object) -> bool:
        return item in self.nameToNode or item in self._hosts_of

    def start_switch(self, hub: HubWire) -> None:
        """Switches belong to the process that holds the network; says so."""
        error(f"*** no switch is started from here: corridor start {hub.hub}\n")

    def stop_switch(self, hub: HubWire) -> None:
        """Switches belong to the process that holds the network; says so."""
        error(f"*** no switch is stopped from here: corridor kill {hub.hub}\n")

    def is_connected(self, _hub: HubWire) -> bool:
        """Nobody waits for that: a network that one attaches to is up."""
        return True

    def close(self) -> None:
        """End what was run through it."""
        for node in (*self.hosts, *self.switches):
            node.terminate()
