"""pcapng, as far as captures need it (draft-ietf-opsawg-pcapng). Pure.

Sections are little-endian. Every interface is Ethernet, with time stamps in nanoseconds since 1970.
"""

from __future__ import annotations

from struct import Struct

SECTION, INTERFACE, ENHANCED_PACKET = 0x0A0D0D0A, 1, 6
BYTE_ORDER_MAGIC = 0x1A2B3C4D
LINKTYPE_ETHERNET = 1
OPT_END, OPT_COMMENT = 0, 1
SHB_USERAPPL = 4
IF_NAME, IF_DESCRIPTION, IF_TSRESOL = 2, 3, 9
EPB_FLAGS = 2
INBOUND, OUTBOUND = 1, 2
NANOSECONDS = bytes([9])
"""``if_tsresol``: ten to the power of minus nine."""

_HEAD = Struct("<II")
_LENGTH = Struct("<I")
_SECTION = Struct("<IHHq")
_INTERFACE = Struct("<HHI")
_PACKET = Struct("<IIIII")
_OPTION = Struct("<HH")
_FLAGS = Struct("<I")
_WORD = 4
_UNKNOWN = -1


def section(application: str) -> bytes:
    """What a file begins with."""
    body = _SECTION.pack(BYTE_ORDER_MAGIC, 1, 0, _UNKNOWN)
    return _block(SECTION, body, _options([(SHB_USERAPPL, application.encode())]))


def interface(name: str, description: str = "", snap_bytes: int = 0) -> bytes:
    """Interfaces are numbered from 0 in the order they come; no limit is 0 octets."""
    options = [(IF_NAME, name.encode()), (IF_TSRESOL, NANOSECONDS)]
    options += [(IF_DESCRIPTION, description.encode())] if description else []
    body = _INTERFACE.pack(LINKTYPE_ETHERNET, 0, snap_bytes)
    return _block(INTERFACE, body, _options(options))


def packet(
    number: int, at_ns: int, frame: bytes, *, length: int | None = None, out: bool, comment: str
) -> bytes:
    """A frame that interface ``number`` sent or received; ``length`` if less of it is held."""
    high, low = at_ns >> 32, at_ns & 0xFFFF_FFFF
    body = _PACKET.pack(number, high, low, len(frame), length or len(frame)) + _padded(frame)
    options = [(EPB_FLAGS, _FLAGS.pack(OUTBOUND if out else INBOUND))]
    options += [(OPT_COMMENT, comment.encode())] if comment else []
    return _block(ENHANCED_PACKET, body, _options(options))


def _block(kind: int, body: bytes, options: bytes) -> bytes:
    whole = _HEAD.size + len(body) + len(options) + _LENGTH.size
    return _HEAD.pack(kind, whole) + body + options + _LENGTH.pack(whole)


def _options(options: list[tuple[int, bytes]]) -> bytes:
    if not options:
        return b""
    made = b"".join(_OPTION.pack(code, len(value)) + _padded(value) for code, value in options)
    return made + _OPTION.pack(OPT_END, 0)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % _WORD)


def kind_of(block: bytes) -> int:
    """Which kind of block it is."""
    return int(_LENGTH.unpack_from(block)[0])


def first_block(held: bytes | bytearray) -> bytes:
    """The block that some octets begin with; empty while it is not whole."""
    if len(held) < _HEAD.size:
        return b""
    whole = _HEAD.unpack_from(held)[1]
    return bytes(held[:whole]) if len(held) >= whole else b""
