"""Messages of OpenFlow 1.3 as switches send them, and corrupted ones."""

from __future__ import annotations

import random
from struct import pack

HELLO, ERROR, ECHO_REQUEST, ECHO_REPLY, EXPERIMENTER, FEATURES_REPLY = 0, 1, 2, 3, 4, 6
PACKET_IN, FLOW_REMOVED, PORT_STATUS, MULTIPART_REPLY, BARRIER_REPLY = 10, 11, 12, 19, 21
QUEUE_GET_CONFIG_REPLY = 23
ENDLESS_HELLO = bytes.fromhex("04000010000000010001000000000000")
"""Its element has length 0 (CVE-2024-34489)."""


def message(kind: int, body: bytes = b"", *, version: int = 4, xid: int = 7) -> bytes:
    return pack("!BBHI", version, kind, 8 + len(body), xid) + body


def features(dpid: int) -> bytes:
    return message(FEATURES_REPLY, pack("!QIBBHII", dpid, 0, 254, 0, 0, 0x4F, 0))


def multipart(kind: int, body: bytes = b"", *, xid: int = 7) -> bytes:
    return message(MULTIPART_REPLY, pack("!HHI", kind, 0, 0) + body, xid=xid)


def match(*fields: bytes) -> bytes:
    inside = b"".join(fields)
    length = 4 + len(inside)
    return pack("!HH", 1, length) + inside + bytes(-length % 8)


IN_PORT = bytes.fromhex("80000004") + pack("!I", 3)
LABEL = bytes.fromhex("80004404") + pack("!I", 70)
OUTPUT = pack("!HHIHHI", 0, 16, 3, 0xFFFF, 0, 0)
POP = pack("!HHHH", 20, 8, 0x0800, 0)
SET_LABEL = pack("!HH", 25, 16) + LABEL + bytes(4)
GOTO = pack("!HHB3x", 1, 8, 5)


def apply(*actions: bytes) -> bytes:
    inside = b"".join(actions)
    return pack("!HHI", 4, 8 + len(inside), 0) + inside


def entry(
    *instructions: bytes, match: bytes = match(IN_PORT, LABEL), idle_s: int = 0, cookie: int = 1
) -> bytes:
    """Of table 1 and priority 9, which has met 2 packets of 3 octets."""
    inside = match + b"".join(instructions)
    head = pack("!HBxIIHHHH4xQQQ", 48 + len(inside), 1, 1, 0, 9, idle_s, 0, 0, cookie, 2, 3)
    return head + inside


def bucket(*actions: bytes) -> bytes:
    inside = b"".join(actions)
    return pack("!HHIII", 16 + len(inside), 0, 3, 0xFFFFFFFF, 0) + inside


def group(*buckets: bytes) -> bytes:
    inside = b"".join(buckets)
    return pack("!HBBI", 8 + len(inside), 3, 0, 9) + inside


METER = pack("!HHI", 24, 1, 5) + pack("!HHIII", 1, 16, 1000, 100, 0)
PORT = pack("!I4x6s2x16sIIIIIIII", 3, b"\x02\xc0\0\0\0\1", b"c0s1p3", *[0] * 8)
STATISTICS = bytes(112)
TABLE = pack("!HB5x32sQQII", 72, 0, b"classifier", 0, 0, 0, 9) + pack("!HHHH", 0, 8, 1, 4)
QUEUE = pack("!IIH6x", 1, 3, 32) + pack("!HH4xH6x", 1, 16, 10)
BUNDLE = pack("!IIIHH", 0x4F4E4600, 2300, 1, 5, 3)

GOOD = {
    "hello": message(HELLO, bytes.fromhex("0001000800000010")),
    "hello of old": message(HELLO, version=1),
    "error": message(ERROR, pack("!HH", 5, 1) + message(14, bytes(48))),
    "echo": message(ECHO_REQUEST, b"ping"),
    "features": features(1),
    "ports": multipart(13, PORT + PORT),
    "port": message(PORT_STATUS, pack("!B7x", 2) + PORT),
    "packet": message(
        PACKET_IN, pack("!IHBBQ", 0xFFFFFFFF, 20, 1, 0, 9) + match(IN_PORT) + bytes(2) + bytes(20)
    ),
    "removed": message(FLOW_REMOVED, bytes(40) + match(IN_PORT)),
    "entries": multipart(1, entry(apply(POP, SET_LABEL, OUTPUT), GOTO) + entry()),
    "no entries": multipart(1),
    "groups": multipart(7, group(bucket(OUTPUT), bucket(SET_LABEL, OUTPUT)) + group()),
    "meters": multipart(10, METER),
    "counters of ports": multipart(4, STATISTICS * 2),
    "tables": multipart(12, TABLE),
    "queues": message(QUEUE_GET_CONFIG_REPLY, pack("!II", 3, 0) + QUEUE),
    "bundle": message(EXPERIMENTER, BUNDLE),
    "barrier": message(BARRIER_REPLY),
}
"""By name."""


def spoilt(seed: int, number: int) -> list[bytes]:
    """Good messages with octets changed, most of them where lengths are, or cut, or drawn anew."""
    drawn = random.Random(seed)
    good = list(GOOD.values())
    found = []
    for _ in range(number):
        data = bytearray(drawn.choice(good))
        for _ in range(drawn.choice((1, 1, 2, 4))):
            at = drawn.randrange(1, len(data))
            data[at] = drawn.choice((0, 0, 1, 4, 8, 0xFF, drawn.randrange(256)))
        if drawn.random() < 0.2:
            data = data[: drawn.randrange(8, len(data) + 1)]
        if drawn.random() < 0.8:
            data[0], data[2:4] = 4, len(data).to_bytes(2)
        found.append(bytes(data))
    return found
