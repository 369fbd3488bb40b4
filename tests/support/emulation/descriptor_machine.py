"""A packet's descriptor in the kernel, and the helpers that change it (net/core/skbuff.c), by hand.

Offsets count from the beginning of the frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bpf_machine import CONTEXT, BpfMachine
from corridor.topologies.emulation.bpf import Instruction

PROTOCOL_AT = 16
VLAN = b"\x81\x00"
NO_MEMORY = -12


class DescriptorMachine(BpfMachine):
    """``moves_back``: whether a tag that is put into the frame moves the network header with the
    front of it, as in newer kernels; else it stays with its octets."""

    def __init__(
        self, frame: bytes, protocol: bytes, network_at: int = 14, *, moves_back: bool = True
    ) -> None:
        super().__init__({}, {})
        self.frame, self.protocol, self.network_at = frame, protocol, network_at
        self.tag: bytes | None = None
        self._moves_back = moves_back
        self.fails_at: int | None = None
        self.helped = 0

    def sees(self, program: Sequence[Instruction]) -> int:
        """What it returns."""
        return self.run(program, self.frame)

    def _load(self, where: int, size: int) -> int:
        if where == CONTEXT + PROTOCOL_AT:
            return int.from_bytes(self.protocol, "little")
        return super()._load(where, size)

    def _call(self, helper: int, r: list[Any]) -> int:
        if helper == 26:
            return super()._call(helper, r)
        assert r[1] == CONTEXT
        self.helped += 1
        if self.helped == self.fails_at:
            return NO_MEMORY
        if helper == 9:
            at, octets = r[2], bytes(self._memory(r[3] + one, 1)[0] for one in range(r[4]))
            self.frame = self.frame[:at] + octets + self.frame[at + len(octets) :]
        elif helper == 18:
            self._push(r[2].to_bytes(2, "little"), r[3].to_bytes(2))
        elif helper == 19:
            self._pop()
        else:
            assert helper == 43
            self.frame = bytes(r[2]) + self.frame
            self.network_at += r[2]
        return 0

    def _push(self, kind: bytes, value: bytes) -> None:
        if self.tag is not None:
            self.frame = self.frame[:12] + self.tag + self.frame[12:]
            self.protocol = VLAN
            self.network_at += 0 if self._moves_back else 4
        self.tag = kind + value

    def _pop(self) -> None:
        if self.tag is not None:
            self.tag = None
        elif self.protocol == VLAN:
            self._out_of_the_frame()
        if self.protocol == VLAN:
            self.tag = self._out_of_the_frame()

    def _out_of_the_frame(self) -> bytes:
        tag = self.frame[12:16]
        self.frame = self.frame[:12] + self.frame[16:]
        self.protocol = self.frame[12:14]
        self.network_at = max(14, self.network_at - 4)
        return tag
