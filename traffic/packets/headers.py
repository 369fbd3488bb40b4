"""Who a packet says it is from and to: addresses, protocol and ports, out of a frame's octets.

Pure, and standard library only.
"""

from __future__ import annotations

import socket
from typing import NamedTuple

ETHERNET_BYTES = 14
LABEL_BYTES = 4
ETH_MPLS = b"\x88\x47"
ETH_IPV4, ETH_IPV6, ETH_LLDP = 0x0800, 0x86DD, 0x88CC
IPV4_BYTES, IPV6_BYTES = 20, 40
TCP, UDP = 6, 17
FRAGMENT_OFFSET_MASK = 0x1FFF


class Label(NamedTuple):
    """One entry of an MPLS label stack (RFC 3032, 2.1), without its TTL."""

    value: int
    traffic_class: int
    is_bottom: bool


class FiveTuple(NamedTuple):
    """None for what a packet does not have, or the frame does not show."""

    src: str | None = None
    dst: str | None = None
    protocol: int | None = None
    src_port: int | None = None
    dst_port: int | None = None


UNREADABLE = FiveTuple()


def label_at(frame: bytes, at: int) -> Label:
    """The entry there; the octets must be there."""
    entry = int.from_bytes(frame[at : at + LABEL_BYTES])
    return Label(entry >> 12, entry >> 9 & 7, bool(entry >> 8 & 1))


def five_tuple(frame: bytes, at: int) -> FiveTuple:
    """Of the IPv4 or IPv6 packet that begins there. Later fragments have no ports."""
    version = frame[at] >> 4 if len(frame) > at else 0
    if version == 4 and len(frame) >= at + IPV4_BYTES:
        return _ipv4(frame, at)
    if version == 6 and len(frame) >= at + IPV6_BYTES:
        addresses = (frame[at + 8 : at + 24], frame[at + 24 : at + 40])
        src, dst = (socket.inet_ntop(socket.AF_INET6, address) for address in addresses)
        return FiveTuple(src, dst, frame[at + 6], *_ports(frame, at + IPV6_BYTES, frame[at + 6]))
    return UNREADABLE


def _ipv4(frame: bytes, at: int) -> FiveTuple:
    src, dst = (
        socket.inet_ntoa(frame[at + 12 : at + 16]),
        socket.inet_ntoa(frame[at + 16 : at + 20]),
    )
    protocol = frame[at + 9]
    is_first = not int.from_bytes(frame[at + 6 : at + 8]) & FRAGMENT_OFFSET_MASK
    ports_at = at + (frame[at] & 0x0F) * 4
    ports = _ports(frame, ports_at, protocol) if is_first else (None, None)
    return FiveTuple(src, dst, protocol, *ports)


def _ports(frame: bytes, at: int, protocol: int) -> tuple[int | None, int | None]:
    if protocol not in (TCP, UDP) or len(frame) < at + 4:
        return (None, None)
    return (int.from_bytes(frame[at : at + 2]), int.from_bytes(frame[at + 2 : at + 4]))
