"""What a topology becomes on the wire: names, ports, addresses and shaping, as values.

``wire`` is pure. The builder turns its result into interfaces, the compiler
into port numbers, the traffic room into addresses. The same topology, run id
and seed always give the same wiring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING

from corridor.topologies.base.codec import OMIT_EMPTY
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.model.addresses import Family, addresses, hub_address, ipv6_of, mac
from corridor.topologies.model.line import Bursts, Line, Queue

if TYPE_CHECKING:  # a guest reads a finished wiring and must not pay for pydantic
    from corridor.topologies.model.topology import Fibre, Topology

ALL_PPM = 1_000_000
"""A loss of everything, in parts per million."""
HOST_PORT = 1
"""Of the default host of each hub."""
OF_HOSTS = range(2001, 3000)
"""Ports of further hosts."""
GATEWAY_IN_PORT, GATEWAY_OUT_PORT = 1001, 1002
HOST_MTU_BYTES = 1500
FIBRE_MTU_BYTES = 1600  # room for two MPLS labels and a VLAN tag around a full host packet
FULL_FRAME_BYTES = HOST_MTU_BYTES + 14 + 4  # Ethernet header and one label, as netem counts
SMALLEST_FRAME_BYTES = 64
BURST_PACKETS = 20_000
SLOWEST_BPS = 8
"""netem takes whole octets a second, and 0 for no limit."""
OVERLOAD = 10
"""How many times the rate of a fibre may be sent onto it, all in the smallest frames."""
QUIET = Line()
MAX_HUBS = 4000
LAST_FIBRE_PORT = 0xFF  # an interface's MAC address has one octet for it
MAX_RUN_ID_LENGTH = 4  # "rrrrs4000p99" must fit the 15 characters of an interface name


@dataclass(frozen=True)
class Shape:
    """How one direction of a fibre treats frames: a delay line, then a queue served at the rate.

    Two stages, because netem's one limit counts packets in flight and
    packets queued together, and a queue measured in full frames would then drop
    small frames that are only in flight. ``in_flight_packets`` bounds the delay
    line (an overload in the smallest frames) and must never be met;
    ``queue_packets`` is the stated buffer.
    Losses and jitter are random by one sequence from ``seed``, lateness by another.
    """

    one_way_delay_ns: int
    rate_bps: int
    in_flight_packets: int
    queue_packets: int
    loss_ppm: float
    """The mean of random losses; everything is lost at ``ALL_PPM``."""
    seed: int
    bursts: Bursts | None = field(default=None, metadata=OMIT_EMPTY)
    """How losses come, with ``loss_ppm`` for their mean; None: each is independent."""
    jitter_ns: int = field(default=0, metadata=OMIT_EMPTY)
    """The maximum that it adds to a packet's delay, each delay as likely; none overtakes another.
    """
    late_ns: int = field(default=0, metadata=OMIT_EMPTY)
    """How much later ``late_ppm`` of the packets come, so that those behind overtake them."""
    late_ppm: float = field(default=0, metadata=OMIT_EMPTY)
    queue: Queue = field(default=Queue(), metadata=OMIT_EMPTY)
    """How frames queue before they are sent."""
    background_bps: int = field(default=0, metadata=OMIT_EMPTY)
    """The part of the fibre's rate that background traffic takes: ``rate_bps`` is the rest."""

    @property
    def fibre_bps(self) -> int:
        """The emulated rate of the fibre, with what background traffic takes of it."""
        return self.rate_bps + self.background_bps

    @property
    def usual_ns(self) -> int:
        """Over the fibre, for the median packet; without the queue."""
        return self.one_way_delay_ns + self.jitter_ns // 2

    @property
    def longest_ns(self) -> int:
        """Over the fibre, with all that is random at its worst; without the queue."""
        return self.one_way_delay_ns + self.jitter_ns + self.late_ns


@dataclass(frozen=True)
class End:
    """One end of a fibre: the OpenFlow port of a hub's switch and its kernel interface."""

    hub: str
    port: int
    interface: str
    mac: str


@dataclass(frozen=True)
class FibreWire:
    """A fibre as a pair of interfaces; ``forward`` shapes a to z and ``backward`` z to a."""

    fibre: str
    a: End
    z: End
    forward: Shape
    backward: Shape


@dataclass(frozen=True)
class GatewayWire:
    """The two ends of a bump in the wire, on ports 1001 and 1002 of its hub's switch.

    The switch sends frames to be inspected out of the in side; those that pass come back by the
    out side.
    """

    in_interface: str
    out_interface: str
    in_mac: str
    out_mac: str


@dataclass(frozen=True)
class HostWire:
    """A host behind a hub, at a separate port of the hub's switch."""

    name: str
    hub: str
    port: int
    host: str
    host_interface: str
    host_mac: str
    host_ip: str
    switch_interface: str
    switch_mac: str

    def ip(self, family: Family) -> str:
        """Its address of a family."""
        return self.host_ip if family == "ipv4" else ipv6_of(self.host_ip)


