"""The program that counts packets where they enter and leave switches: eBPF, assembled. Pure.

It reads no clock, so that it changes no time in a guest whose clock counts how often it is read. A
packet's class is what a table of the kernel states about its addresses, its protocol and one of its
ports.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from corridor.topologies.emulation.assembler import (
    ALWAYS,
    AND_VALUE,
    BYTE,
    CALL,
    CAME_BY_AT,
    DOUBLE,
    ETH_IPV4,
    ETH_LLDP,
    ETH_MPLS,
    EXIT,
    FRAME,
    HALF,
    IF_EQUAL,
    IF_NOT_EQUAL,
    INTERFACE_AT,
    LENGTH_AT,
    LOAD,
    LOAD_BYTES,
    MOVE,
    MOVE_VALUE,
    OR_VALUE,
    PASS_ON,
    R0,
    R1,
    R2,
    R3,
    R4,
    R6,
    R7,
    R8,
    R9,
    SEGMENTS_AT,
    STORE,
    STORE_VALUE,
    Jump,
    Place,
    Step,
    address,
    assembled,
    native,
)
from corridor.topologies.emulation.bpf import Instruction

KEY, VALUE, CLASS = struct.Struct("=II"), struct.Struct("=QQQ"), struct.Struct("=I")
"""Of a count: interface, and class with the point in its highest bit; packets, frames (of which
one may be several segments) and bytes. Of a class: addresses, ports, protocol."""
FLOW_BYTES = 16
RECEIVED, SENT = 0, 1
NOT_COUNTED = KEY.pack(0, 0)
"""The key of packets for whose count there was no room."""
POINT_BIT = 31
OTHER, CONTROL = 0, (1 << POINT_BIT) - 1
"""Classes that no table names: of packets that it does not know; and of what switches themselves
send, which is LLDP and, by an entry of the table, BFD."""

_LOOKUP, _UPDATE = 1, 2
_NEW_ONLY = 1
_ADD_LOCKED = 0xDB
_CONSTANT, _MAP_FD = 0x18, 1
_FRAME_AT, _HELD_FROM, _HELD_BYTES = -32, 10, 32
"""Where the octets of a frame are held: those from the tenth on, so that addresses are aligned."""
_FLOW_AT, _KEY_AT, _VALUE_AT = -48, -56, -80


def flow_key(
    protocol: int, src_ip: str, dst_ip: str, src_port: int | None, dst_port: int | None
) -> bytes:
    """The key of packets by one of their ports; of two, by where they go to."""
    addresses = b"".join(bytes(map(int, one.split("."))) for one in (src_ip, dst_ip))
    ports = (0, dst_port) if dst_port is not None else (src_port or 0, 0)
    return addresses + struct.pack("!HH", *ports) + struct.pack("=I", protocol)


def counting(
    counts_fd: int, classes_fd: int, point: int, again_fd: int | None = None
) -> list[Instruction]:
    """For what interfaces receive or send (``point``). A table (``again_fd``) may name interfaces,
    by number: what comes out of those was counted before it went in."""
    before = [] if again_fd is None else _passed_over(again_fd)
    keep = Instruction(MOVE, R6, R1)
    return assembled([keep, *before, *_classified(classes_fd), *_counted(counts_fd, point)])


def _passed_over(again_fd: int) -> Iterator[Step]:
    """What comes out of an interface of the table."""
    yield Instruction(LOAD, R0, R6, CAME_BY_AT)
    yield Instruction(STORE, FRAME, R0, _KEY_AT)
    yield from _map_in(R1, again_fd)
    yield from address(R2, _KEY_AT)
    yield Instruction(CALL, value=_LOOKUP)
    yield Jump(IF_NOT_EQUAL, R0, 0, "end")
    yield Instruction(MOVE, R1, R6)


def _classified(classes_fd: int) -> Iterator[Step]:
    """The class of the packet in register 7; its descriptor is in 6, and in 1."""
    yield Instruction(MOVE_VALUE, R7, value=OTHER)
    yield Instruction(MOVE_VALUE, R2, value=_HELD_FROM)
    yield from address(R3, _FRAME_AT)
    yield Instruction(MOVE_VALUE, R4, value=_HELD_BYTES)
    yield Instruction(CALL, value=LOAD_BYTES)
    yield Jump(IF_NOT_EQUAL, R0, 0, "count")
    yield _held(HALF, R0, 12)
    yield Jump(IF_EQUAL, R0, native(ETH_IPV4), "plain")
    yield Jump(IF_EQUAL, R0, native(ETH_MPLS), "labelled")
    yield Jump(IF_NOT_EQUAL, R0, native(ETH_LLDP), "count")
    yield Instruction(MOVE_VALUE, R7, value=CONTROL)
    yield Jump(ALWAYS, 0, 0, "count")
    yield Place("labelled")
    yield _held(BYTE, R0, 16)
    yield Instruction(AND_VALUE, R0, value=1)
    yield Jump(IF_EQUAL, R0, 0, "count")
    yield from _flow_of(18)
    yield Jump(ALWAYS, 0, 0, "look")
    yield Place("plain")
    yield from _flow_of(14)
    yield Place("look")
    yield Instruction(STORE | HALF, FRAME, R9, _FLOW_AT + 10)
    yield from _class_looked_up(classes_fd, "other")
    yield Jump(ALWAYS, 0, 0, "count")
    yield Place("other")
    yield Instruction(STORE | HALF, FRAME, R8, _FLOW_AT + 8)
    yield Instruction(STORE_VALUE | HALF, FRAME, 0, _FLOW_AT + 10, 0)
    yield from _class_looked_up(classes_fd, "count")


def _flow_of(ip_at: int) -> Iterator[Step]:
    """The key of an IPv4 packet without its ports, which are in registers 8 and 9."""
    yield _held(BYTE, R0, ip_at)
    yield Jump(IF_NOT_EQUAL, R0, 0x45, "count")
    yield _held(HALF, R0, ip_at + 6)
    yield Instruction(AND_VALUE, R0, value=native(b"\x1f\xff"))
    yield Jump(IF_NOT_EQUAL, R0, 0, "count")
    for at, key_at in ((12, 0), (16, 4)):
        yield _held(0, R0, ip_at + at)
        yield Instruction(STORE, FRAME, R0, _FLOW_AT + key_at)
    yield Instruction(STORE_VALUE, FRAME, 0, _FLOW_AT + 8, 0)
    yield _held(BYTE, R0, ip_at + 9)
    yield Instruction(STORE, FRAME, R0, _FLOW_AT + 12)
    yield _held(HALF, R8, ip_at + 20)
    yield _held(HALF, R9, ip_at + 22)


def _class_looked_up(classes_fd: int, otherwise: str) -> Iterator[Step]:
    yield from _map_in(R1, classes_fd)
    yield from address(R2, _FLOW_AT)
    yield Instruction(CALL, value=_LOOKUP)
    yield Jump(IF_EQUAL, R0, 0, otherwise)
    yield Instruction(LOAD, R7, R0)


def _counted(counts_fd: int, point: int) -> Iterator[Step]:
    yield Place("count")
    yield Instruction(LOAD, R0, R6, INTERFACE_AT)
    yield Instruction(STORE, FRAME, R0, _KEY_AT)
    if point == SENT:
        # The constant is extended by its sign; the key holds its lower half.
        yield Instruction(OR_VALUE, R7, value=-(1 << POINT_BIT))
    yield Instruction(STORE, FRAME, R7, _KEY_AT + 4)
    yield from _entry(counts_fd, "found")
    for at in range(0, VALUE.size, 8):
        yield Instruction(STORE_VALUE | DOUBLE, FRAME, 0, _VALUE_AT + at, 0)
    yield from _map_in(R1, counts_fd)
    yield from address(R2, _KEY_AT)
    yield from address(R3, _VALUE_AT)
    yield Instruction(MOVE_VALUE, R4, value=_NEW_ONLY)
    yield Instruction(CALL, value=_UPDATE)
    yield from _entry(counts_fd, "found")
    yield Instruction(STORE_VALUE | DOUBLE, FRAME, 0, _KEY_AT, 0)
    yield from _entry(counts_fd, "found")
    yield Jump(ALWAYS, 0, 0, "end")
    yield Place("found")
    yield Instruction(LOAD, R1, R6, SEGMENTS_AT)
    yield Jump(IF_NOT_EQUAL, R1, 0, "several")
    yield Instruction(MOVE_VALUE, R1, value=1)
    yield Place("several")
    yield Instruction(_ADD_LOCKED, R0, R1, 0)
    yield Instruction(MOVE_VALUE, R1, value=1)
    yield Instruction(_ADD_LOCKED, R0, R1, 8)
    yield Instruction(LOAD, R1, R6, LENGTH_AT)
    yield Instruction(_ADD_LOCKED, R0, R1, 16)
    yield Place("end")
    yield Instruction(MOVE_VALUE, R0, value=PASS_ON)
    yield Instruction(EXIT)


def _entry(counts_fd: int, found: str) -> Iterator[Step]:
    """Go there if the key has an entry, which is then in register 0."""
    yield from _map_in(R1, counts_fd)
    yield from address(R2, _KEY_AT)
    yield Instruction(CALL, value=_LOOKUP)
    yield Jump(IF_NOT_EQUAL, R0, 0, found)


def _held(size: int, to: int, at: int) -> Instruction:
    """Load an octet, a half or a whole word of the frame."""
    return Instruction(LOAD | size, to, FRAME, _FRAME_AT + at - _HELD_FROM)


def _map_in(to: int, fd: int) -> Iterator[Instruction]:
    yield Instruction(_CONSTANT, to, _MAP_FD, value=fd)
    yield Instruction(0)
