"""As much of the kernel's eBPF as the counting program needs, to run it on frames by hand."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from corridor.topologies.emulation.bpf import Instruction

STACK, CONTEXT = 1 << 20, 1 << 21
MASK = (1 << 64) - 1
SIZES = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}
LENGTH_AT, CAME_BY_AT, INTERFACE_AT, SEGMENTS_AT = 0, 36, 40, 164


class BpfMachine:
    """Maps by their descriptors; a value in a map is a bytearray with a separate address."""

    def __init__(self, maps: dict[int, dict[bytes, bytearray]], room: dict[int, int]) -> None:
        self.maps = maps
        self.room = room
        self.key_bytes = {1: 8, 2: 16, 3: 4}
        self._values: list[bytearray] = []

    def run(
        self,
        program: Sequence[Instruction],
        frame: bytes,
        interface: int = 7,
        segments: int = 0,
        came_by: int = 0,
    ) -> int:
        self.frame, self.stack = frame, bytearray(512)
        self.context = bytearray(256)
        for at, value in (
            (LENGTH_AT, len(frame)),
            (CAME_BY_AT, came_by),
            (INTERFACE_AT, interface),
            (SEGMENTS_AT, segments),
        ):
            struct.pack_into("=I", self.context, at, value)
        r: list[Any] = [None] * 11
        r[1], r[10] = CONTEXT, STACK + 512
        at = 0
        while True:
            one = program[at]
            at += 1
            code, kind = one.code, one.code & 7
            if code == 0x95:
                return int(r[0])
            if code == 0x85:
                r[0] = self._call(one.value, r)
                r[1:6] = [None] * 5
            elif code == 0x18:
                r[one.to] = one.value
                at += 1
            elif kind == 1:
                r[one.to] = self._load(r[one.source] + one.offset, SIZES[code & 0x18])
            elif kind in (2, 3) and code != 0xDB:
                value = one.value if kind == 2 else r[one.source]
                self._store(r[one.to] + one.offset, SIZES[code & 0x18], value)
            elif code == 0xDB:
                where = r[one.to] + one.offset
                self._store(where, 8, self._load(where, 8) + r[one.source])
            elif code == 0x05:
                at += one.offset
            elif code in (0x15, 0x55):
                if (r[one.to] == one.value) == (code == 0x15):
                    at += one.offset
            else:
                other = r[one.source] if code & 8 else one.value
                r[one.to] = self._counted(code & 0xF0, r[one.to], other)

    def _counted(self, operation: int, one: int, other: int) -> int:
        if operation == 0xB0:
            return other
        if operation == 0x00:
            return one + other
        return (one & other if operation == 0x50 else (one & MASK) | (other & MASK)) & MASK

    def _call(self, helper: int, r: list[Any]) -> int:
        if helper == 26:
            _context, start, to, length = r[1:5]
            if start + length > len(self.frame):
                return -14
            self._memory(to, length)[:] = self.frame[start : start + length]
            return 0
        key = bytes(self._memory(r[2], self.key_bytes[r[1]]))
        held = self.maps[r[1]]
        if helper == 2:
            if key in held or len(held) >= self.room[r[1]]:
                return -7
            held[key] = bytearray(self._memory(r[3], 24))
            return 0
        assert helper == 1
        if key not in held:
            return 0
        self._values.append(held[key])
        return (len(self._values) + 100) << 24

    def _load(self, where: int, size: int) -> int:
        return int.from_bytes(self._memory(where, size), "little")

    def _store(self, where: int, size: int, value: int) -> None:
        self._memory(where, size)[:] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def _memory(self, where: int, size: int) -> memoryview:
        if where >> 24:
            held, at = self._values[(where >> 24) - 101], where & (1 << 24) - 1
        elif where >= CONTEXT:
            held, at = self.context, where - CONTEXT
        else:
            held, at = self.stack, where - STACK
            assert at % size == 0 or size > 8, "the kernel refuses what is not aligned"
        assert 0 <= at <= len(held) - size
        return memoryview(held)[at : at + size]
