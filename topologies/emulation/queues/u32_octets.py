"""The classifier ``u32`` as octets: words of a packet under masks, and the class they lead to.

Layouts: linux/pkt_cls.h, ``TCA_U32_*`` and ``struct tc_u32_sel``.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from corridor.topologies.emulation.queues.rtnetlink import (
    QDISC,
    TCA_KIND,
    TCA_OPTIONS,
    attribute,
    attributes,
    u32,
)

KIND = "u32"
CLASSID, SEL = 1, 5
TERMINAL = 1
FIRST_NODE = 0x800
"""Of the keys of a filter, in its own table."""
_SELECTOR = struct.Struct("=BBBxHHhhI")
_KEY = struct.Struct(">II")
_AT = struct.Struct("=ii")
_U32 = struct.Struct("=I")


class Word(NamedTuple):
    """Four octets of a packet, from ``at`` after the beginning of its network header."""

    at: int
    mask: int
    value: int


class Filter(NamedTuple):
    """Frames of one Ethernet type in which all words fit go to a class."""

    preference: int
    """The smallest is asked first; each Ethernet type has its own."""
    eth_type: int
    words: tuple[Word, ...]
    to_class: int

    @property
    def info(self) -> int:
        """As the header of a message has it; the type is in the order of the network."""
        return self.preference << 16 | int.from_bytes(self.eth_type.to_bytes(2, "big"), "little")

    def options(self) -> bytes:
        packed = _SELECTOR.pack(TERMINAL, 0, len(self.words), 0, 0, 0, 0, 0)
        for at, mask, value in self.words:
            packed += _KEY.pack(mask, value) + _AT.pack(at, 0)
        return u32(CLASSID, self.to_class) + attribute(SEL, packed)


def held(dumped: bytes) -> Filter | None:
    """What a dumped filter does; None if it is not of this kind, or a table with no keys."""
    _family, _index, _handle, _parent, info = QDISC.unpack_from(dumped)
    said = attributes(dumped[QDISC.size :])
    options = attributes(said.get(TCA_OPTIONS, b""))
    if said.get(TCA_KIND) != KIND.encode() + b"\0" or not {CLASSID, SEL} <= options.keys():
        return None
    selector = options[SEL]
    count = _SELECTOR.unpack_from(selector)[2]
    words = []
    for at in range(_SELECTOR.size, _SELECTOR.size + count * (_KEY.size + _AT.size), 16):
        mask, value = _KEY.unpack_from(selector, at)
        words.append(Word(_AT.unpack_from(selector, at + _KEY.size)[0], mask, value))
    eth_type = int.from_bytes((info & 0xFFFF).to_bytes(2, "little"), "big")
    return Filter(info >> 16, eth_type, tuple(words), _U32.unpack(options[CLASSID])[0])
