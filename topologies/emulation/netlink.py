"""Interfaces, addresses and shaping of a wiring, set over netlink and read back.

One process, no forks, and many requests in a call. Interfaces of a run share one interface
group, so that teardown is a single request and can touch nothing the run did not make.
"""

from __future__ import annotations

import errno
import os
import socket
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import batched
from pathlib import Path

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation import lanes, namespaces, queue_interfaces, taps
from corridor.topologies.emulation.datapath import KernelRefuses, NetlinkSocket
from corridor.topologies.emulation.fibre_counters import ClassCounters, FibreCounters, counted
from corridor.topologies.emulation.namespaces import Namespace
from corridor.topologies.emulation.queue_marking import QueueMarking, marks
from corridor.topologies.emulation.queues import rtnetlink
from corridor.topologies.emulation.queues.rtnetlink import Interface, Request
from corridor.topologies.emulation.queues.tree import Found
from corridor.topologies.model.addresses import IPV6_PREFIX_LENGTH
from corridor.topologies.model.wiring import (
    FIBRE_MTU_BYTES,
    HOST_MTU_BYTES,
    End,
    GatewayWire,
    HostEnd,
    Shape,
    Wiring,
)

# Modules of a kernel that fibres need, by what for.

SHAPING_NEEDS = ("sch_netem", "sch_prio", "cls_u32")
"""Every fibre."""
QUEUES_NEED = (
    *("ifb", "sch_htb", "sch_prio", "sch_drr", "sch_fq_codel", "sch_pie"),
    *("sch_ingress", "cls_matchall", "cls_bpf", "act_mirred"),
)
"""Modules for queues in front of fibres, which few scenarios ask for."""


HOST_PREFIX_LENGTH = 8
GATEWAY_QUEUE_FRAMES = 10_000
"""What a gateway may be behind, as when its processor is busy, before frames are lost at it."""
TAP_KIND = "tun"
HOSTS_AT_ONCE = 100
"""Each takes a descriptor more while it is made."""
LOOPBACK = "lo"
IPV6_SETTINGS = "/proc/sys/net/ipv6/conf"


def interface_group(run_id: str) -> int:
    """The interface group of a run: any 31-bit number but 0, the kernel's default group."""
    return zlib.crc32(f"corridor/{run_id}".encode()) >> 1 | 1


