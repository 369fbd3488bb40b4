"""eBPF instructions from steps with named places, and what programs for packets share. Pure.

Codes: linux/bpf.h, linux/bpf_common.h; fields: ``struct __sk_buff``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from corridor.topologies.emulation.bpf import Instruction

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, FRAME = range(11)
LOAD, STORE, STORE_VALUE = 0x61, 0x63, 0x62
BYTE, HALF, DOUBLE = 0x10, 0x08, 0x18
MOVE, MOVE_VALUE, ADD_VALUE, AND_VALUE, OR_VALUE = 0xBF, 0xB7, 0x07, 0x57, 0x47
CALL, EXIT = 0x85, 0x95
IF_EQUAL, IF_NOT_EQUAL, ALWAYS = 0x15, 0x55, 0x05
LENGTH_AT, PROTOCOL_AT, CAME_BY_AT, INTERFACE_AT, SEGMENTS_AT = 0, 16, 36, 40, 164
LOAD_BYTES = 26
PASS_ON, DROP = -1, 2
"""What a program returns: the next one goes on; or the frame is lost."""
ETH_MPLS, ETH_IPV4, ETH_LLDP = b"\x88\x47", b"\x08\x00", b"\x88\xcc"


class Jump(NamedTuple):
    """A jump to a place that has a name."""

    code: int
    register: int
    value: int
    place: str


class Place(NamedTuple):
    name: str


type Step = Instruction | Jump | Place


def address(to: int, at: int) -> Iterator[Instruction]:
    """Of a place on the stack."""
    yield Instruction(MOVE, to, FRAME)
    yield Instruction(ADD_VALUE, to, value=at)


def native(octets: bytes) -> int:
    """What a load of these octets gives on this machine."""
    return int.from_bytes(octets, sys.byteorder)


def assembled(steps: Iterable[Step]) -> list[Instruction]:
    listed = list(steps)
    places, number = {}, 0
    for step in listed:
        if isinstance(step, Place):
            places[step.name] = number
        else:
            number += 1
    made: list[Instruction] = []
    for step in listed:
        if isinstance(step, Jump):
            offset = places[step.place] - len(made) - 1
            made.append(Instruction(step.code, step.register, 0, offset, step.value))
        elif isinstance(step, Instruction):
            made.append(step)
    return made