@dataclass(frozen=True)
class HubWire:
    """A hub as one OpenFlow switch, its default host on port 1 of it, and further hosts."""

    hub: str
    switch: str
    bridge: str
    dpid: int
    host: str
    host_interface: str
    host_mac: str
    host_ip: str
    switch_interface: str
    switch_mac: str
    gateway: GatewayWire | None = None
    hosts: tuple[HostWire, ...] = field(default=(), metadata=OMIT_EMPTY)
    """Hosts next to the default host."""

    @property
    def name(self) -> str:
        """The name of its default host."""
        return self.hub

    @property
    def port(self) -> int:
        """The port of its default host."""
        return HOST_PORT

    def ip(self, family: Family) -> str:
        """The address of its default host of a family."""
        return self.host_ip if family == "ipv4" else ipv6_of(self.host_ip)

    @property
    def attached(self) -> tuple[HostEnd, ...]:
        """All hosts at its switch, the default host first."""
        return (self, *self.hosts)


type HostEnd = HubWire | HostWire
"""A host, with its name, port and addresses: the default host of a hub, or a further one."""


def leads_to_hosts(hub: HubWire) -> dict[int, str]:
    """What is at the host ports of a switch, in words: ``host``, or ``host NAME``."""
    return {HOST_PORT: "host", **{one.port: f"host {one.name}" for one in hub.hosts}}


def is_host_port(port: object) -> bool:
    """Whether a host is at a port, if anything is."""
    return port == HOST_PORT or (isinstance(port, int) and port in OF_HOSTS)


@dataclass(frozen=True)
class Wiring:
    """The whole network of one run."""

    run_id: str
    hubs: tuple[HubWire, ...]
    fibres: tuple[FibreWire, ...]
    ipv6: bool = field(default=False, metadata=OMIT_EMPTY)
    """Whether hosts have IPv6 addresses, next to those of IPv4."""

    def hub(self, hub: str) -> HubWire:
        return self._hub_by_name[hub]

    @cached_property
    def _hub_by_name(self) -> dict[str, HubWire]:
        return {wire.hub: wire for wire in reversed(self.hubs)}

    @property
    def hosts(self) -> tuple[HostEnd, ...]:
        """All hosts: those of a hub after each other, the default host first."""
        return tuple(host for hub in self.hubs for host in hub.attached)

    def addresses(self, host: HostEnd) -> tuple[str, ...]:
        """All addresses of a host, that of IPv4 first."""
        return (host.host_ip, host.ip("ipv6")) if self.ipv6 else (host.host_ip,)

    def host(self, name: str) -> HostEnd:
        """A host by its name; the default host of a hub has the hub's."""
        return self._host_by_name[name]

    @cached_property
    def _host_by_name(self) -> dict[str, HostEnd]:
        return {host.name: host for host in reversed(self.hosts)}


def wire(
    topology: Topology,
    *,
    run_id: str = "c0",
    seed: int = 1,
    buffer_ms: float = 20.0,
    loss_ppm: Mapping[str, float] | None = None,
    lines: Mapping[str, Line] | None = None,
    gateways: frozenset[str] = frozenset(),
    ipv6: bool = False,
) -> Wiring:
    """Lay out a topology as switches, hosts and shaped links.

    ``buffer_ms`` is the queue a port offers beyond what is in flight, in
    milliseconds at the emulated rate. ``loss_ppm`` gives random loss per fibre
    id in parts per million, each direction with its own seeded sequence; ``lines`` gives
    all that is random on a fibre instead. ``gateways`` are the hubs whose switch gets
    a gateway's two ports. ``ipv6``: hosts have IPv6 addresses, too. Raises InputError.
    """
    if len(run_id) > MAX_RUN_ID_LENGTH or not run_id.isalnum():
        raise InputError(f"run id {run_id!r} must be 1 to {MAX_RUN_ID_LENGTH} letters or digits")
    if len(topology.hubs) > MAX_HUBS:
        raise InputError(f"{len(topology.hubs)} hubs are more than one kernel takes ({MAX_HUBS})")
    numbers = {hub.id: number for number, hub in enumerate(topology.hubs, start=1)}
    unknown = sorted(gateways - numbers.keys())
    if unknown:
        raise InputError(f"no hub {unknown[0]!r} to be a gateway in topology {topology.name!r}")
    behind = _hosts(topology, run_id, numbers)
    hubs = tuple(
        _hub_wire(
            run_id,
            hub.id,
            numbers[hub.id],
            has_gateway=hub.id in gateways,
            hosts=tuple(behind.get(hub.id, ())),
        )
        for hub in topology.hubs
    )
    next_port = dict.fromkeys(numbers, HOST_PORT + 1)
    lines = {**{name: Line(ppm) for name, ppm in (loss_ppm or {}).items()}, **(lines or {})}
    fibres = []
    for fibre in topology.fibres:
        ends = []
        for hub in (fibre.a, fibre.z):
            ends.append(_end(run_id, hub, numbers[hub], next_port[hub]))
            next_port[hub] += 1
        forward, backward = (
            _shape(topology, fibre, buffer_ms, lines.get(fibre.id, QUIET), seed, direction)
            for direction in ("forward", "backward")
        )
        fibres.append(FibreWire(fibre.id, ends[0], ends[1], forward, backward))
    return Wiring(run_id, hubs, tuple(fibres), ipv6)