class Links:
    """The kernel's side of a wiring."""

    def __init__(self, wiring: Wiring, *, segmentation_offload: bool = False) -> None:
        self._wiring = wiring
        self._offload = segmentation_offload
        self._group = interface_group(wiring.run_id)
        self._route = NetlinkSocket()
        self._closed = False
        self.namespaces: dict[str, Namespace] = {}
        self._marking = QueueMarking({})
        self._before: dict[str, tuple[ClassCounters, ...]] = {}
        """What queues had counted when the fibres that they are before began again."""

    def build(self) -> None:
        """Make every host's namespace and every interface pair, addressed and up.

        A gateway's two interfaces stay down until a process takes them. EnvironmentLacking.
        """
        try:
            self._add_hosts()
            pairs = (
                rtnetlink.veth(self._end(fibre.a), self._end(fibre.z))
                for fibre in self._wiring.fibres
            )
            self._route.carry_out(pairs)
            self._put(queue_interfaces.made(shapes(self._wiring), self._group), QUEUES_NEED)
            self._add_gateways()
            self._switch_on()
            _disable_ipv6(interfaces(self._wiring))
        except KernelRefuses as error:
            raise EnvironmentUnsupported(
                f"the kernel refuses to make {error.about}: {error.reason}",
                "corridor doctor lists what this kernel does not have",
            ) from error

    def shape(self) -> None:
        """Shape both directions of every fibre; call it when the switches own their ports."""
        index = {link.name: link.index for link in self._route.links()}
        self._put(
            request
            for interface, shape in shapes(self._wiring).items()
            for request in lanes.tree(index[interface], interface, shape)
        )
        self._put(queue_interfaces.put(shapes(self._wiring), index), QUEUES_NEED)
        self._marking.close()
        self._marking = QueueMarking(shapes(self._wiring))
        self.verify()

    def renew(self, wiring: Wiring) -> None:
        """Be as ``shape`` leaves a network that was built just now, for a wiring that differs in
        shapes only: interfaces up, fibres empty and counted from 0, random losses from their seeds,
        hosts without a neighbour they know."""
        before = shapes(self._wiring)
        changes = bool(marks(before)) != bool(marks(shapes(wiring)))
        self._wiring = wiring
        self._marking.close()
        index = {link.name: link.index for link in self._route.links()}
        self._put(rtnetlink.qdisc_deleted(index[name], name) for name in shapes(wiring))
        self._put(queue_interfaces.deleted(before, index))
        self._put(queue_interfaces.made(shapes(wiring), self._group))
        self._route.carry_out(rtnetlink.switched(name, up=True) for name in self._switched())
        for namespace in self.namespaces.values():
            with namespace.entered(), NetlinkSocket() as inside:
                _forget_neighbours(inside)
                if changes:
                    namespaces.set_ecn(asked=bool(marks(shapes(wiring))))
        self.shape()

    def restore(self, wanted: Mapping[str, Shape]) -> None:
        """Shape ends of fibres that are ports of a switch again. Their fibres begin to count from
        nothing; queues in front of them have stayed, with what they hold."""
        counted_so_far = self.class_counters()
        for name, shape in wanted.items():
            self._before[name] = counted_so_far.get(name, ())
            self._put(lanes.tree(socket.if_nametoindex(name), name, shape))

    def reshape(self, interface: str, shape: Shape) -> None:
        """Give one direction of a fibre another shape, at once, keeping its queue's rule."""
        self._put(lanes.lanes(socket.if_nametoindex(interface), interface, shape))
        if shape.queue.stands:
            self._put(queue_interfaces.rates(interface, shape))

    def drain(self, interface: str, shape: Shape) -> None:
        """As ``reshape``, and lose what is in both lanes; ``shape`` is to lose all it is given."""
        self._put(lanes.drained(socket.if_nametoindex(interface), interface, shape))
        if shape.queue.stands:
            name = queue_interfaces.name_of(interface)
            self._route.carry_out(rtnetlink.switched(name, up=up) for up in (False, True))

    def set_up(self, interface: str, *, up: bool) -> None:
        """Switch an interface on or off; frames in both its lanes, and in a queue before it, are
        lost when off."""
        shape = shapes(self._wiring).get(interface)
        queue = [queue_interfaces.name_of(interface)] if shape and shape.queue.stands else []
        names = (*queue, interface) if up else (interface, *queue)
        self._route.carry_out(rtnetlink.switched(name, up=up) for name in names)

    def is_up(self, interface: str) -> bool:
        """Whether an interface is switched on, whatever its carrier."""
        return taps.is_up(interface)

    def verify(self, changed: Mapping[str, Shape] | None = None) -> None:
        """Raise unless the kernel holds exactly the shaping that was asked for.

        ``changed`` are shapes other than the wiring's, by interface, that are meant to be there.
        """
        found = self._dump(filters=True)
        wanted_shapes = {**shapes(self._wiring), **(changed or {})}
        for interface, shape in wanted_shapes.items():
            wanted = lanes.wanted(shape)
            held = lanes.held(found[interface])
            if held != wanted:
                raise EnvironmentUnsupported(
                    f"the kernel does not hold the shaping of {interface}: "
                    f"wanted {wanted}, found {held}",
                    "nothing runs over an unshaped fibre; corridor doctor lists what is missing",
                )
        queue_interfaces.check(self._route, wanted_shapes, found)

    def counters(self) -> dict[str, FibreCounters]:
        """Counters of every fibre direction, by the sending interface."""
        dumped = self._dump()
        queues = queue_interfaces.counters(shapes(self._wiring), dumped)
        return {
            name: queue_interfaces.with_queue(
                counted(found), queues.get(name, ()), self._before.get(name, ())
            )
            for name, found in dumped.items()
            if {lanes.DELAY, lanes.QUEUE} <= found.qdiscs.keys()
        }

    def class_counters(self) -> dict[str, tuple[ClassCounters, ...]]:
        """Of each class of the queues in front of fibres, by the sending interface, since it was
        shaped."""
        fibres = shapes(self._wiring)
        if not queue_interfaces.queued(fibres):
            return {}
        return queue_interfaces.counters(fibres, self._dump())

    def close(self) -> None:
        """Remove what ``build`` made, and nothing else; a second time there is nothing to do."""
        if self._closed:
            return
        self._closed = True
        self._marking.close()
        remove_group(self._route, self._group)
        for namespace in self.namespaces.values():
            namespace.close()
        self.namespaces.clear()
        self._route.close()

    def _add_hosts(self) -> None:
        """Every host in a separate namespace, its interface addressed and up."""
        for hosts in batched(self._wiring.hosts, HOSTS_AT_ONCE):
            self._add_some_hosts(hosts)

    def _add_some_hosts(self, hosts: Sequence[HostEnd]) -> None:
        inside: list[tuple[HostEnd, NetlinkSocket]] = []
        try:
            for host in hosts:
                namespace = self.namespaces[host.host] = Namespace()
                with namespace.entered():
                    inside.append((host, NetlinkSocket()))
                    namespaces.set_up(asks_for_ecn=bool(marks(shapes(self._wiring))))
            self._route.carry_out(map(self._host_pair, hosts))
            for host, route in inside:
                name = host.host_interface
                index = route.index_of(name)
                address = rtnetlink.addressed(index, host.host_ip, HOST_PREFIX_LENGTH, name)
                route.carry_out([address, *_made_live([name, LOOPBACK])])
                if self._wiring.ipv6:
                    route.carry_out(self._ipv6(host, index))
        finally:
            for _, route in inside:
                route.close()

    def _ipv6(self, host: HostEnd, index: int) -> Iterator[Request]:
        """A host's IPv6 address, and those of all others: nothing is asked for by multicast."""
        name = host.host_interface
        yield rtnetlink.resolving(name, wanted=False)
        yield rtnetlink.addressed(index, host.ip("ipv6"), IPV6_PREFIX_LENGTH, name)
        yield rtnetlink.resolving(name, wanted=True)
        for other in self._wiring.hosts:
            if other is not host:
                address, mac = other.ip("ipv6"), other.host_mac
                yield rtnetlink.neighbour_added(index, address, mac, name)

    def _host_pair(self, host: HostEnd) -> Request:
        ours = Interface(host.switch_interface, host.switch_mac, HOST_MTU_BYTES, self._group)
        theirs = Interface(
            host.host_interface,
            host.host_mac,
            HOST_MTU_BYTES,
            namespace=self.namespaces[host.host].fd,
            gso_max_segs=None if self._offload else 1,
        )
        return rtnetlink.veth(ours, theirs)

    def _add_gateways(self) -> None:
        sides = {
            interface: mac
            for gateway in gateways(self._wiring)
            for interface, mac in (
                (gateway.in_interface, gateway.in_mac),
                (gateway.out_interface, gateway.out_mac),
            )
        }
        for interface in sides:
            _make_tap(interface)
        wanted = [
            Interface(interface, mac, FIBRE_MTU_BYTES, self._group)
            for interface, mac in sides.items()
        ]
        self._route.carry_out(rtnetlink.tap_set(tap, GATEWAY_QUEUE_FRAMES) for tap in wanted)
        self._check_taps(wanted)

    def _check_taps(self, wanted: list[Interface]) -> None:
        found = {link.name: link for link in self._route.links()} if wanted else {}
        for tap in wanted:
            link = found[tap.name]
            if (link.kind, link.mtu, link.mac) != (TAP_KIND, tap.mtu, tap.mac):
                raise EnvironmentUnsupported(
                    f"{tap.name} is not the TAP device that was asked for: {link}"
                )

    def _switch_on(self) -> None:
        """All but gateways, which have their carrier from a process."""
        taken = _gateway_sides(self._wiring)
        self._route.carry_out([*_silenced(taken), *_made_live(self._switched())])

    def _switched(self) -> list[str]:
        """Interfaces that are up unless something has taken them down."""
        taken = set(_gateway_sides(self._wiring))
        return [name for name in interfaces(self._wiring) if name not in taken]

    def _end(self, end: End) -> Interface:
        return Interface(end.interface, end.mac, FIBRE_MTU_BYTES, self._group)

    def _put(self, requests: Iterable[Request], needed: Sequence[str] = SHAPING_NEEDS) -> None:
        try:
            self._route.carry_out(requests)
        except KernelRefuses as error:
            raise EnvironmentUnsupported(
                f"the kernel refuses to shape {error.about}: {error.reason}",
                f"it needs {', '.join(needed)}: sudo modprobe them, or --testbed uml",
            ) from error

    def _dump(self, *, filters: bool = False) -> dict[str, Found]:
        """What is at every fibre's sending interfaces, and at those in which frames queue."""
        fibres = shapes(self._wiring)
        wanted = {*fibres, *map(queue_interfaces.name_of, queue_interfaces.queued(fibres))}
        index = {link.name: link.index for link in self._route.links() if link.name in wanted}
        qdiscs: dict[int, dict[int, bytes]] = {number: {} for number in index.values()}
        for _kind, body in self._route.dump(rtnetlink.all_qdiscs()):
            _family, number, handle, _parent, _info = rtnetlink.QDISC.unpack_from(body)
            if number in qdiscs:
                qdiscs[number][handle] = body
        return {
            name: Found(
                qdiscs[number],
                filters=self._filters(number) if filters and name in fibres else (),
            )
            for name, number in index.items()
        }

    def _filters(self, index: int) -> tuple[bytes, ...]:
        asked = rtnetlink.all_filters(index, lanes.ROOT)
        return tuple(body for _kind, body in self._route.dump(asked))


