"""Whose packets are distinguished where they are counted: by demand, kind and direction. Pure.

Read by guests, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.traffic.agents.messages import LISTENS, ConnectionEnd
from corridor.traffic.agents.stream_out import StreamOut
from corridor.traffic.packets import ports
from corridor.traffic.packets.headers import TCP, UDP

PROBE, STREAM, TRANSFER, MESSAGE = "probe", "stream", "transfer", "message"
KINDS = (PROBE, STREAM, TRANSFER, MESSAGE)
OTHER, CONTROL = 0, (1 << 31) - 1
"""Classes without a demand: of unknown packets, and of packets that switches send themselves."""
FORWARD, BACKWARD = "forward", "backward"


class PacketClass(NamedTuple):
    """Packets of one kind of one demand in one direction; ``number`` is from 1."""

    number: int
    demand: str
    kind: str
    direction: str
    src: str
    """The host that sends them; the default host of a hub has the hub's name."""
    dst: str


class Selected(NamedTuple):
    """Packets between two addresses by one of their ports, and the number of their class."""

    number: int
    protocol: int
    src_ip: str
    dst_ip: str
    src_port: int | None
    dst_port: int | None


def classes_of(plan: Plan) -> tuple[PacketClass, ...]:
    """In the order of their numbers: those of a demand that sends no such packets, too."""
    return tuple(
        PacketClass(
            _number(demand, kind, direction), demand.id, kind, direction, *_ends(demand, direction)
        )
        for demand in plan.demands
        for kind in KINDS
        for direction in (FORWARD, BACKWARD)
    )


def selected(plan: Plan) -> Iterator[Selected]:
    """What tells the packets of each class; a demand's ports are its own."""
    hosts = {host.name: host for host in plan.wiring.hosts}
    parts = [part for host in plan.job.hosts for part in host.parts]
    streams = {part.flow for part in parts if isinstance(part, StreamOut)}
    listens = {
        part.demand: host.name
        for host in plan.job.hosts
        for part in host.parts
        if isinstance(part, ConnectionEnd) and part.role == LISTENS
    }
    for demand in plan.demands:
        kinds = _ports(demand, demand.index in streams, listens.get(demand.index))
        for kind, protocol, there, back in kinds:
            for direction, (src_port, dst_port) in ((FORWARD, there), (BACKWARD, back)):
                src, dst = (hosts[one].ip(demand.family) for one in _ends(demand, direction))
                yield Selected(
                    _number(demand, kind, direction), protocol, src, dst, src_port, dst_port
                )


type _Port = tuple[int | None, int | None]
"""Where packets come from, or go to: one of both."""


def _ports(
    demand: PlannedDemand, streams: bool, listens: str | None
) -> Iterator[tuple[str, int, _Port, _Port]]:
    """``listens`` is the host that takes the connections of its messages, if it has any."""
    reply = ports.REPLY_BASE + demand.index
    yield PROBE, UDP, (reply, None), (None, reply)
    if streams:
        stream = ports.STREAM_BASE + demand.index
        yield STREAM, UDP, (stream, None), (None, stream)
    if demand.tcp:
        for base in (ports.TCP_CLIENT_BASE, ports.TCP_CONTROL_BASE):
            client = base + demand.index
            yield TRANSFER, TCP, (client, None), (None, client)
    if listens is not None:
        server = ports.WORKLOAD_BASE + demand.index
        to_it, from_it = (None, server), (server, None)
        there, back = (to_it, from_it) if listens == demand.hosts[1] else (from_it, to_it)
        yield MESSAGE, TCP, there, back


def _number(demand: PlannedDemand, kind: str, direction: str) -> int:
    return 1 + 2 * (len(KINDS) * demand.index + KINDS.index(kind)) + (direction == BACKWARD)


def _ends(demand: PlannedDemand, direction: str) -> tuple[str, str]:
    return demand.hosts if direction == FORWARD else demand.hosts[::-1]


# What was lost: whose packets, where, by what.

QUEUE, RANDOM, METER, POLICY = "queue", "random loss", "meter", "policy"
FAULT, SWITCH, GATEWAY, MACHINE = "fault", "switch", "gateway", "machine"
IN_FLIGHT, UNEXPLAINED = "in flight", "unexplained"
CAUSES = (QUEUE, FAULT, RANDOM, METER, SWITCH, POLICY, GATEWAY, MACHINE, IN_FLIGHT, UNEXPLAINED)
"""``fault``: on a fibre or at a host that an event took away. ``switch``: a switch had no live port
for it. ``machine``: dropped by the kernel or by a socket, which is none of the network's doing."""


class Cause(NamedTuple):
    """``event`` is the id of the event whose doing it was, or empty."""

    kind: str
    event: str = ""
    reason: str = ""
    """In words, where the kind does not say it all."""


class Loss(NamedTuple):
    number: int
    """Of the class of packets."""
    place: str
    """``fibre:from->to``, a hub for its switch, ``gateway HUB``, ``host HUB``."""
    cause: Cause
    packets: int
    shared: int = 0
    """Of these, how many are known only together with other classes' or causes': several classes
    lost packets by several causes at once, and no one counted which lost which."""


def split(
    rows: Mapping[int, int], columns: Mapping[Cause, int]
) -> dict[tuple[int, Cause], tuple[int, int]]:
    """Share what classes miss out among causes: packets, and how many of them are not certain.

    Rows and columns come to the same sum. Exact where there is one class or one cause.
    """
    left, rest = dict(rows), sum(columns.values())
    total, found = rest, {}
    for cause, lost in columns.items():
        for number, packets in _proportional(left, lost, rest).items():
            if packets:
                certain = max(0, rows[number] + lost - total)
                found[number, cause] = (packets, packets - min(packets, certain))
                left[number] -= packets
        rest -= lost
    return found


def _proportional(rows: Mapping[int, int], wanted: int, total: int) -> dict[int, int]:
    """Whole numbers by the shares of rows, none above its row."""
    if not total:
        return {}
    found = {number: packets * wanted // total for number, packets in rows.items()}
    by_rest = sorted(rows, key=lambda number: (-(rows[number] * wanted % total), number))
    for number in by_rest[: wanted - sum(found.values())]:
        found[number] += 1
    return found
