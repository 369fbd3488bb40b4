"""Mininet's view of a network that another process built and holds.

Commands run at its hosts, and its links go down and up. It leaves everything as it is when it is
closed, but for what was run through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mininet.log import error

from corridor.topologies.emulation.nodes import HubNet
from corridor.topologies.model.wiring import HubWire, Wiring


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
        paths = {hub.host: Path(namespaces[hub.hub]) for hub in wiring.hubs}
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
