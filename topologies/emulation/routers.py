"""Routers in this kernel: a namespace a hub, a pair of interfaces a fibre, and their tables.

Namespaces are held by this process, so nothing is left when it ends. The kernel reports every
change of a table as it happens: ``TableWatch`` collects the reports.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from corridor.topologies.base.child_process import Closing
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation.datapath import KernelRefuses, NetlinkSocket
from corridor.topologies.emulation.namespaces import Namespace
from corridor.topologies.emulation.queues import netem_octets, rtnetlink
from corridor.topologies.emulation.queues.netem_octets import Netem
from corridor.topologies.emulation.queues.rtnetlink import Interface, Request
from corridor.topologies.model.routers import (
    LINK_PREFIX_LENGTH,
    LOOPBACK_PREFIX_LENGTH,
    RouterEnd,
    RouterLink,
    RouterNetwork,
)
from corridor.topologies.model.wiring import HOST_MTU_BYTES

LOOPBACK = "lo"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
NETEM_HANDLE = 0x10000
IN_FLIGHT_PACKETS = 100_000
"""The limit of the delay line of a link, which must never be met."""
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTMGRP_IPV4_ROUTE = 0x40
RTA_DST, RTA_OIF, RTA_GATEWAY = 1, 4, 5
RT_TABLE_MAIN, RTN_UNICAST = 254, 1
ROUTE = struct.Struct("=BBBBBBBBI")
RECEIVE_BYTES, WATCH_BUFFER_BYTES = 1 << 18, 1 << 24
SO_RCVBUFFORCE = 33


class RouteChange(NamedTuple):
    """A route of the main table, by its interface; ``is_new`` is false if it was removed."""

    is_new: bool
    prefix: str
    interface: str


class Routers(Closing):
    """The network of routers while this is open."""

    def __init__(self, network: RouterNetwork) -> None:
        self._network = network
        self.namespaces: dict[str, Namespace] = {}
        self._inside: dict[str, NetlinkSocket] = {}
        self._names: dict[str, dict[int, str]] = {}

    def build(self) -> None:
        """Make namespaces and links, addressed, delayed and up.

        Raises:
            EnvironmentUnsupported: The kernel refuses a part.
        """
        try:
            for router in self._network.routers:
                namespace = self.namespaces[router.hub] = Namespace()
                with namespace.entered():
                    self._inside[router.hub] = NetlinkSocket()
                    FORWARDING.write_text("1")
            for link in self._network.links:
                self._inside[link.a.hub].carry_out([self._pair(link)])
            for router in self._network.routers:
                self._address(router.hub, LOOPBACK, router.address, LOOPBACK_PREFIX_LENGTH)
            for link in self._network.links:
                for end, far in (link.ends, link.ends[::-1]):
                    self._address(end.hub, end.interface, end.address, LINK_PREFIX_LENGTH)
                    self._connect(end, far, link.one_way_delay_ns)
            for hub, inside in self._inside.items():
                self._names[hub] = {one.index: one.name for one in inside.links()}
        except KernelRefuses as error:
            raise EnvironmentUnsupported(
                f"the kernel refuses to make {error.about}: {error.reason}",
                "corridor doctor lists what this kernel does not have",
            ) from error

    def close(self) -> None:
        for inside in self._inside.values():
            inside.close()
        for namespace in self.namespaces.values():
            namespace.close()

    def switch(self, links: Iterable[RouterLink], *, up: bool) -> None:
        """Take links down at both ends, with all packets in flight, or bring them up."""
        both = [(end, far) for link in links for end, far in (link.ends, link.ends[::-1])]
        for end, _ in both:
            self._inside[end.hub].carry_out([rtnetlink.switched(end.interface, up=up)])
        for end, far in both if up else ():  # the kernel has forgotten its neighbours
            self._know(end, far)

    @contextlib.contextmanager
    def at(self, hub: str) -> Iterator[None]:
        """Run the body with this thread in the namespace of a hub."""
        with self.namespaces[hub].entered():
            yield

    def table(self, hub: str) -> dict[str, str]:
        """The interface of each prefix in the main table of a hub."""
        request = Request(RTM_GETROUTE, rtnetlink.NLM_F_DUMP, _of_ipv4(), "routes")
        dumped = self._inside[hub].dump(request)
        found = (read_change(kind, body, self._names[hub]) for kind, body in dumped)
        return {one.prefix: one.interface for one in found if one is not None}

    def watch(self, hub: str) -> TableWatch:
        """Report changes of the table of a hub from now on."""
        with self.at(hub):
            return TableWatch(self._names[hub])

    def _pair(self, link: RouterLink) -> Request:
        far = self.namespaces[link.z.hub].fd
        return rtnetlink.veth(
            Interface(link.a.interface, link.a.mac, HOST_MTU_BYTES),
            Interface(link.z.interface, link.z.mac, HOST_MTU_BYTES, namespace=far),
        )

    def _address(self, hub: str, interface: str, address: str, length: int) -> None:
        inside = self._inside[hub]
        index = inside.index_of(interface)
        addressed = rtnetlink.addressed(index, address, length, interface)
        inside.carry_out([addressed, rtnetlink.switched(interface, up=True)])

    def _connect(self, end: RouterEnd, far: RouterEnd, delay_ns: int) -> None:
        """Delay what an end sends, and have it know the far end: no packet waits for ARP."""
        inside, wanted = self._inside[end.hub], Netem(IN_FLIGHT_PACKETS, latency_ns=delay_ns)
        index, name, root = inside.index_of(end.interface), end.interface, rtnetlink.QDISC_ROOT
        delay = (index, NETEM_HANDLE, root, netem_octets.KIND, wanted.options(), name)
        inside.carry_out([rtnetlink.qdisc(*delay)])
        self._know(end, far)

    def _know(self, end: RouterEnd, far: RouterEnd) -> None:
        inside, name = self._inside[end.hub], end.interface
        index = inside.index_of(name)
        inside.carry_out([rtnetlink.neighbour_added(index, far.address, far.mac, name)])


class TableWatch(Closing):
    """Changes of the main table of the namespace in which this is made."""

    def __init__(self, names: dict[int, str]) -> None:
        self._names = names
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, WATCH_BUFFER_BYTES)
        self._socket.bind((0, RTMGRP_IPV4_ROUTE))
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def changes(self) -> Iterator[RouteChange]:
        """Yield what has changed since the last call. Raises OSError if reports were lost."""
        while True:
            try:
                data = self._socket.recv(RECEIVE_BYTES)
            except BlockingIOError:
                return
            for kind, _sequence, body in rtnetlink.messages(data):
                change = read_change(kind, body, self._names)
                if change is not None:
                    yield change


def read_change(kind: int, body: bytes, names: dict[int, str]) -> RouteChange | None:
    """Read a message about a route; None if it is not one of the main table to an interface."""
    if kind not in (RTM_NEWROUTE, RTM_DELROUTE):
        return None
    _family, length, _source, _tos, table, _protocol, _scope, what, _flags = ROUTE.unpack_from(body)
    told = rtnetlink.attributes(body[ROUTE.size :])
    if table != RT_TABLE_MAIN or what != RTN_UNICAST or RTA_OIF not in told:
        return None
    address = socket.inet_ntoa(told.get(RTA_DST, bytes(4)))
    name = names.get(struct.unpack("=I", told[RTA_OIF])[0], "")
    return RouteChange(kind == RTM_NEWROUTE, f"{address}/{length}", name)


def _of_ipv4() -> bytes:
    return ROUTE.pack(rtnetlink.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)
