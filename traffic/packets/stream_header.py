"""The 16 octets at the head of every datagram of a throughput stream. Pure.

``0 magic u16 | 2 flow u16 | 4 sequence u32 | 8 send time u64``, network order. The send time is
CLOCK_REALTIME in ns, read once for each burst. All fields lie at even offsets, so a checksum can
be kept valid by arithmetic (see template.py).
"""

from __future__ import annotations

from struct import Struct

MAGIC = 0xC0D1
BYTES = 16
SEQUENCE_OFFSET = 4
TIME_OFFSET = 8
LAYOUT = Struct("!HHIQ")


def pack(flow: int, sequence: int, sent_ns: int) -> bytes:
    return LAYOUT.pack(MAGIC, flow, sequence, sent_ns)
