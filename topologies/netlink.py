"""Interfaces, addresses and shaping of a wiring, set over netlink and read back.

One process, no forks. Interfaces of a run share one interface group, so that
teardown is a single request and can touch nothing the run did not make.
"""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from topologies import netem, taps
from topologies.errors import EnvironmentLacking
from topologies.namespaces import Namespace
from topologies.wiring import (
    FIBRE_MTU_BYTES,
    HOST_MTU_BYTES,
    End,
    FibreWire,
    GatewayWire,
    HubWire,
    Shape,
    Wiring,
)

HOST_PREFIX_LENGTH = 8
GATEWAY_QUEUE_FRAMES = 10_000
"""What a gateway may be behind, as when its processor is busy, before frames are lost at it."""
HOST_SYSCTLS = {
    # The default of 6 MB ends a window at 100 ms of 500 Mbit/s.
    "tcp_rmem": "4096 131072 268435456",
    "tcp_wmem": "4096 131072 268435456",
    # What one transfer learnt about a path would slow the next one down.
    "tcp_no_metrics_save": "1",
}
DELAY_HANDLE, RATE_HANDLE, DRAIN_HANDLE = 0x10000, 0x20000, 0x30000
DELAY_CLASS = DELAY_HANDLE + 1


@dataclass(frozen=True)
class FibreCounters:
    """What one direction of a fibre has seen since it was shaped."""

    sent_packets: int
    sent_bytes: int
    queue_drops: int
    """Packets that found the buffer full."""
    line_drops: int
    """Packets lost at random, as the shape asks."""
    backlog_packets: int


def interface_group(run_id: str) -> int:
    """The interface group of a run: any 31-bit number but 0, the kernel's default group."""
    return zlib.crc32(f"corridor/{run_id}".encode()) >> 1 | 1


