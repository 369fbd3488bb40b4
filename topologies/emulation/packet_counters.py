"""Packets counted by class where they enter and leave the switches of a network.

The kernel does it (``counting_program.py``), apart from switches, queues and hosts: at each end of
a fibre before its delay line and after its arrival, at each host's port, at both sides of each
gateway. What goes from one of these points to the next is either counted at both or lost between.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from corridor.topologies.base.child_process import Closing
from corridor.topologies.emulation import bpf, queue_interfaces
from corridor.topologies.emulation.counting_program import (
    CLASS,
    CONTROL,
    FLOW_BYTES,
    KEY,
    NOT_COUNTED,
    POINT_BIT,
    RECEIVED,
    SENT,
    VALUE,
    counting,
    flow_key,
)
from corridor.topologies.emulation.netlink import interfaces, shapes
from corridor.topologies.model.wiring import Wiring

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
            self._attach(opened, table, _queues(opened, wiring))
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
        self, opened: contextlib.ExitStack, table: bpf.HashMap, queues: bpf.HashMap | None
    ) -> None:
        for point, where in WHERE.items():
            again = queues.fd if queues is not None and point == SENT else None
            program = bpf.Program(counting(self._counts.fd, table.fd, point, again))
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
