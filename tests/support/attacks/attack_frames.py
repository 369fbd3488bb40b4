"""Frames octet by octet, well made and not: what a host can hand to its network card."""

from __future__ import annotations

import socket
import struct

IPV4, ARP, IPV6, VLAN, QINQ = 0x0800, 0x0806, 0x86DD, 0x8100, 0x88A8
MPLS, MPLS_MULTICAST, LLDP = 0x8847, 0x8848, 0x88CC
ICMP, IPIP, TCP, UDP, GRE = 1, 4, 6, 17, 47
BROADCAST = "ff:ff:ff:ff:ff:ff"
NEAREST_BRIDGE = "01:80:c2:00:00:0e"
MORE_FRAGMENTS, DONT_FRAGMENT = 0x2000, 0x4000
SNAP_HEADER = b"\xaa\xaa\x03\x00\x00\x00"
PAYLOAD = b"sent by an attacker"


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ethernet(dst: str, src: str, eth_type: int, payload: bytes = b"") -> bytes:
    return mac(dst) + mac(src) + struct.pack("!H", eth_type) + payload


def tagged(frame: bytes, *tags: tuple[int, int]) -> bytes:
    """With VLAN tags, outermost first: type and tag control information (IEEE 802.1Q, 9.6)."""
    head = b"".join(struct.pack("!HH", *tag) for tag in tags)
    return frame[:12] + head + frame[12:]


def labelled(
    frame: bytes, *labels: int, tc: int = 0, ttl: int = 64, multicast: bool = False
) -> bytes:
    """With a stack of labels, outermost first, between Ethernet and what it carried."""
    last = len(labels) - 1
    entries = [
        struct.pack("!I", label << 12 | tc << 9 | (number == last) << 8 | ttl)
        for number, label in enumerate(labels)
    ]
    eth_type = MPLS_MULTICAST if multicast else MPLS
    return frame[:12] + struct.pack("!H", eth_type) + b"".join(entries) + frame[14:]


def in_llc(frame: bytes, header: bytes = SNAP_HEADER) -> bytes:
    """As an 802.3 frame with a length, and the type behind an LLC and SNAP header."""
    body = header + frame[12:]
    return frame[:12] + struct.pack("!H", len(body)) + body


def ipv4(
    src: str,
    dst: str,
    payload: bytes,
    protocol: int = UDP,
    *,
    tos: int = 0,
    ttl: int = 64,
    fragment: int = 0,
    options: bytes = b"",
    version: int = 4,
    header_words: int | None = None,
    length: int | None = None,
    checksum: int | None = None,
) -> bytes:
    """``fragment`` are the flags and the offset in units of eight octets."""
    words = 5 + len(options) // 4
    first = version << 4 | (words if header_words is None else header_words)
    total = 4 * words + len(payload) if length is None else length
    fixed = struct.pack("!BBHHHBBH", first, tos, total, 7, fragment, ttl, protocol, 0)
    header = fixed + socket.inet_aton(src) + socket.inet_aton(dst) + options
    sum_of = ones_complement(header) if checksum is None else checksum
    return header[:10] + struct.pack("!H", sum_of) + header[12:] + payload


def ones_complement(octets: bytes) -> int:
    """The Internet checksum of an even number of octets (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(src_port: int, dst_port: int, payload: bytes = PAYLOAD) -> bytes:
    """Without a checksum, which IPv4 allows."""
    return struct.pack("!HHHH", src_port, dst_port, 8 + len(payload), 0) + payload


def tcp(src_port: int, dst_port: int, flags: int = 0x02) -> bytes:
    return struct.pack("!HHIIBBHHH", src_port, dst_port, 1, 0, 5 << 4, flags, 1024, 0, 0)


def ipv6(
    payload: bytes, next_header: int, src: str = "fe80::1", dst: str = "ff02::1", *, tc: int = 0
) -> bytes:
    ends = b"".join(socket.inet_pton(socket.AF_INET6, end) for end in (src, dst))
    return struct.pack("!IHBB", 6 << 28 | tc << 20, len(payload), next_header, 255) + ends + payload


def arp(
    sha: str,
    spa: str,
    tpa: str,
    *,
    op: int = 1,
    tha: str = "00:00:00:00:00:00",
    hardware: int = 1,
    protocol: int = IPV4,
    sizes: tuple[int, int] = (6, 4),
) -> bytes:
    start = struct.pack("!HHBBH", hardware, protocol, *sizes, op)
    sender, target = mac(sha) + socket.inet_aton(spa), mac(tha) + socket.inet_aton(tpa)
    return start + sender + target


def lldp(chassis: str, port: str) -> bytes:
    """IEEE 802.1AB with locally assigned names, as the controller sends it."""
    parts = [
        (1, b"\x07" + chassis.encode()),
        (2, b"\x07" + port.encode()),
        (3, b"\x00\x78"),
        (0, b""),
    ]
    return b"".join(struct.pack("!H", kind << 9 | len(text)) + text for kind, text in parts)