class Links:
    """The kernel's side of a wiring."""

    def __init__(self, wiring: Wiring, *, segmentation_offload: bool = False) -> None:
        self._wiring = wiring
        self._offload = segmentation_offload
        self._group = interface_group(wiring.run_id)
        self._route = IPRoute()
        self._closed = False
        self.namespaces: dict[str, Namespace] = {}

    def build(self) -> None:
        """Make every host's namespace and every interface pair, addressed and up.

        A gateway's two interfaces stay down until a process takes them.
        """
        for hub in self._wiring.hubs:
            self._add_host(hub)
        for fibre in self._wiring.fibres:
            self._add_fibre(fibre)
        for gateway in gateways(self._wiring):
            self._add_gateway(gateway)
        for link in self._route.get_links():
            if link.get_attr("IFLA_GROUP") == self._group:
                _silence_ipv6(link.get_attr("IFLA_IFNAME"))
                if not _is_tap(link):
                    self._route.link("set", index=link["index"], state="up")

    def shape(self) -> None:
        """Shape both directions of every fibre; call it when the switches own their ports."""
        index = self._interface_indexes()
        for interface, shape in shapes(self._wiring).items():
            self._replace_qdisc(index[interface], interface, shape)
        self.verify()

    def restore(self, interfaces: Iterable[str]) -> None:
        """Shape again, as declared, ends of fibres that have become ports of a switch anew."""
        declared = shapes(self._wiring)
        for interface in interfaces:
            self.reshape(interface, declared[interface])

    def reshape(self, interface: str, shape: Shape) -> None:
        """Give one direction of a fibre another shape, at once, keeping its queue's rule."""
        self._replace_qdisc(socket.if_nametoindex(interface), interface, shape)

    def drain(self, interface: str, shape: Shape) -> None:
        """As ``reshape``, and lose what is in the delay line and the queue.

        ``shape`` is to lose all it is given: a qdisc of another handle takes the place of the one
        that is there, so that nothing ever crosses unshaped.
        """
        index = socket.if_nametoindex(interface)
        self._stage("delay", index, DRAIN_HANDLE, netem.parent, shape)
        self._replace_qdisc(index, interface, shape)

    def set_up(self, interface: str, *, up: bool) -> None:
        """Switch an interface on or off; frames in its delay line and queue are lost when off."""
        state = "up" if up else "down"
        self._route.link("set", index=socket.if_nametoindex(interface), state=state)

    def is_up(self, interface: str) -> bool:
        """Whether an interface is switched on, whatever its carrier."""
        link = self._route.link("get", index=socket.if_nametoindex(interface))[0]
        return bool(link["flags"] & taps.IFF_UP)

    def verify(self, changed: Mapping[str, Shape] | None = None) -> None:
        """Raise unless the kernel holds exactly the shaping that was asked for.

        ``changed`` are shapes other than the wiring's, by interface, that are meant to be there.
        """
        held = {name: netem.shape_of(*stages) for name, stages in self._dump_stages().items()}
        for interface, wanted in {**shapes(self._wiring), **(changed or {})}.items():
            if held.get(interface) != wanted:
                raise EnvironmentLacking(
                    f"the kernel does not hold the shaping of {interface}: "
                    f"wanted {wanted}, found {held.get(interface)}",
                    "nothing is run over an unshaped fibre; check that sch_netem is loaded",
                )

    def counters(self) -> dict[str, FibreCounters]:
        """Counters of every fibre direction, by the sending interface."""
        return {name: _counters(*stages) for name, stages in self._dump_stages().items()}

    def close(self) -> None:
        """Remove what ``build`` made, and nothing else; a second time there is nothing to do."""
        if self._closed:
            return
        self._closed = True
        remove_group(self._route, self._group)
        for namespace in self.namespaces.values():
            namespace.close()
        self.namespaces.clear()
        self._route.close()

    def _add_host(self, hub: HubWire) -> None:
        namespace = self.namespaces[hub.host] = Namespace()
        offload = {} if self._offload else {"gso_max_segs": 1}
        self._route.link(
            "add",
            ifname=hub.switch_interface,
            kind="veth",
            address=hub.switch_mac,
            mtu=HOST_MTU_BYTES,
            group=self._group,
            peer={
                "ifname": hub.host_interface,
                "address": hub.host_mac,
                "mtu": HOST_MTU_BYTES,
                "net_ns_fd": namespace.fd,
                **offload,
            },
        )
        with namespace.entered(), IPRoute() as inside:
            _set_host_sysctls()
            _silence_ipv6("all")
            index = inside.link_lookup(ifname=hub.host_interface)[0]
            inside.addr("add", index=index, address=hub.host_ip, prefixlen=HOST_PREFIX_LENGTH)
            inside.link("set", index=index, state="up")
            inside.link("set", index=1, state="up")

    def _add_fibre(self, fibre: FibreWire) -> None:
        self._route.link("add", kind="veth", peer=self._end(fibre.z), **self._end(fibre.a))

    def _add_gateway(self, gateway: GatewayWire) -> None:
        for interface, mac in (
            (gateway.in_interface, gateway.in_mac),
            (gateway.out_interface, gateway.out_mac),
        ):
            try:
                index = taps.create(interface)
            except OSError as error:
                raise EnvironmentLacking(
                    f"the kernel makes no TAP device {interface}: {error.strerror}",
                    "gateways need the tun module: sudo modprobe tun, or --testbed uml",
                ) from error
            self._route.link(
                "set",
                index=index,
                group=self._group,
                address=mac,
                mtu=FIBRE_MTU_BYTES,
                txqlen=GATEWAY_QUEUE_FRAMES,
            )
            _check_gateway(self._route.link("get", index=index)[0], mac)

    def _end(self, end: End) -> dict[str, Any]:
        return {
            "ifname": end.interface,
            "address": end.mac,
            "mtu": FIBRE_MTU_BYTES,
            "group": self._group,
        }

    def _replace_qdisc(self, index: int, interface: str, shape: Shape) -> None:
        try:
            self._stage("delay", index, DELAY_HANDLE, netem.parent, shape)
            self._stage("rate", index, RATE_HANDLE, DELAY_CLASS, shape)
        except NetlinkError as error:
            raise EnvironmentLacking(
                f"the kernel refuses to shape {interface}: {error.args[-1]}",
                "it needs sch_netem: sudo modprobe sch_netem, or --testbed uml",
            ) from error

    def _interface_indexes(self) -> dict[str, int]:
        return {link.get_attr("IFLA_IFNAME"): link["index"] for link in self._route.get_links()}

    def _stage(self, stage: str, index: int, handle: int, parent: int, shape: Shape) -> None:
        self._route.tc(
            "replace", "netem", index=index, handle=handle, parent=parent, stage=stage, shape=shape
        )

    def _dump_stages(self) -> dict[str, tuple[Any, Any]]:
        """The delay and the rate stage of every fibre direction that has both."""
        names = {index: name for name, index in self._interface_indexes().items()}
        wanted = set(shapes(self._wiring))
        found: dict[str, dict[int, Any]] = {}
        for message in self._route.get_qdiscs():
            name = names.get(message["index"], "")
            if name in wanted:
                found.setdefault(name, {})[message["handle"]] = message
        return {
            name: (stages[DELAY_HANDLE], stages[RATE_HANDLE])
            for name, stages in found.items()
            if DELAY_HANDLE in stages and RATE_HANDLE in stages
        }


