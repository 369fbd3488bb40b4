"""The kernel's bpf(2): maps and programs, and where programs are attached. Standard library only.

Layouts are those of ``union bpf_attr`` in linux/bpf.h. Programs are attached by tcx (Linux 6.6),
which knows nothing of queueing disciplines: programs stay where they are when those are replaced.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

SYSTEM_CALL = {"x86_64": 321, "aarch64": 280}
MAP_CREATE, MAP_UPDATE, PROG_LOAD = 0, 2, 5
PROG_ATTACH, PROG_DETACH, MAP_LOOKUP_BATCH = 8, 9, 24
HASH, SCHED_CLS = 1, 3
TCX_INGRESS, TCX_EGRESS = 46, 47
LOG_BYTES = 1 << 16
BATCH = 4096
_MAP = struct.Struct("=IIII")
_ENTRY = struct.Struct("=IIQQQ")
_PROGRAM = struct.Struct("=IIQQIIQ")
_ATTACHED = struct.Struct("=IIIII")
_BATCH = struct.Struct("=QQQQIIQQ")


class Instruction(NamedTuple):
    """One of the machine's instructions; ``wide`` is the upper half of a 64-bit constant."""

    code: int
    to: int = 0
    source: int = 0
    offset: int = 0
    value: int = 0

    def packed(self) -> bytes:
        return struct.pack("=BBhi", self.code, self.source << 4 | self.to, self.offset, self.value)


class HashMap:
    """A hash table in the kernel, with room for ``entries``, all of it taken at once."""

    def __init__(self, key_bytes: int, value_bytes: int, entries: int) -> None:
        self.key_bytes, self.value_bytes = key_bytes, value_bytes
        self.fd = _call(MAP_CREATE, _MAP.pack(HASH, key_bytes, value_bytes, entries))

    def put(self, key: bytes, value: bytes) -> None:
        """Raises OSError if the map is full."""
        keys, values = (ctypes.create_string_buffer(one, len(one)) for one in (key, value))
        at, value_at = ctypes.addressof(keys), ctypes.addressof(values)
        _call(MAP_UPDATE, _ENTRY.pack(self.fd, 0, at, value_at, 0))

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All entries, in no order; one that is added in the meantime may be missed."""
        sizes = (self.key_bytes, self.value_bytes)
        keys, values = (ctypes.create_string_buffer(BATCH * size) for size in sizes)
        cursor = ctypes.create_string_buffer(max(4, self.key_bytes))
        begins_at, is_last = 0, False
        while not is_last:
            asked = bytearray(
                _BATCH.pack(
                    begins_at,
                    ctypes.addressof(cursor),
                    ctypes.addressof(keys),
                    ctypes.addressof(values),
                    BATCH,
                    self.fd,
                    0,
                    0,
                )
            )
            try:
                _call(MAP_LOOKUP_BATCH, asked)
            except FileNotFoundError:
                is_last = True
            begins_at = ctypes.addressof(cursor)
            count = _BATCH.unpack(asked)[4]
            yield from zip(
                _pieces(keys.raw, self.key_bytes, count),
                _pieces(values.raw, self.value_bytes, count),
                strict=True,
            )

    def close(self) -> None:
        os.close(self.fd)


class Program:
    """A program of traffic control, checked by the kernel; OSError with what it has against it."""

    def __init__(self, instructions: Sequence[Instruction]) -> None:
        code = b"".join(one.packed() for one in instructions)
        held = ctypes.create_string_buffer(code, len(code))
        licence, log = ctypes.create_string_buffer(b"BSD"), ctypes.create_string_buffer(LOG_BYTES)
        asked = (SCHED_CLS, len(instructions), ctypes.addressof(held), ctypes.addressof(licence))
        try:
            self.fd = _call(PROG_LOAD, _PROGRAM.pack(*asked, 0, 0, 0))
        except OSError as refusal:
            if refusal.errno in (errno.EACCES, errno.EINVAL):
                _told_why(asked, log)
            raise

    def attach(self, interface: int, where: int) -> None:
        """Have it see what the interface of that number receives or sends, ahead of all else."""
        _call(PROG_ATTACH, _ATTACHED.pack(interface, self.fd, where, 0, 0))

    def detach(self, interface: int, where: int) -> None:
        """Raises OSError if it is not there."""
        _call(PROG_DETACH, _ATTACHED.pack(interface, self.fd, where, 0, 0))

    def close(self) -> None:
        os.close(self.fd)


def _told_why(asked: tuple[int, int, int, int], log: ctypes.Array[ctypes.c_char]) -> None:
    """Raise what the verifier states about a program that it does not take."""
    try:
        os.close(_call(PROG_LOAD, _PROGRAM.pack(*asked, 1, LOG_BYTES, ctypes.addressof(log))))
    except OSError as refusal:
        said = log.value.decode(errors="replace").strip()
        raise OSError(refusal.errno, f"{refusal.strerror}: {said}") from None


def _pieces(data: bytes, size: int, count: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, count * size, size))


def _call(command: int, asked: bytes | bytearray) -> int:
    """The system call; what it writes is in ``asked`` if that is a bytearray."""
    number = SYSTEM_CALL.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, f"bpf(2) is not known on {platform.machine()}")
    held = (ctypes.c_char * len(asked)).from_buffer_copy(asked)
    answer = int(_system_call(number, command, ctypes.byref(held), len(asked)))
    code = ctypes.get_errno()
    if isinstance(asked, bytearray):
        asked[:] = held.raw
    if answer < 0:
        raise OSError(code, f"bpf(2): {os.strerror(code)}")
    return answer


_system_call = ctypes.CDLL(None, use_errno=True).syscall
_system_call.restype = ctypes.c_long


# eBPF instructions from steps with named places, and what programs for packets share. Pure.
#
# Codes: linux/bpf.h, linux/bpf_common.h; fields: ``struct __sk_buff``.


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
ETH_IPV6 = b"\x86\xdd"


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