def shapes(wiring: Wiring) -> Mapping[str, Shape]:
    """The shape of every sending interface of every fibre."""
    pairs: list[tuple[str, Shape]] = []
    for fibre in wiring.fibres:
        pairs += [(fibre.a.interface, fibre.forward), (fibre.z.interface, fibre.backward)]
    return dict(pairs)


def gateways(wiring: Wiring) -> Iterable[GatewayWire]:
    return (hub.gateway for hub in wiring.hubs if hub.gateway is not None)


def remove_group(route: NetlinkSocket, group: int) -> None:
    """Delete every interface of one group; a missing interface is not an error."""
    try:
        route.carry_out([rtnetlink.group_deleted(group)])
    except KernelRefuses as error:
        if error.errno != errno.ENODEV:
            raise


def _make_tap(interface: str) -> None:
    try:
        taps.create(interface)
    except OSError as error:
        raise EnvironmentUnsupported(
            f"the kernel makes no TAP device {interface}: {error.strerror}",
            "gateways need the tun module: sudo modprobe tun, or --testbed uml",
        ) from error


def _made_live(names: Iterable[str]) -> list[Request]:
    """Set up, and silent about IPv6 from the start."""
    listed = list(names)
    return [*_silenced(listed), *(rtnetlink.switched(name, up=True) for name in listed)]


