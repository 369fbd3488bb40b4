"""Routers' tables as a whole: the path that packets take by them, and how it changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from corridor.experiments.routing.routing_plan import Change
from corridor.topologies.model.routers import LOOPBACK_PREFIX_LENGTH, RouterNetwork
from corridor.topologies.model.routing import Path


class RouterTables:
    """The tables of all routers, kept up to date by what kernels report.

    A kernel reports no route that it removes because an interface went down: ``lose`` does that.
    """

    def __init__(self, network: RouterNetwork) -> None:
        self._network = network
        self._prefix = {
            one.hub: f"{one.address}/{LOOPBACK_PREFIX_LENGTH}" for one in network.routers
        }
        self._beyond = {
            (end.hub, end.interface): (far.hub, link.fibre)
            for link in network.links
            for end, far in (link.ends, link.ends[::-1])
        }
        self.routes: dict[str, dict[str, str]] = {one.hub: {} for one in network.routers}
        """By hub, the interface of each prefix of a router."""
        self._wanted = set(self._prefix.values())

    def apply(self, change: Change) -> None:
        """A removed route is that of the prefix only if no other has replaced it."""
        if change.prefix not in self._wanted:
            return
        table = self.routes[change.hub]
        if change.is_new:
            table[change.prefix] = change.interface
        elif table.get(change.prefix) == change.interface:
            del table[change.prefix]

    def lose(self, fibres: Iterable[str]) -> None:
        """Remove the routes over fibres whose interfaces have gone down."""
        gone = set(fibres)
        for hub, table in self.routes.items():
            for prefix, interface in [*table.items()]:
                if self._beyond[hub, interface][1] in gone:
                    del table[prefix]

    def path(self, src: str, dst: str) -> Path | None:
        """The path of packets from one hub to another; None if they are dropped or loop."""
        prefix, here = self._prefix[dst], src
        hubs, fibres = [src], list[str]()
        while here != dst:
            interface = self.routes[here].get(prefix)
            if interface is None:
                return None
            here, fibre = self._beyond[here, interface]
            if here in hubs:
                return None
            hubs.append(here)
            fibres.append(fibre)
        return Path(tuple(hubs), tuple(fibres))

    def reaching(self, dst: str) -> set[str]:
        """The hubs whose packets reach a hub, itself among them."""
        prefix, reaching, lost = self._prefix[dst], {dst}, set[str]()
        for src in self.routes:
            here, seen = src, dict[str, None]()
            while here not in reaching and here not in lost and here not in seen:
                seen[here] = None
                interface = self.routes[here].get(prefix)
                if interface is None:
                    break
                here = self._beyond[here, interface][0]
            (reaching if here in reaching else lost).update(seen)
        return reaching
