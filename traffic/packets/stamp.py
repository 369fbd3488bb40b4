"""STAMP test packets (RFC 8762, unauthenticated, stateful reflector; SSID of RFC 8972).

Pure: integers and bytes in, integers and bytes out. Layouts, all fields in network order::

    sender     0 seq u32 | 4 timestamp T1 u64 | 12 error estimate u16 | 14 SSID u16
              16 must be zero, 28 octets
    reflector  0 seq u32 | 4 timestamp T3 u64 | 12 error estimate u16 | 14 SSID u16
              16 receive timestamp T2 u64
              24 sender's seq u32 | 28 sender's timestamp T1 u64 | 36 sender's error estimate u16
              38 zero u16 | 40 sender's TTL u8 | 41 zero, 3 octets

Both are 44 octets, so a request and its reply load a path alike. RFC 8972 TLVs may follow.

TWAMP Light (RFC 5357 appendix I) has the same layouts but for what it does not have: requests are
14 octets and padding, whose octets 14 and 15 are no SSID; replies are 41 octets and padding, with
zeros for an SSID. Timestamps are 64-bit NTP (RFC 8762 section 4.2.1, Z = 0): seconds since 1900 and
a binary fraction.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from corridor.topologies.base.seconds import NS_PER_S

PORT = 862
MAX_DEMAND = 0xFFFE
"""The last demand that a session identifier can name."""
PACKET_BYTES = 44
NO_SSID = 0
"""Of a TWAMP Light session: the peer's address and port are all that tell it."""
PTP_FORMAT = 0x4000
"""Z of an error estimate: timestamps are truncated PTP, which is not read here."""

SEQ_OFFSET = 0
TIMESTAMP_OFFSET = 4
SSID_OFFSET = 14

TLV_HEADER_BYTES = 4
TLV_UNRECOGNISED = 0x80
TLV_EXTRA_PADDING = 1

SENDER = Struct("!IQHH28x")
REFLECTOR = Struct("!IQHHQIQHHB3x")
LIGHT_SENDER = Struct("!IQH")
LIGHT_REFLECTOR = Struct("!IQHHQIQHHB")
TLV_HEADER = Struct("!BBH")

_NTP_EPOCH_S = 2_208_988_800
_SYNCHRONISED = 0x8000
_MAX_MULTIPLIER = 0xFF
_MAX_SCALE = 0x3F


class SenderPacket(NamedTuple):
    """What the Session-Sender put on the wire; ``t1_ns`` counts from the Unix epoch."""

    seq: int
    t1_ns: int
    error_estimate: int
    ssid: int


class ReflectorPacket(NamedTuple):
    """What the Session-Reflector answered; times in ns since the Unix epoch."""

    seq: int
    t3_ns: int
    error_estimate: int
    ssid: int
    t2_ns: int
    sender_seq: int
    t1_ns: int
    sender_error_estimate: int
    sender_ttl: int


def ntp_from_ns(unix_ns: int) -> int:
    """The 64-bit NTP timestamp at or just before ``unix_ns`` (its unit is 0.23 ns)."""
    seconds, ns = divmod(unix_ns, NS_PER_S)
    return ((seconds + _NTP_EPOCH_S) << 32 | (ns << 32) // NS_PER_S) & 0xFFFF_FFFF_FFFF_FFFF


def ns_from_ntp(ntp: int) -> int:
    """Unix ns of an NTP timestamp of era 0, rounded up.

    A unit is shorter than a nanosecond, so ``ns_from_ntp(ntp_from_ns(t)) == t`` for every t
    from 1970 until the era ends in 2036; a stamp of another clock is off by less than 1 ns.
    """
    fraction_ns = ((ntp & 0xFFFF_FFFF) * NS_PER_S + 0xFFFF_FFFF) >> 32
    return ((ntp >> 32) - _NTP_EPOCH_S) * NS_PER_S + fraction_ns


def error_estimate(error_ns: int) -> int:
    """The smallest error estimate field (RFC 4656 section 4.1.2) not below ``error_ns``.

    S = 1: all hosts of one kernel read one clock. Z = 0: NTP format. The error is
    ``multiplier * 2**(scale - 32)`` seconds, and the multiplier must not be zero.
    """
    units = max(1, -(-(error_ns << 32) // NS_PER_S))
    scale = max(0, units.bit_length() - _MAX_MULTIPLIER.bit_length())
    multiplier = -(-units >> scale)
    if multiplier > _MAX_MULTIPLIER:
        scale += 1
        multiplier = -(-units >> scale)
    if scale > _MAX_SCALE:
        raise ValueError(f"an error of {error_ns} ns does not fit an error estimate")
    return _SYNCHRONISED | scale << 8 | multiplier


def pack_sender(packet: SenderPacket) -> bytes:
    return SENDER.pack(packet.seq, ntp_from_ns(packet.t1_ns), packet.error_estimate, packet.ssid)


def unpack_sender(payload: bytes | bytearray | memoryview) -> SenderPacket:
    """Raises ``struct.error`` when fewer than 44 octets are given."""
    seq, ntp, estimate, ssid = SENDER.unpack_from(payload)
    return SenderPacket(seq, ns_from_ntp(ntp), estimate, ssid)


def pack_reflector(packet: ReflectorPacket) -> bytes:
    return REFLECTOR.pack(
        packet.seq,
        ntp_from_ns(packet.t3_ns),
        packet.error_estimate,
        packet.ssid,
        ntp_from_ns(packet.t2_ns),
        packet.sender_seq,
        ntp_from_ns(packet.t1_ns),
        packet.sender_error_estimate,
        0,
        packet.sender_ttl,
    )


def unpack_reflector(payload: bytes | bytearray | memoryview) -> ReflectorPacket:
    """Raises ``struct.error`` when fewer than 44 octets are given."""
    seq, t3, estimate, ssid, t2, sender_seq, t1, sender_estimate, _, ttl = REFLECTOR.unpack_from(
        payload
    )
    return ReflectorPacket(
        seq,
        ns_from_ntp(t3),
        estimate,
        ssid,
        ns_from_ntp(t2),
        sender_seq,
        ns_from_ntp(t1),
        sender_estimate,
        ttl,
    )


def answer_tlvs(payload: bytearray, length: int) -> None:
    """Mark in place which TLVs after octet 44 this reflector knows (RFC 8972 section 4).

    The sender raises U in every TLV and the reflector clears it where it knows the type. Only
    Extra Padding is known here; a TLV that runs past the packet ends the walk, its U left up.
    """
    at = PACKET_BYTES
    while at + TLV_HEADER_BYTES <= length:
        flags, kind, size = TLV_HEADER.unpack_from(payload, at)
        if at + TLV_HEADER_BYTES + size > length:
            return
        if kind == TLV_EXTRA_PADDING:
            payload[at] = flags & ~TLV_UNRECOGNISED
        at += TLV_HEADER_BYTES + size


# The 16 octets at the head of every datagram of a throughput stream. Pure.
#
# ``0 magic u16 | 2 flow u16 | 4 sequence u32 | 8 send time u64``, network order. The send time is
# CLOCK_REALTIME in ns, read once for each burst. All fields lie at even offsets, so a checksum can
# be kept valid by arithmetic (see template.py).

MAGIC = 0xC0D1
BYTES = 16
SEQUENCE_OFFSET = 4
TIME_OFFSET = 8
LAYOUT = Struct("!HHIQ")


def pack(flow: int, sequence: int, sent_ns: int) -> bytes:
    return LAYOUT.pack(MAGIC, flow, sequence, sent_ns)
