"""A frame built once and sent many times: only sequence, timestamp and checksum change.

Pure, and free of heavy imports: the agents hold one of these for every flow.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple, Self, TypedDict

_CHECKSUM = Struct("!H")
_FIELDS = Struct("!IQ")

UDP_HEADER_BYTES = 8
CHECKSUM_IN_UDP = 6
OFFSETS = ("sequence", "timestamp", "udp_checksum", "payload")


class TemplateError(ValueError):
    """The offsets do not fit the frame, or do not fit each other."""


class Offsets(TypedDict):
    """Where what changes lies, from the first octet of the frame."""

    payload: int
    sequence: int
    timestamp: int
    udp_checksum: int


class FrameTemplate(NamedTuple):
    """A serialised frame and where it changes from packet to packet, as plans hold it."""

    frame_hex: str
    offsets: Offsets

    @property
    def size_bytes(self) -> int:
        return len(self.frame_hex) // 2


class Template:
    """The frame's bytes, where its fields lie, and the checksum of all that stays.

    ``sequence`` (u32) and ``timestamp`` (u64) are neighbours at an even distance from the UDP
    header. A one's-complement sum of 16-bit words equals the number they spell, modulo 0xFFFF
    (RFC 1071 section 2), so the checksum after a patch is one addition and one remainder, and
    never comes out as 0, which in IPv4 means "no checksum".
    """

    __slots__ = ("_base", "_checksum_at", "_fields_at", "frame", "length", "payload_at")

    def __init__(self, frame: bytes, offsets: Offsets) -> None:
        missing = [name for name in OFFSETS if name not in offsets]
        if missing:
            raise TemplateError(f"a frame template has no offset of {', '.join(missing)}")
        self.frame = bytearray(frame)
        self.length = len(frame)
        self.payload_at = offsets["payload"]
        self._fields_at = offsets["sequence"]
        self._checksum_at = offsets["udp_checksum"]
        udp_at = self.payload_at - UDP_HEADER_BYTES
        if (
            offsets["timestamp"] != self._fields_at + 4
            or self._fields_at + _FIELDS.size > self.length
            or self._fields_at < self.payload_at
            or (self._fields_at - udp_at) % 2
            or self._checksum_at != udp_at + CHECKSUM_IN_UDP
        ):
            raise TemplateError(f"offsets {dict(offsets)} do not fit a frame of {self.length} B")
        sequence, timestamp = _FIELDS.unpack_from(self.frame, self._fields_at)
        (checksum,) = _CHECKSUM.unpack_from(self.frame, self._checksum_at)
        if checksum == 0:
            raise TemplateError("a frame template carries no UDP checksum to keep valid")
        self._base = (0xFFFF - checksum - sequence - timestamp) % 0xFFFF

    @classmethod
    def of(cls, plan: FrameTemplate) -> Self:
        return cls(bytes.fromhex(plan.frame_hex), plan.offsets)

    def patch(self, sequence: int, timestamp: int) -> bytearray:
        """The frame with these two fields; the same buffer every time."""
        _FIELDS.pack_into(self.frame, self._fields_at, sequence, timestamp)
        _CHECKSUM.pack_into(
            self.frame, self._checksum_at, 0xFFFF - (self._base + sequence + timestamp) % 0xFFFF
        )
        return self.frame

    def replace_head(self, head: bytes | bytearray | memoryview) -> bytearray:
        """The frame with the first octets of its payload replaced (an even number of them)."""
        at = self.payload_at
        stop = at + len(head)
        old = int.from_bytes(self.frame[at:stop])
        (checksum,) = _CHECKSUM.unpack_from(self.frame, self._checksum_at)
        rest = 0xFFFF - checksum - old
        self.frame[at:stop] = head
        _CHECKSUM.pack_into(
            self.frame, self._checksum_at, 0xFFFF - (rest + int.from_bytes(head)) % 0xFFFF
        )
        return self.frame

    def patch_into(
        self, buffer: bytearray | memoryview, at: int, sequence: int, timestamp: int
    ) -> None:
        """Patch a copy of the frame that starts at ``buffer[at]``."""
        _FIELDS.pack_into(buffer, at + self._fields_at, sequence, timestamp)
        _CHECKSUM.pack_into(
            buffer,
            at + self._checksum_at,
            0xFFFF - (self._base + sequence + timestamp) % 0xFFFF,
        )


def udp_checksum_of(frame: bytes | bytearray) -> tuple[int, int]:
    """The UDP checksum that a frame of IP and UDP carries, and the one its bytes call for.

    For checking only: it walks the whole frame.
    """
    ip_at = 14
    of_ipv6 = frame[ip_at] >> 4 == 6
    udp_at = ip_at + (40 if of_ipv6 else (frame[ip_at] & 0xF) * 4)
    addresses = frame[ip_at + 8 : ip_at + 40] if of_ipv6 else frame[ip_at + 12 : ip_at + 20]
    length = int.from_bytes(frame[udp_at + 4 : udp_at + 6])
    datagram = bytearray(frame[udp_at : udp_at + length])
    carried = int.from_bytes(datagram[6:8])
    datagram[6:8] = b"\0\0"
    if length % 2:
        datagram.append(0)
    pseudo = bytes(addresses) + b"\0\x11" + length.to_bytes(2)
    total = sum(
        int.from_bytes(part[at : at + 2])
        for part in (pseudo, datagram)
        for at in range(0, len(part), 2)
    )
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return carried, (~total & 0xFFFF) or 0xFFFF
