"""What a policy gateway makes of a frame: from its octets to a verdict, counted by flow.

Pure, and standard library only. A frame passes if it carries one label, one that the gateway
assesses, over a packet between the addresses of that label's demand, of their version of IP. An
IPv6 packet has no header that acts on its way, such as a routing header.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypedDict

from corridor.traffic.packets.headers import (
    ETH_MPLS,
    ETHERNET_BYTES,
    IPV4_BYTES,
    IPV6_BYTES,
    LABEL_BYTES,
    UNREADABLE,
    FiveTuple,
    five_tuple,
    label_at,
)

IP_AT = ETHERNET_BYTES + LABEL_BYTES
ADDRESS_BYTES_OF_IPV6 = 16
MOST_FLOWS = 10_000
MOST_KEYS = 50_000

PASSED = ""
NOT_MPLS = "not-mpls"
TRUNCATED = "truncated"
LABEL_STACK = "label-stack"
LABEL_NOT_ASSESSED = "label-not-assessed"
NOT_IPV4, NOT_IPV6 = "not-ipv4", "not-ipv6"
EXTENSION_HEADER = "extension-header"
ACTS_ON_THE_WAY = frozenset({0, 43, 51, 60, 135, 139, 140})
"""Extension headers of IPv6 but fragments and ESP: hop-by-hop options, routing, authentication,
destination options, mobility, HIP, Shim6 (IANA, Protocol Numbers)."""
OTHER_ADDRESSES = "other-addresses"
NO_EXIT = "no-way-out"
CAME_BY_OUT_SIDE = "came-by-out-side"


class LabelPlan(TypedDict):
    """A label's demand and the addresses of its packets, as messages have them."""

    demand: str
    src: str
    dst: str


Labels = Mapping[str, LabelPlan]
"""What a gateway lets pass: by label, as messages have it."""


class Total(TypedDict):
    """The outcome of one demand for one reason."""

    demand: str | None
    verdict: str
    reason: str
    packets: int
    bytes: int


class Assessed(NamedTuple):
    """A label that may pass: its demand and the addresses its packets have."""

    demand: str
    src: bytes
    dst: bytes


class Header(NamedTuple):
    """What tells one flow from another, as far as a frame could be read; and the verdict on it."""

    reason: str
    demand: str | None = None
    label: int | None = None
    packet: FiveTuple = UNREADABLE

    @property
    def verdict(self) -> str:
        return "dropped" if self.reason else "passed"


class Flow:
    """Frames of one header; ``octets`` counts whole frames without their FCS."""

    __slots__ = ("header", "octets", "packets", "passes")

    def __init__(self, header: Header) -> None:
        self.header = header
        self.passes = not header.reason
        self.packets = self.octets = 0


def check_labels(labels: Labels) -> dict[int, Assessed]:
    """What labels may be on; ValueError, KeyError or OSError if that is not said."""
    return {
        int(label): Assessed(plan["demand"], _octets(plan["src"]), _octets(plan["dst"]))
        for label, plan in labels.items()
    }


