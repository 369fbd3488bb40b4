"""Packets counted by class where they enter and leave the switches of a network.

The kernel does it (by the eBPF below), apart from switches, queues and hosts: at each end of
a fibre before its delay line and after its arrival, at each host's port, at both sides of each
gateway. What goes from one of these points to the next is either counted at both or lost between.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from corridor.topologies.base.child_process import Closing
from corridor.topologies.emulation import bpf, queue_interfaces
from corridor.topologies.emulation.bpf import (
    ALWAYS,
    AND_VALUE,
    BYTE,
    CALL,
    CAME_BY_AT,
    DOUBLE,
    ETH_IPV4,
    ETH_IPV6,
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
    Instruction,
    Jump,
    Place,
    Step,
    address,
    assembled,
    native,
)
from corridor.topologies.emulation.netlink import interfaces, shapes
from corridor.topologies.model.addresses import IPV6_PREFIX, family_of, octets_of
from corridor.topologies.model.wiring import Wiring

# The program that counts packets where they enter and leave switches: eBPF, assembled. Pure.
#
# It reads no clock, so that it changes no time in a guest whose clock counts how often it is read.
# A packet's class is what a table of the kernel states about its addresses, its protocol and one of
# its ports.


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
_PREFIX = octets_of(IPV6_PREFIX)[:12]
_OF_IPV6 = 6 << 8
"""What a key has in addition to the protocol: the rest of both addresses is the prefix."""
_ADDRESSES_AT, _ADDRESSES_BYTES = -120, 36
"""Where both addresses of an IPv6 packet and its ports are held."""
_NEXT_HEADER_AT, _ADDRESSES_OF_IPV6_AT = 6, 8


def flow_key(
    protocol: int, src_ip: str, dst_ip: str, src_port: int | None, dst_port: int | None
) -> bytes:
    """The key of packets by one of their ports; of two, by where they go to."""
    addresses = b"".join(octets_of(one)[-4:] for one in (src_ip, dst_ip))
    ports = (0, dst_port) if dst_port is not None else (src_port or 0, 0)
    version = 0 if family_of(src_ip) == "ipv4" else _OF_IPV6
    return addresses + struct.pack("!HH", *ports) + struct.pack("=I", protocol | version)


def counting(
    counts_fd: int,
    classes_fd: int,
    point: int,
    again_fd: int | None = None,
    *,
    ipv6: bool = False,
) -> list[Instruction]:
    """For what interfaces receive or send (``point``). A table (``again_fd``) may name interfaces,
    by number: what comes out of those was counted before it went in. Without ``ipv6``, the program
    is shorter and knows no class of IPv6 packets."""
    before = [] if again_fd is None else _passed_over(again_fd)
    keep = Instruction(MOVE, R6, R1)
    classified = _classified(classes_fd, ipv6=ipv6)
    return assembled([keep, *before, *classified, *_counted(counts_fd, point)])


def _passed_over(again_fd: int) -> Iterator[Step]:
    """What comes out of an interface of the table."""
    yield Instruction(LOAD, R0, R6, CAME_BY_AT)
    yield Instruction(STORE, FRAME, R0, _KEY_AT)
    yield from _map_in(R1, again_fd)
    yield from address(R2, _KEY_AT)
    yield Instruction(CALL, value=_LOOKUP)
    yield Jump(IF_NOT_EQUAL, R0, 0, "end")
    yield Instruction(MOVE, R1, R6)


def _classified(classes_fd: int, *, ipv6: bool) -> Iterator[Step]:
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
    if ipv6:
        yield Jump(IF_EQUAL, R0, native(ETH_IPV6), "plain ipv6")
    yield Jump(IF_NOT_EQUAL, R0, native(ETH_LLDP), "count")
    yield Instruction(MOVE_VALUE, R7, value=CONTROL)
    yield Jump(ALWAYS, 0, 0, "count")
    yield Place("labelled")
    yield _held(BYTE, R0, 16)
    yield Instruction(AND_VALUE, R0, value=1)
    yield Jump(IF_EQUAL, R0, 0, "count")
    if ipv6:
        yield _held(BYTE, R0, 18)
        yield Instruction(AND_VALUE, R0, value=0xF0)
        yield Jump(IF_EQUAL, R0, 0x60, "labelled ipv6")
    yield from _flow_of(18)
    yield Jump(ALWAYS, 0, 0, "look")
    if ipv6:
        yield from _flows_of_ipv6()
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


def _flows_of_ipv6() -> Iterator[Step]:
    """The key of an IPv6 packet whose addresses have the prefix of hosts: what of them is not the
    prefix, with a mark at the protocol. Only a packet without extension headers has ports here."""
    for place, ip_at in (("labelled ipv6", 18), ("plain ipv6", 14)):
        yield Place(place)
        yield _held(BYTE, R0, ip_at + _NEXT_HEADER_AT)
        yield Instruction(MOVE_VALUE, R2, value=ip_at + _ADDRESSES_OF_IPV6_AT)
        if place == "labelled ipv6":
            yield Jump(ALWAYS, 0, 0, "ipv6")
    yield Place("ipv6")
    yield Instruction(OR_VALUE, R0, value=_OF_IPV6)
    yield Instruction(STORE, FRAME, R0, _FLOW_AT + 12)
    yield Instruction(MOVE, R1, R6)
    yield from address(R3, _ADDRESSES_AT)
    yield Instruction(MOVE_VALUE, R4, value=_ADDRESSES_BYTES)
    yield Instruction(CALL, value=LOAD_BYTES)
    yield Jump(IF_NOT_EQUAL, R0, 0, "count")
    for number in range(2):
        at = _ADDRESSES_AT + 16 * number
        for part in range(0, len(_PREFIX), 2):
            yield Instruction(LOAD | HALF, R0, FRAME, at + part)
            yield Jump(IF_NOT_EQUAL, R0, native(_PREFIX[part : part + 2]), "count")
        yield Instruction(LOAD, R0, FRAME, at + len(_PREFIX))
        yield Instruction(STORE, FRAME, R0, _FLOW_AT + 4 * number)
    yield Instruction(STORE_VALUE, FRAME, 0, _FLOW_AT + 8, 0)
    yield Instruction(LOAD | HALF, R8, FRAME, _ADDRESSES_AT + 32)
    yield Instruction(LOAD | HALF, R9, FRAME, _ADDRESSES_AT + 34)
    yield Jump(ALWAYS, 0, 0, "look")


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


UDP = 17
WHERE = {RECEIVED: bpf.TCX_INGRESS, SENT: bpf.TCX_EGRESS}
POINTS_OF_A_CLASS, MOST_COUNTS = 64, 200_000
"""Points that packets of one class may pass, on any paths; and those of all classes. What does not
fit is reported, not ignored."""


class CountedFlow(NamedTuple):
    """Packets of one class: between two addresses, by one port."""

    number: int
    """Of the class, from 1."""
    protocol: int
    src_ip: str
    dst_ip: str
    src_port: int | None
    dst_port: int | None
    """The other is None."""

    @property
    def key(self) -> bytes:
        return flow_key(self.protocol, self.src_ip, self.dst_ip, self.src_port, self.dst_port)


BFD = CountedFlow(CONTROL, UDP, "169.254.1.1", "169.254.1.0", None, 3784)
"""Between any two ports of Open vSwitch."""


class Point(NamedTuple):
    """Where a class of packets was counted; ``sent`` by the switch out of the interface."""

    interface: str
    sent: bool
    number: int


class Passed(NamedTuple):
    """A frame is more than one packet where segmentation is left to the end."""

    packets: int
    frames: int
    octets: int


class PacketCounters(Closing):
    """Counts from when it is made until it is closed. OSError where a kernel cannot do it."""

    def __init__(self, wiring: Wiring, flows: Iterable[CountedFlow]) -> None:
        listed, names = list(flows), list(interfaces(wiring))
        self.interfaces = names
        self._names = {socket.if_nametoindex(name): name for name in names}
        classes = len({one.number for one in listed})
        room = 2 * len(names) + min(MOST_COUNTS, POINTS_OF_A_CLASS * classes) + 1
        with contextlib.ExitStack() as opened:
            self._counts = bpf.HashMap(KEY.size, VALUE.size, room)
            opened.callback(self._counts.close)
            self._counts.put(NOT_COUNTED, VALUE.pack(0, 0, 0))
            table = bpf.HashMap(FLOW_BYTES, CLASS.size, 1 + len(listed))
            opened.callback(table.close)
            for one in (BFD, *listed):
                table.put(one.key, CLASS.pack(one.number))
            self._attach(opened, table, _queues(opened, wiring), ipv6=wiring.ipv6)
            self._opened = opened.pop_all()

    def read(self) -> Mapping[Point, Passed]:
        """All that was counted so far. Raises OSError if there was no room for some."""
        found: dict[Point, Passed] = {}
        for key, value in self._counts.items():
            passed = Passed(*VALUE.unpack(value))
            if key == NOT_COUNTED:
                if passed.packets:
                    raise OSError(f"{passed.packets} packets were not counted, for want of room")
                continue
            index, number = KEY.unpack(key)
            is_sent = bool(number >> POINT_BIT)
            found[Point(self._names[index], is_sent, number & (1 << POINT_BIT) - 1)] = passed
        return found

    def close(self) -> None:
        self._opened.close()

    def _attach(
        self,
        opened: contextlib.ExitStack,
        table: bpf.HashMap,
        queues: bpf.HashMap | None,
        *,
        ipv6: bool,
    ) -> None:
        for point, where in WHERE.items():
            again = queues.fd if queues is not None and point == SENT else None
            program = bpf.Program(counting(self._counts.fd, table.fd, point, again, ipv6=ipv6))
            opened.callback(program.close)
            for index in self._names:
                program.attach(index, where)
                opened.callback(_detached, program, index, where)


def _queues(opened: contextlib.ExitStack, wiring: Wiring) -> bpf.HashMap | None:
    """The interfaces that are in front of fibres: what leaves them is sent a second time."""
    names = [queue_interfaces.name_of(name) for name in queue_interfaces.queued(shapes(wiring))]
    if not names:
        return None
    table = bpf.HashMap(CLASS.size, CLASS.size, len(names))
    opened.callback(table.close)
    for name in names:
        table.put(CLASS.pack(socket.if_nametoindex(name)), CLASS.pack(1))
    return table


def _detached(program: bpf.Program, index: int, where: int) -> None:
    """It is not an error if the interface has gone, and the program with it."""
    with contextlib.suppress(OSError):
        program.detach(index, where)