def _silenced(names: Iterable[str]) -> list[Request]:
    """Or the kernel announces itself on every interface, the switches' fibre ports among them.

    A kernel without IPv6 knows no such request.
    """
    if not os.path.isdir(IPV6_SETTINGS):  # noqa: PTH112 - pathlib is dear in a guest
        return []
    return [rtnetlink.no_ipv6(name) for name in names]


def _forget_neighbours(inside: NetlinkSocket) -> None:
    for _kind, said in inside.dump(rtnetlink.all_neighbours()):
        try:
            inside.carry_out([rtnetlink.neighbour_deleted(said)])
        except KernelRefuses as error:
            if error.errno != errno.ENOENT:  # the kernel may have removed it already
                raise


def _disable_ipv6(names: Iterable[str]) -> None:
    """For a machine that forwards IPv6, and so speaks by interfaces without an address, too."""
    for name in names:
        setting = Path(IPV6_SETTINGS, name, "disable_ipv6")
        if setting.exists():
            setting.write_text("1")


def interfaces(wiring: Wiring) -> Iterable[str]:
    """Every interface the run owns in the root namespace."""
    for host in wiring.hosts:
        yield host.switch_interface
    yield from shapes(wiring)
    yield from _gateway_sides(wiring)


def _gateway_sides(wiring: Wiring) -> list[str]:
    return [
        side
        for gateway in gateways(wiring)
        for side in (gateway.in_interface, gateway.out_interface)
    ]