def around(wiring: Wiring, hub: HubWire) -> Wiring:
    """One hub alone, with the fibres that end at it; their other ends' hubs are not listed."""
    fibres = (fibre for fibre in wiring.fibres if hub.hub in (fibre.a.hub, fibre.z.hub))
    return Wiring(wiring.run_id, (hub,), tuple(fibres), wiring.ipv6)


def queue_packets(rate_bps: int, buffer_ms: float) -> int:
    """Full frames that the buffer holds at the rate, and the one being sent."""
    return ceil(rate_bps * buffer_ms / 1e3 / (8 * FULL_FRAME_BYTES)) + 1


def in_flight_packets(rate_bps: int, delay_ns: int) -> int:
    """Smallest frames in flight if ``OVERLOAD`` times the rate is sent, and room for a burst.

    The delay line comes before the queue, so it is to hold what the queue will drop.
    """
    sent_bps = OVERLOAD * rate_bps
    return sent_bps * delay_ns // (8 * SMALLEST_FRAME_BYTES * NS_PER_S) + BURST_PACKETS


def _hosts(
    topology: Topology, run_id: str, numbers: Mapping[str, int]
) -> Mapping[str, Sequence[HostWire]]:
    """By hub, the hosts next to the default host."""
    if not topology.hosts:
        return {}
    given = addresses([hub.id for hub in topology.hubs], topology.hosts)
    found: dict[str, list[HostWire]] = {}
    for host in topology.hosts:
        number, behind = numbers[host.hub], found.setdefault(host.hub, [])
        place = len(behind) + 1
        port = OF_HOSTS[len(behind)]
        behind.append(
            HostWire(
                name=host.id,
                hub=host.hub,
                port=port,
                host=f"h{number}x{place}",
                host_interface=f"{run_id}h{number}x{place}",
                host_mac=mac(0x04, number, place),
                host_ip=given[host.id],
                switch_interface=f"{run_id}s{number}p{port}",
                switch_mac=mac(0x05, number, place),
            )
        )
    return found


def _hub_wire(
    run_id: str, hub: str, number: int, *, has_gateway: bool, hosts: tuple[HostWire, ...]
) -> HubWire:
    return HubWire(
        hub=hub,
        switch=f"s{number}",
        bridge=f"{run_id}s{number}",
        dpid=number,
        host=f"h{number}",
        host_interface=f"{run_id}h{number}-eth0",
        host_mac=mac(0x00, number, 0),
        host_ip=hub_address(number),
        switch_interface=f"{run_id}s{number}p{HOST_PORT}",
        switch_mac=mac(0x01, number, HOST_PORT),
        gateway=_gateway_wire(run_id, number) if has_gateway else None,
        hosts=hosts,
    )


def _gateway_wire(run_id: str, number: int) -> GatewayWire:
    return GatewayWire(
        in_interface=f"{run_id}s{number}gi",
        out_interface=f"{run_id}s{number}go",
        in_mac=mac(0x03, number, 1),
        out_mac=mac(0x03, number, 2),
    )


def _end(run_id: str, hub: str, number: int, port: int) -> End:
    if port > LAST_FIBRE_PORT:
        raise InputError(f"hub {hub!r} has more fibres than a switch has ports ({port})")
    return End(hub, port, f"{run_id}s{number}p{port}", mac(0x01, number, port))


def _shape(
    topology: Topology, fibre: Fibre, buffer_ms: float, line: Line, seed: int, direction: str
) -> Shape:
    from_hub = fibre.a if direction == "forward" else fibre.z
    rate_bps = topology.free_rate_bps(fibre, from_hub)
    delay_ns = fibre.one_way_delay_ns
    return Shape(
        one_way_delay_ns=delay_ns,
        rate_bps=rate_bps,
        in_flight_packets=in_flight_packets(rate_bps, delay_ns + line.jitter_ns + line.late_ns),
        queue_packets=queue_packets(rate_bps, buffer_ms),
        loss_ppm=line.loss_ppm,
        seed=seed_of(seed, fibre.id, direction),
        bursts=line.bursts,
        jitter_ns=line.jitter_ns,
        late_ns=line.late_ns,
        late_ppm=line.late_ppm,
        background_bps=topology.emulated_rate_bps(fibre) - rate_bps,
    )