def shapes(wiring: Wiring) -> Mapping[str, Shape]:
    """The shape of every sending interface of every fibre."""
    pairs: list[tuple[str, Shape]] = []
    for fibre in wiring.fibres:
        pairs += [(fibre.a.interface, fibre.forward), (fibre.z.interface, fibre.backward)]
    return dict(pairs)


def gateways(wiring: Wiring) -> Iterable[GatewayWire]:
    return (hub.gateway for hub in wiring.hubs if hub.gateway is not None)


def _is_tap(link: Any) -> bool:
    information = link.get_attr("IFLA_LINKINFO")
    return information is not None and information.get_attr("IFLA_INFO_KIND") == "tun"


def _check_gateway(link: Any, mac: str) -> None:
    found = (_is_tap(link), link.get_attr("IFLA_MTU"), link.get_attr("IFLA_ADDRESS"))
    if found != (True, FIBRE_MTU_BYTES, mac):
        raise EnvironmentLacking(
            f"{link.get_attr('IFLA_IFNAME')} is not the TAP device that was asked for: {found}"
        )


def remove_group(route: IPRoute, group: int) -> None:
    """Delete every interface of one group; no such interface is no error."""
    if any(link.get_attr("IFLA_GROUP") == group for link in route.get_links()):
        route.link("del", index=0, group=group)


def _counters(delay_stage: Any, rate_stage: Any) -> FibreCounters:
    delay, rate = (stage.get_attr("TCA_STATS2") for stage in (delay_stage, rate_stage))
    basic, queue = delay.get_attr("TCA_STATS_BASIC"), delay.get_attr("TCA_STATS_QUEUE")
    queue_drops = rate.get_attr("TCA_STATS_QUEUE")["drops"]
    return FibreCounters(
        sent_packets=basic["packets"],
        sent_bytes=basic["bytes"],
        queue_drops=queue_drops,
        line_drops=queue["drops"] - queue_drops,  # the outer stage counts the inner one's too
        backlog_packets=queue["qlen"],
    )


def _set_host_sysctls() -> None:
    """Of the namespace this thread is in."""
    for name, value in HOST_SYSCTLS.items():
        Path("/proc/sys/net/ipv4", name).write_text(value)


def _silence_ipv6(interface: str) -> None:
    """Or the kernel announces itself on every interface, the switches' fibre ports among them."""
    switch = Path("/proc/sys/net/ipv6/conf", interface, "disable_ipv6")
    if switch.exists():
        switch.write_text("1")


def interfaces(wiring: Wiring) -> Iterable[str]:
    """Every interface the run owns in the root namespace."""
    for hub in wiring.hubs:
        yield hub.switch_interface
    yield from shapes(wiring)
    for gateway in gateways(wiring):
        yield from (gateway.in_interface, gateway.out_interface)
