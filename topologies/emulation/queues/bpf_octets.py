"""Programs of the classic Berkeley packet filter that give each frame its class, as octets. Pure.

The kernel runs one for each frame that is put into a discipline (cls_bpf); what it returns is the
class. Frames on fibres are Ethernet with one label, so an IPv4 header begins at octet 18. Layouts
and codes: linux/filter.h, linux/bpf_common.h, linux/pkt_cls.h.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from corridor.topologies.emulation.queues.rtnetlink import attribute
from corridor.topologies.model.line import Packets

KIND = "bpf"
OPS_LEN, OPS = 4, 5
LABEL_BYTES = 4
IP = 14 + LABEL_BYTES
DSCP, PROTOCOL, SRC_IP, DST_IP = IP + 1, IP + 9, IP + 12, IP + 16
SRC_PORT, DST_PORT = IP + 20, IP + 22
"""Of headers without options, which is what hosts send."""
PROTOCOLS = {"tcp": 6, "udp": 17}
_LOAD_BYTE, _LOAD_HALF, _LOAD_WORD = 0x30, 0x28, 0x20
_SHIFT_RIGHT, _EQUALS, _RETURN, _RETURN_A = 0x74, 0x15, 0x06, 0x16
_TO_X, _XOR_X, _MULTIPLY, _MODULO, _ADD = 0x07, 0xAC, 0x24, 0x94, 0x04
_SCATTER = 0x9E3779B1
"""2^32 divided by the golden ratio: spreads neighbours (Knuth, TAOCP 6.4)."""
_INSTRUCTION = struct.Struct("=HBBI")
_U16 = struct.Struct("=H")


class Instruction(NamedTuple):
    code: int
    value: int
    if_true: int = 0
    if_false: int = 0
    """How many instructions are passed over."""


Program = tuple[Instruction, ...]


def by_dscp(classes: Mapping[int, int], otherwise: int) -> Program:
    """Class by DSCP."""
    program = [Instruction(_LOAD_BYTE, DSCP), Instruction(_SHIFT_RIGHT, 2)]
    for dscp, classid in classes.items():
        program += [Instruction(_EQUALS, dscp, 0, 1), Instruction(_RETURN, classid)]
    return (*program, Instruction(_RETURN, otherwise))


def by_packets(classes: Iterable[tuple[Packets, int]], otherwise: int) -> Program:
    """Class of the first description that fits."""
    program: list[Instruction] = []
    for packets, classid in classes:
        program += _fits(packets, classid)
    return (*program, Instruction(_RETURN, otherwise))


def by_flow(flows: int) -> Program:
    """A number from 1 to ``flows`` by addresses and ports: the same for all packets of a flow."""
    return (
        Instruction(_LOAD_WORD, SRC_IP),
        Instruction(_TO_X, 0),
        Instruction(_LOAD_WORD, DST_IP),
        Instruction(_MULTIPLY, _SCATTER),
        Instruction(_XOR_X, 0),
        Instruction(_MULTIPLY, _SCATTER),
        Instruction(_TO_X, 0),
        Instruction(_LOAD_WORD, SRC_PORT),
        Instruction(_XOR_X, 0),
        Instruction(_MULTIPLY, _SCATTER),
        Instruction(_SHIFT_RIGHT, 16),
        Instruction(_MODULO, flows),
        Instruction(_ADD, 1),
        Instruction(_RETURN_A, 0),
    )


def options(program: Program) -> bytes:
    """Of a filter that is this program."""
    packed = b"".join(
        _INSTRUCTION.pack(one.code, one.if_true, one.if_false, one.value) for one in program
    )
    return attribute(OPS_LEN, _U16.pack(len(program))) + attribute(OPS, packed)


def held(said: Mapping[int, bytes]) -> Program:
    """From the attributes of a dumped filter's options."""
    return tuple(
        Instruction(code, value, if_true, if_false)
        for code, if_true, if_false, value in _INSTRUCTION.iter_unpack(said.get(OPS, b""))
    )


def result(program: Program, frame: bytes) -> int:
    """What it returns for a frame; 0 if it reads past its end."""
    at, accumulator, index = 0, 0, 0
    sizes = {_LOAD_BYTE: 1, _LOAD_HALF: 2, _LOAD_WORD: 4}
    while True:
        one = program[at]
        at += 1
        if one.code in sizes:
            if one.value + sizes[one.code] > len(frame):
                return 0
            accumulator = int.from_bytes(frame[one.value : one.value + sizes[one.code]])
        elif one.code == _EQUALS:
            at += one.if_true if accumulator == one.value else one.if_false
        elif one.code == _TO_X:
            index = accumulator
        elif one.code == _RETURN:
            return one.value
        elif one.code == _RETURN_A:
            return accumulator
        else:
            accumulator = _calculated(one, accumulator, index)


def _calculated(one: Instruction, accumulator: int, index: int) -> int:
    done = {
        _SHIFT_RIGHT: lambda: accumulator >> one.value,
        _XOR_X: lambda: accumulator ^ index,
        _MULTIPLY: lambda: accumulator * one.value,
        _MODULO: lambda: accumulator % one.value,
        _ADD: lambda: accumulator + one.value,
    }
    return done[one.code]() & 0xFFFFFFFF


def _fits(packets: Packets, classid: int) -> list[Instruction]:
    """Returns the class if all fields are as described; else goes on after it."""
    fields = list(_fields(packets))
    program = []
    for number, (load, at, value) in enumerate(fields):
        passed_over = 2 * (len(fields) - number - 1) + 1
        program += [Instruction(load, at), Instruction(_EQUALS, value, 0, passed_over)]
    return [*program, Instruction(_RETURN, classid)]


def _fields(packets: Packets) -> Iterator[tuple[int, int, int]]:
    yield _LOAD_WORD, SRC_IP, int(ipaddress.IPv4Address(packets.src_ip))
    yield _LOAD_WORD, DST_IP, int(ipaddress.IPv4Address(packets.dst_ip))
    if packets.protocol:
        yield _LOAD_BYTE, PROTOCOL, PROTOCOLS[packets.protocol]
    for port, at in ((packets.src_port, SRC_PORT), (packets.dst_port, DST_PORT)):
        if port is not None:
            yield _LOAD_HALF, at, port
