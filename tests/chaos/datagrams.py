"""UDP datagrams in Ethernet frames, with whatever addresses: what attackers send, and what is sent
through tables written by hand. Pure.

Traffic of demands has its frames from ``traffic/packets/frames.py``, which makes none that lie:
their templates are of whole demands, and checked. Standard library only.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
TTL = 64


class End(NamedTuple):
    """Where a datagram starts or ends."""

    mac: str
    ip: str
    port: int


def udp_frame(src: End, dst: End, payload: bytes) -> bytes:
    """Without an FCS, and without a UDP checksum, which IPv4 allows (RFC 768)."""
    udp = _UDP.pack(src.port, dst.port, _UDP.size + len(payload), 0) + payload
    addresses = (socket.inet_aton(src.ip), socket.inet_aton(dst.ip))
    length = _IPV4.size + len(udp)
    bare = _IPV4.pack(0x45, 0, length, 0, 0, TTL, socket.IPPROTO_UDP, 0, *addresses)
    checksum = _ones_complement_sum(bare) ^ 0xFFFF
    header = _IPV4.pack(0x45, 0, length, 0, 0, TTL, socket.IPPROTO_UDP, checksum, *addresses)
    macs = bytes.fromhex((dst.mac + src.mac).replace(":", ""))
    return macs + b"\x08\x00" + header + udp


def _ones_complement_sum(octets: bytes) -> int:
    """Of 16-bit words (RFC 1071); an even number of octets."""
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
