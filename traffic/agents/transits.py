"""Frames seen on fibres, counted by who they are from and to and by which label they carry.

Pure, and standard library only.
"""

from __future__ import annotations

from typing import NamedTuple

from corridor.traffic.packets.headers import (
    ETH_IPV4,
    ETH_IPV6,
    ETH_MPLS,
    ETHERNET_BYTES,
    LABEL_BYTES,
    UNREADABLE,
    FiveTuple,
    five_tuple,
    label_at,
)

MOST_KEYS = 50_000


class Sent(NamedTuple):
    """A frame that left by an interface. ``octets`` may be but its beginning."""

    interface: int
    octets: bytes
    length: int
    realtime_ns: int
    vlan: int | None
    """The tag that the kernel keeps next to the frame."""


class Crossing(NamedTuple):
    """What tells one flow over a fibre from another."""

    interface: str
    label: int | None
    traffic_class: int | None
    depth: int
    vlan: int | None
    eth_type: int | None
    packet: FiveTuple


class SeenFlow(NamedTuple):
    """A crossing and what was counted of it; null where a frame could not be read so far."""

    interface: str
    label: int | None
    traffic_class: int | None
    depth: int
    vlan: int | None
    eth_type: int | None
    src: str | None
    dst: str | None
    protocol: int | None
    src_port: int | None
    dst_port: int | None
    packets: int
    bytes: int
    first_ns: int
    last_ns: int


class Seen(NamedTuple):
    """The monitor's file."""

    schema: int
    frames: int
    lost: int
    flows: tuple[SeenFlow, ...]


class Count:
    __slots__ = ("first_ns", "last_ns", "octets", "packets")

    def __init__(self, first_ns: int) -> None:
        self.first_ns = self.last_ns = first_ns
        self.packets = self.octets = 0


class EventCounts:
    """Frames by crossing. ``names`` are the interfaces that count, by index."""

    def __init__(self, names: dict[int, str]) -> None:
        self._names = names
        self._counts: dict[Crossing, Count] = {}
        self._before: list[dict[Crossing, Count]] = []
        self._by_key: dict[tuple[int, int | None, bytes], Count] = {}
        self.frames = 0

    def add(self, sent: Sent) -> None:
        frame = sent.octets
        # All that a crossing depends on in a frame with one label over IPv4 without options.
        key = (
            sent.interface,
            sent.vlan,
            frame[12:19] + frame[24:26] + frame[27:28] + frame[30:42],
        )
        count = self._by_key.get(key)
        if count is None:
            if sent.interface not in self._names:
                return
            crossing = crossing_of(self._names[sent.interface], sent)
            count = self._counts.setdefault(crossing, Count(sent.realtime_ns))
            if crossing.depth == 1 and crossing.packet.src_port is not None and frame[18] == 0x45:
                self._remember(key, count)
        count.packets += 1
        count.octets += sent.length
        count.last_ns = sent.realtime_ns
        self.frames += 1

    def split(self) -> None:
        """Count everything from here on separately, even what continues from before."""
        self._before.append(self._counts)
        self._counts = {}
        self._by_key.clear()

    def flows(self) -> tuple[SeenFlow, ...]:
        order = {name: number for number, name in enumerate(self._names.values())}
        return tuple(
            _seen(crossing, counts[crossing])
            for counts in (*self._before, self._counts)
            for crossing in sorted(counts, key=lambda one: (order[one.interface], repr(one)))
        )

    def _remember(self, key: tuple[int, int | None, bytes], count: Count) -> None:
        if len(self._by_key) >= MOST_KEYS:
            self._by_key.clear()
        self._by_key[key] = count


def crossing_of(interface: str, sent: Sent) -> Crossing:
    """Whose frame this is, by its headers."""
    frame = sent.octets
    at, depth = ETHERNET_BYTES, 0
    eth_type = int.from_bytes(frame[12:14])
    if frame[12:14] != ETH_MPLS:
        packet = five_tuple(frame, at) if eth_type in (ETH_IPV4, ETH_IPV6) else UNREADABLE
        return Crossing(interface, None, None, 0, sent.vlan, eth_type, packet)
    outer = label_at(frame, at)
    is_bottom = False
    while not is_bottom and len(frame) >= at + LABEL_BYTES:
        is_bottom = label_at(frame, at).is_bottom
        at, depth = at + LABEL_BYTES, depth + 1
    packet = five_tuple(frame, at) if is_bottom else UNREADABLE
    return Crossing(interface, outer.value, outer.traffic_class, depth, sent.vlan, None, packet)


def _seen(crossing: Crossing, count: Count) -> SeenFlow:
    packet = crossing.packet
    return SeenFlow(
        interface=crossing.interface,
        label=crossing.label,
        traffic_class=crossing.traffic_class,
        depth=crossing.depth,
        vlan=crossing.vlan,
        eth_type=crossing.eth_type,
        src=packet.src,
        dst=packet.dst,
        protocol=packet.protocol,
        src_port=packet.src_port,
        dst_port=packet.dst_port,
        packets=count.packets,
        bytes=count.octets,
        first_ns=count.first_ns,
        last_ns=count.last_ns,
    )