def _octets(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def _key(frame: bytes) -> bytes:
    """All that the verdict depends on: type, label, version and header length, fragment, protocol,
    addresses, ports, and whether all that the packet claims to hold is there."""
    if frame[IP_AT : IP_AT + 1] >= b"\x60":
        whole = IPV6_BYTES + int.from_bytes(frame[22:24]) <= len(frame) - IP_AT
        return frame[12:19] + frame[24:25] + frame[26:62] + b"."[not whole :]
    key = frame[12:19] + frame[24:26] + frame[27:28] + frame[30:42]
    if IPV4_BYTES <= int.from_bytes(frame[20:22]) <= len(frame) - IP_AT:
        key += b"."
    return key


class Inspector:
    """Judges frames by the labels it assesses and counts what it judged.

    ``labels`` maps a label to its ``demand`` and the ``src`` and ``dst`` address of its packets.
    Beyond ``MOST_FLOWS`` flows, further ones are counted together, by demand and reason.
    """

    def __init__(self, labels: Labels) -> None:
        self._assessed = check_labels(labels)
        self._flows: dict[Header, Flow] = {}
        self._by_key: dict[bytes, Flow] = {}

    def assess(self, labels: Labels) -> None:
        """Let these labels pass from now on instead; counts go on."""
        self._assessed = check_labels(labels)
        self._by_key.clear()

    def inspect(self, frame: bytes) -> Flow:
        """The flow of a frame, which is counted in it; new when it has but one packet."""
        key = _key(frame)
        flow = self._by_key.get(key)
        if flow is None:
            flow = self._flow(self._judge(frame))
            has_ports = flow.header.packet.src_port is not None
            if has_ports and (frame[IP_AT] == 0x45 or frame[IP_AT] >> 4 == 6):
                self._remember(key, flow)
        flow.packets += 1
        flow.octets += len(frame)
        return flow

    def refuse(self, frame: bytes, reason: str) -> Flow:
        """The flow of a frame that is dropped for a reason of the gateway's own."""
        flow = self._flow(Header(reason))
        flow.packets += 1
        flow.octets += len(frame)
        return flow

    def unpass(self, frame: bytes, flow: Flow) -> Flow:
        """The flow of a frame that was let pass, but for which there was no way out."""
        flow.packets -= 1
        flow.octets -= len(frame)
        lost = self._flow(flow.header._replace(reason=NO_EXIT))
        lost.packets += 1
        lost.octets += len(frame)
        return lost

    def flows(self) -> Iterable[Flow]:
        return (flow for flow in self._flows.values() if flow.packets)

    def totals(self) -> list[Total]:
        """Packets and bytes by demand and reason, in the order in which they were first met."""
        sums: dict[tuple[str | None, str], list[int]] = {}
        for flow in self.flows():
            total = sums.setdefault((flow.header.demand, flow.header.reason), [0, 0])
            total[0] += flow.packets
            total[1] += flow.octets
        return [
            {
                "demand": demand,
                "verdict": "dropped" if reason else "passed",
                "reason": reason,
                "packets": packets,
                "bytes": octets,
            }
            for (demand, reason), (packets, octets) in sums.items()
        ]

    def _flow(self, header: Header) -> Flow:
        flow = self._flows.get(header)
        if flow is None:
            if len(self._flows) >= MOST_FLOWS:
                header = Header(header.reason, header.demand, header.label)
            flow = self._flows.setdefault(header, Flow(header))
        return flow

    def _remember(self, key: bytes, flow: Flow) -> None:
        if len(self._by_key) >= MOST_KEYS:
            self._by_key.clear()
        self._by_key[key] = flow

    def _judge(self, frame: bytes) -> Header:
        if frame[12:14] != ETH_MPLS:
            return Header(NOT_MPLS)
        if len(frame) < IP_AT:
            return Header(TRUNCATED)
        label, _, is_bottom = label_at(frame, ETHERNET_BYTES)
        if not is_bottom:
            return Header(LABEL_STACK, label=label)
        assessed = self._assessed.get(label)
        if assessed is None:
            return Header(LABEL_NOT_ASSESSED, None, label, five_tuple(frame, IP_AT))
        return self._judge_packet(frame, label, assessed)

    def _judge_packet(self, frame: bytes, label: int, assessed: Assessed) -> Header:
        demand = assessed.demand
        if len(assessed.src) == ADDRESS_BYTES_OF_IPV6:
            return self._judge_ipv6(frame, label, assessed)
        if frame[IP_AT : IP_AT + 1] < b"\x45" or frame[IP_AT] > 0x4F:
            return Header(NOT_IPV4 if len(frame) > IP_AT else TRUNCATED, demand, label)
        total = int.from_bytes(frame[20:22])
        header_bytes = (frame[IP_AT] & 0x0F) * 4
        if not header_bytes <= total <= len(frame) - IP_AT:
            return Header(TRUNCATED, demand, label)
        addresses = (frame[30:34], frame[34:38])
        reason = PASSED if addresses == (assessed.src, assessed.dst) else OTHER_ADDRESSES
        return Header(reason, demand, label, five_tuple(frame, IP_AT))

    def _judge_ipv6(self, frame: bytes, label: int, assessed: Assessed) -> Header:
        demand = assessed.demand
        if len(frame) == IP_AT or frame[IP_AT] >> 4 != 6:
            return Header(NOT_IPV6 if len(frame) > IP_AT else TRUNCATED, demand, label)
        if IPV6_BYTES + int.from_bytes(frame[22:24]) > len(frame) - IP_AT:
            return Header(TRUNCATED, demand, label)
        packet = five_tuple(frame, IP_AT)
        if (frame[26:42], frame[42:58]) != (assessed.src, assessed.dst):
            return Header(OTHER_ADDRESSES, demand, label, packet)
        reason = EXTENSION_HEADER if packet.protocol in ACTS_ON_THE_WAY else PASSED
        return Header(reason, demand, label, packet)
