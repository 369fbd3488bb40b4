"""The program that counts packets where they enter and leave switches: eBPF, assembled. Pure.

It reads no clock, so that it changes no time in a guest whose clock counts how often it is read.
A packet's class is what a table of the kernel says of its addresses, its protocol and one of its
ports.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

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
PASS_ON = -1
ETH_MPLS, ETH_IPV4, ETH_LLDP = b"\x88\x47", b"\x08\x00", b"\x88\xcc"

_LOOKUP, _UPDATE, _LOAD_BYTES = 1, 2, 26
_NEW_ONLY = 1
_LOAD, _STORE, _STORE_VALUE, _ADD_LOCKED = 0x61, 0x63, 0x62, 0xDB
_BYTE, _HALF, _DOUBLE = 0x10, 0x08, 0x18
_MOVE, _MOVE_VALUE, _ADD_VALUE, _AND_VALUE, _OR_VALUE = 0xBF, 0xB7, 0x07, 0x57, 0x47
_CALL, _EXIT, _CONSTANT, _MAP_FD = 0x85, 0x95, 0x18, 1
_IF_EQUAL, _IF_NOT_EQUAL, _ALWAYS = 0x15, 0x55, 0x05
_LENGTH_AT, _CAME_BY_AT, _INTERFACE_AT, _SEGMENTS_AT = 0, 36, 40, 164
"""Of ``struct __sk_buff``."""
_FRAME_AT, _HELD_FROM, _HELD_BYTES = -32, 10, 32
"""Where the octets of a frame are held: those from the tenth on, so that addresses are aligned."""
_FLOW_AT, _KEY_AT, _VALUE_AT = -48, -56, -80
_R0, _R1, _R2, _R3, _R4, _R6, _R7, _R8, _R9, _FRAME = 0, 1, 2, 3, 4, 6, 7, 8, 9, 10


class _Jump(NamedTuple):
    """A jump to a place that has a name."""

    code: int
    register: int
    value: int
    place: str


class _Place(NamedTuple):
    name: str


type _Step = Instruction | _Jump | _Place


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
    keep = Instruction(_MOVE, _R6, _R1)
    return _assembled([keep, *before, *_classified(classes_fd), *_counted(counts_fd, point)])


def _passed_over(again_fd: int) -> Iterator[_Step]:
    """What comes out of an interface of the table."""
    yield Instruction(_LOAD, _R0, _R6, _CAME_BY_AT)
    yield Instruction(_STORE, _FRAME, _R0, _KEY_AT)
    yield from _map_in(_R1, again_fd)
    yield from _address(_R2, _KEY_AT)
    yield Instruction(_CALL, value=_LOOKUP)
    yield _Jump(_IF_NOT_EQUAL, _R0, 0, "end")
    yield Instruction(_MOVE, _R1, _R6)


def _classified(classes_fd: int) -> Iterator[_Step]:
    """The class of the packet in register 7; its descriptor is in 6, and in 1."""
    yield Instruction(_MOVE_VALUE, _R7, value=OTHER)
    yield Instruction(_MOVE_VALUE, _R2, value=_HELD_FROM)
    yield from _address(_R3, _FRAME_AT)
    yield Instruction(_MOVE_VALUE, _R4, value=_HELD_BYTES)
    yield Instruction(_CALL, value=_LOAD_BYTES)
    yield _Jump(_IF_NOT_EQUAL, _R0, 0, "count")
    yield _held(_HALF, _R0, 12)
    yield _Jump(_IF_EQUAL, _R0, _native(ETH_IPV4), "plain")
    yield _Jump(_IF_EQUAL, _R0, _native(ETH_MPLS), "labelled")
    yield _Jump(_IF_NOT_EQUAL, _R0, _native(ETH_LLDP), "count")
    yield Instruction(_MOVE_VALUE, _R7, value=CONTROL)
    yield _Jump(_ALWAYS, 0, 0, "count")
    yield _Place("labelled")
    yield _held(_BYTE, _R0, 16)
    yield Instruction(_AND_VALUE, _R0, value=1)
    yield _Jump(_IF_EQUAL, _R0, 0, "count")
    yield from _flow_of(18)
    yield _Jump(_ALWAYS, 0, 0, "look")
    yield _Place("plain")
    yield from _flow_of(14)
    yield _Place("look")
    yield Instruction(_STORE | _HALF, _FRAME, _R9, _FLOW_AT + 10)
    yield from _class_looked_up(classes_fd, "other")
    yield _Jump(_ALWAYS, 0, 0, "count")
    yield _Place("other")
    yield Instruction(_STORE | _HALF, _FRAME, _R8, _FLOW_AT + 8)
    yield Instruction(_STORE_VALUE | _HALF, _FRAME, 0, _FLOW_AT + 10, 0)
    yield from _class_looked_up(classes_fd, "count")


def _flow_of(ip_at: int) -> Iterator[_Step]:
    """The key of an IPv4 packet without its ports, which are in registers 8 and 9."""
    yield _held(_BYTE, _R0, ip_at)
    yield _Jump(_IF_NOT_EQUAL, _R0, 0x45, "count")
    yield _held(_HALF, _R0, ip_at + 6)
    yield Instruction(_AND_VALUE, _R0, value=_native(b"\x1f\xff"))
    yield _Jump(_IF_NOT_EQUAL, _R0, 0, "count")
    for at, key_at in ((12, 0), (16, 4)):
        yield _held(0, _R0, ip_at + at)
        yield Instruction(_STORE, _FRAME, _R0, _FLOW_AT + key_at)
    yield Instruction(_STORE_VALUE, _FRAME, 0, _FLOW_AT + 8, 0)
    yield _held(_BYTE, _R0, ip_at + 9)
    yield Instruction(_STORE, _FRAME, _R0, _FLOW_AT + 12)
    yield _held(_HALF, _R8, ip_at + 20)
    yield _held(_HALF, _R9, ip_at + 22)


def _class_looked_up(classes_fd: int, otherwise: str) -> Iterator[_Step]:
    yield from _map_in(_R1, classes_fd)
    yield from _address(_R2, _FLOW_AT)
    yield Instruction(_CALL, value=_LOOKUP)
    yield _Jump(_IF_EQUAL, _R0, 0, otherwise)
    yield Instruction(_LOAD, _R7, _R0)


def _counted(counts_fd: int, point: int) -> Iterator[_Step]:
    yield _Place("count")
    yield Instruction(_LOAD, _R0, _R6, _INTERFACE_AT)
    yield Instruction(_STORE, _FRAME, _R0, _KEY_AT)
    if point == SENT:
        # The constant is extended by its sign; the key holds its lower half.
        yield Instruction(_OR_VALUE, _R7, value=-(1 << POINT_BIT))
    yield Instruction(_STORE, _FRAME, _R7, _KEY_AT + 4)
    yield from _entry(counts_fd, "found")
    for at in range(0, VALUE.size, 8):
        yield Instruction(_STORE_VALUE | _DOUBLE, _FRAME, 0, _VALUE_AT + at, 0)
    yield from _map_in(_R1, counts_fd)
    yield from _address(_R2, _KEY_AT)
    yield from _address(_R3, _VALUE_AT)
    yield Instruction(_MOVE_VALUE, _R4, value=_NEW_ONLY)
    yield Instruction(_CALL, value=_UPDATE)
    yield from _entry(counts_fd, "found")
    yield Instruction(_STORE_VALUE | _DOUBLE, _FRAME, 0, _KEY_AT, 0)
    yield from _entry(counts_fd, "found")
    yield _Jump(_ALWAYS, 0, 0, "end")
    yield _Place("found")
    yield Instruction(_LOAD, _R1, _R6, _SEGMENTS_AT)
    yield _Jump(_IF_NOT_EQUAL, _R1, 0, "several")
    yield Instruction(_MOVE_VALUE, _R1, value=1)
    yield _Place("several")
    yield Instruction(_ADD_LOCKED, _R0, _R1, 0)
    yield Instruction(_MOVE_VALUE, _R1, value=1)
    yield Instruction(_ADD_LOCKED, _R0, _R1, 8)
    yield Instruction(_LOAD, _R1, _R6, _LENGTH_AT)
    yield Instruction(_ADD_LOCKED, _R0, _R1, 16)
    yield _Place("end")
    yield Instruction(_MOVE_VALUE, _R0, value=PASS_ON)
    yield Instruction(_EXIT)


def _entry(counts_fd: int, found: str) -> Iterator[_Step]:
    """Go there if the key has an entry, which is then in register 0."""
    yield from _map_in(_R1, counts_fd)
    yield from _address(_R2, _KEY_AT)
    yield Instruction(_CALL, value=_LOOKUP)
    yield _Jump(_IF_NOT_EQUAL, _R0, 0, found)


def _held(size: int, to: int, at: int) -> Instruction:
    """Load an octet, a half or a whole word of the frame."""
    return Instruction(_LOAD | size, to, _FRAME, _FRAME_AT + at - _HELD_FROM)


def _address(to: int, at: int) -> Iterator[Instruction]:
    yield Instruction(_MOVE, to, _FRAME)
    yield Instruction(_ADD_VALUE, to, value=at)


def _map_in(to: int, fd: int) -> Iterator[Instruction]:
    yield Instruction(_CONSTANT, to, _MAP_FD, value=fd)
    yield Instruction(0)


def _native(octets: bytes) -> int:
    """What a load of these octets gives on this machine."""
    return int.from_bytes(octets, sys.byteorder)


def _assembled(steps: list[_Step]) -> list[Instruction]:
    places, number = {}, 0
    for step in steps:
        if isinstance(step, _Place):
            places[step.name] = number
        else:
            number += 1
    made: list[Instruction] = []
    for step in steps:
        if isinstance(step, _Jump):
            offset = places[step.place] - len(made) - 1
            made.append(Instruction(step.code, step.register, 0, offset, step.value))
        elif isinstance(step, Instruction):
            made.append(step)
    return made
