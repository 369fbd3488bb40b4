"""Programs at the queues in front of fibres that mark congestion instead of dropping (RFC 3168).

At such a queue's interface a program lets its AQM see IP below the label, and at the interface of
the fibre another one has the label seen again, before anything else looks at the frame.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping, Sequence

from corridor.topologies.base.child_process import Closing
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation import bpf, queue_interfaces
from corridor.topologies.emulation.bpf import (
    AND_VALUE,
    BYTE,
    CALL,
    DROP,
    ETH_IPV4,
    ETH_IPV6,
    ETH_MPLS,
    EXIT,
    FRAME,
    HALF,
    IF_EQUAL,
    IF_NOT_EQUAL,
    LOAD,
    LOAD_BYTES,
    MOVE,
    MOVE_VALUE,
    PASS_ON,
    PROTOCOL_AT,
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    STORE_VALUE,
    Instruction,
    Jump,
    Place,
    Step,
    address,
    assembled,
    native,
)
from corridor.topologies.model.wiring import Shape

# eBPF programs that let the kernel's AQMs mark the IP header below a label. Pure.
#
# An AQM marks what its packet's descriptor calls IP, at the place where the descriptor says that
# the network header is. So only the descriptor is changed for the time in the queue, by helpers for
# VLAN tags, which read the Ethernet type again and move that place; the octets of the frame, its
# length and its label stay what they are.


ETH_VLAN = b"\x81\x00"
STORE_BYTES, PUSH_TAG, POP_TAG, CHANGE_HEAD = 9, 18, 19, 43
LABEL_BYTES = 4
HEADER_BYTES, TYPE_AT, LAST_LABEL_AT, VERSION_AT = 18, 12, 16, 18
"""Of Ethernet with one label, before an IP header."""
LAST_LABEL, VERSION, IPV4, IPV6 = 0x01, 0xF0, 0x40, 0x60
_HELD_AT, _HELD_BYTES = -32, 20
"""Where the beginning of a frame is held."""
_TAG_AT, _TAG_BYTES = -40, 6


def taken_for_ip() -> list[Instruction]:
    """For what an interface sends: IP below one label is queued as IP. All else passes as it is: an
    AQM drops it."""
    return assembled(_taken_for_ip())


def taken_for_labelled() -> list[Instruction]:
    """For what an interface sends: what its descriptor calls IP, and has a label, is labelled."""
    return assembled(_taken_for_labelled())


def _taken_for_ip() -> Iterator[Step]:
    """Two tags, of which the second is in the descriptor; what follows the first becomes another
    and the type of IP, where the label was. All are taken away, and four octets with them, and
    these are put in front again, which leaves the network header where IP begins."""
    yield from _held()
    yield Instruction(LOAD | BYTE, R0, FRAME, _HELD_AT + LAST_LABEL_AT)
    yield Instruction(AND_VALUE, R0, value=LAST_LABEL)
    yield Jump(IF_EQUAL, R0, 0, "pass")
    yield Instruction(LOAD | BYTE, R0, FRAME, _HELD_AT + VERSION_AT)
    yield Instruction(AND_VALUE, R0, value=VERSION)
    for at, octets in ((0, ETH_VLAN), (2, bytes(2)), (4, ETH_IPV4)):
        yield Instruction(STORE_VALUE | HALF, FRAME, 0, _TAG_AT + at, native(octets))
    yield Jump(IF_EQUAL, R0, IPV4, "IP")
    yield Jump(IF_NOT_EQUAL, R0, IPV6, "pass")
    yield Instruction(STORE_VALUE | HALF, FRAME, 0, _TAG_AT + 4, native(ETH_IPV6))
    yield Place("IP")
    yield from _tagged_twice()
    yield from _stored(TYPE_AT + LABEL_BYTES, _TAG_AT, _TAG_BYTES)
    for _ in range(3):
        yield from _helped(POP_TAG)
    yield Instruction(MOVE_VALUE, R2, value=LABEL_BYTES)
    yield Instruction(MOVE_VALUE, R3, value=0)
    yield from _helped(CHANGE_HEAD)
    yield from _stored(0, _HELD_AT, HEADER_BYTES)
    yield from _ends()


def _taken_for_labelled() -> Iterator[Step]:
    """Where a tag is taken away the type behind it, that of the label, is read again."""
    yield from _held()
    yield Instruction(LOAD, R0, R6, PROTOCOL_AT)
    yield Jump(IF_EQUAL, R0, native(ETH_IPV4), "IP")
    yield Jump(IF_NOT_EQUAL, R0, native(ETH_IPV6), "pass")
    yield Place("IP")
    yield from _tagged_twice()
    for _ in range(2):
        yield from _helped(POP_TAG)
    yield from _ends()


def _held() -> Iterator[Step]:
    """The beginning of a frame, on the stack; one without a label passes."""
    yield Instruction(MOVE, R6, R1)
    yield Instruction(MOVE_VALUE, R2, value=0)
    yield from address(R3, _HELD_AT)
    yield Instruction(MOVE_VALUE, R4, value=_HELD_BYTES)
    yield Instruction(CALL, value=LOAD_BYTES)
    yield Jump(IF_NOT_EQUAL, R0, 0, "pass")
    yield Instruction(LOAD | HALF, R0, FRAME, _HELD_AT + TYPE_AT)
    yield Jump(IF_NOT_EQUAL, R0, native(ETH_MPLS), "pass")


def _tagged_twice() -> Iterator[Step]:
    for _ in range(2):
        yield Instruction(MOVE_VALUE, R2, value=native(ETH_VLAN))
        yield Instruction(MOVE_VALUE, R3, value=0)
        yield from _helped(PUSH_TAG)


def _stored(to: int, octets_at: int, count: int) -> Iterator[Step]:
    yield Instruction(MOVE_VALUE, R2, value=to)
    yield from address(R3, octets_at)
    yield Instruction(MOVE_VALUE, R4, value=count)
    yield Instruction(MOVE_VALUE, R5, value=0)
    yield from _helped(STORE_BYTES)


def _helped(helper: int) -> Iterator[Step]:
    """Of the frame; without memory for it the frame is lost, which no counter of a queue tells."""
    yield Instruction(MOVE, R1, R6)
    yield Instruction(CALL, value=helper)
    yield Jump(IF_NOT_EQUAL, R0, 0, "lost")


def _ends() -> Iterator[Step]:
    yield Place("pass")
    yield Instruction(MOVE_VALUE, R0, value=PASS_ON)
    yield Instruction(EXIT)
    yield Place("lost")
    yield Instruction(MOVE_VALUE, R0, value=DROP)
    yield Instruction(EXIT)


NEEDED = "ECN needs eBPF and tcx, which Linux has since 6.6; leave ecn out, or --testbed uml"


def marks(shapes: Mapping[str, Shape]) -> list[str]:
    """Interfaces of fibres whose queue marks."""
    return [name for name, shape in queue_interfaces.queued(shapes).items() if shape.queue.ecn]


class QueueMarking(Closing):
    """From when it is made until it is closed; of interfaces that are there."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        names = marks(shapes)
        with contextlib.ExitStack() as opened:
            try:
                _attach_all(opened, names)
            except OSError as error:
                message = f"the kernel cannot mark frames that have a label: {error}"
                raise EnvironmentUnsupported(message, NEEDED) from error
            self._opened = opened.pop_all()

    def close(self) -> None:
        self._opened.close()


def _attach_all(opened: contextlib.ExitStack, names: Sequence[str]) -> None:
    if not names:
        return
    before, after = (_loaded(opened, one()) for one in (taken_for_ip, taken_for_labelled))
    for name in names:
        _attach(opened, before, queue_interfaces.name_of(name))
        _attach(opened, after, name)


def _loaded(opened: contextlib.ExitStack, instructions: Sequence[Instruction]) -> bpf.Program:
    program = bpf.Program(instructions)
    opened.callback(program.close)
    return program


def _attach(opened: contextlib.ExitStack, program: bpf.Program, interface: str) -> None:
    index = socket.if_nametoindex(interface)
    program.attach(index, bpf.TCX_EGRESS)
    opened.callback(_detached, program, index)


def _detached(program: bpf.Program, interface: int) -> None:
    """It is not an error if the interface has gone, and the program with it."""
    with contextlib.suppress(OSError):
        program.detach(interface, bpf.TCX_EGRESS)
