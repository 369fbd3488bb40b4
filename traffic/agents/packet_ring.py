"""Frames that leave by some interfaces, in memory the kernel writes to: one socket, no copies.

Standard library only. Layouts are those of linux/if_packet.h, TPACKET_V3. What the ring has no
room for is counted by the kernel, not passed over in silence.
"""

from __future__ import annotations

import ctypes
import mmap
import socket
from collections.abc import Iterator
from struct import Struct

from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.transits import Sent
from corridor.traffic.packets.headers import ETH_IPV4, ETH_LLDP, FRAGMENT_OFFSET_MASK, UDP

SOL_PACKET = 263
PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 5, 6, 10
TPACKET_V3 = 2
SO_ATTACH_FILTER = 26
ETH_P_ALL = 3
TP_STATUS_KERNEL, TP_STATUS_USER, TP_STATUS_VLAN_VALID = 0, 1, 1 << 4
BLOCK_BYTES, BLOCKS = 1 << 18, 32
FRAME_BYTES = 1 << 11
RETIRE_MS = 50
"""A block is handed over when it is full, or that long after its first frame."""

_RING = Struct("=7I")
_STATISTICS = Struct("=3I")
_BLOCK = Struct("=8x3I")
_BLOCK_STATUS_AT = 8
_STATUS = Struct("=I")
_FRAME = Struct("=6IH6xI")
_INTERFACE = Struct("=i")
_INTERFACE_AT = 48 + 4
"""In the link-layer address behind a frame's header."""
_INSTRUCTION = Struct("=HBBI")
_PROGRAM = Struct("@HP")


class PacketRing:
    """Frames of this namespace that a classic BPF program lets through, from now on."""

    def __init__(self, program: list[Instruction]) -> None:
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._attach(program)
        self.sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3)
        frames = BLOCKS * BLOCK_BYTES // FRAME_BYTES
        request = _RING.pack(BLOCK_BYTES, BLOCKS, FRAME_BYTES, frames, RETIRE_MS, 0, 0)
        self.sock.setsockopt(SOL_PACKET, PACKET_RX_RING, request)  # forgets what came so far
        self.lost()
        self._memory = mmap.mmap(self.sock.fileno(), BLOCKS * BLOCK_BYTES)
        # A child that dies with the kernel's own pages in its map takes a guest with it.
        self._memory.madvise(mmap.MADV_DONTFORK)
        self._next = 0

    def frames(self) -> Iterator[Sent]:
        """Those in all blocks that are ready; to be called when the socket is readable."""
        while True:
            at = self._next * BLOCK_BYTES
            status, count, first = _BLOCK.unpack_from(self._memory, at)
            if not status & TP_STATUS_USER:
                return
            yield from self._block(at + first, count)
            _STATUS.pack_into(self._memory, at + _BLOCK_STATUS_AT, TP_STATUS_KERNEL)
            self._next = (self._next + 1) % BLOCKS

    def close_to_more(self) -> None:
        """Let nothing through any more; what is in the ring can still be read."""
        self._attach(NOTHING)

    def lost(self) -> int:
        """Frames the ring had no room for, since the last time this was asked."""
        answer = self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, _STATISTICS.size)
        return int(_STATISTICS.unpack(answer)[1])

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
        self.sock.close()

    def _block(self, at: int, count: int) -> Iterator[Sent]:
        memory = self._memory
        for _ in range(count):
            after, sec, nsec, held, length, status, begin, tci = _FRAME.unpack_from(memory, at)
            (interface,) = _INTERFACE.unpack_from(memory, at + _INTERFACE_AT)
            octets = memory[at + begin : at + begin + held]
            vlan = tci if status & TP_STATUS_VLAN_VALID else None
            yield Sent(interface, octets, length, sec * NS_PER_S + nsec, vlan)
            at += after

    def _attach(self, program: list[Instruction]) -> None:
        code = b"".join(_INSTRUCTION.pack(*instruction) for instruction in program)
        held = ctypes.create_string_buffer(code, len(code))
        request = _PROGRAM.pack(len(program), ctypes.addressof(held))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, request)


# What the kernel shows the monitor: classic BPF programs (linux/filter.h), assembled. Pure.

LOAD_WORD, LOAD_HALF, LOAD_BYTE, LOAD_LENGTH = 0x20, 0x28, 0x30, 0x80
JUMP_EQUAL, JUMP_GREATER, JUMP_AT_LEAST, JUMP_ANY_BIT = 0x15, 0x25, 0x35, 0x45
RETURN = 0x06
AT_PACKET_TYPE, AT_INTERFACE = 0xFFFFF000 + 4, 0xFFFFF000 + 8
"""Where a program finds what is not in the frame."""
SNAP_BYTES = 128
"""Enough of a frame for Ethernet, several labels, IPv4 with options and ports."""
BFD_SRC, BFD_DST, BFD_PORT = 0xA9FE0101, 0xA9FE0100, 3784
"""169.254.1.1 to 169.254.1.0: between any two ports of Open vSwitch."""

NEXT, TAKE, LEAVE = "next", "take", "leave"
Step = tuple[int, int] | tuple[int, int, str, str]
Instruction = tuple[int, int, int, int]
"""Operation, how far to jump if so and if not, argument."""
NOTHING: list[Instruction] = [(RETURN, 0, 0, 0)]


def sent_by(first_interface: int, last_interface: int) -> list[Instruction]:
    """BPF: what interfaces in this range send, but BFD's and LLDP's frames."""
    return assemble(
        [
            (LOAD_WORD, AT_PACKET_TYPE),
            (JUMP_EQUAL, socket.PACKET_OUTGOING, NEXT, LEAVE),
            (LOAD_WORD, AT_INTERFACE),
            (JUMP_AT_LEAST, first_interface, NEXT, LEAVE),
            (JUMP_GREATER, last_interface, LEAVE, NEXT),
            (LOAD_HALF, 12),
            (JUMP_EQUAL, ETH_LLDP, LEAVE, NEXT),
            (JUMP_EQUAL, ETH_IPV4, NEXT, TAKE),
            (LOAD_LENGTH, 0),
            (JUMP_AT_LEAST, 38, NEXT, TAKE),
            (LOAD_BYTE, 14),
            (JUMP_EQUAL, 0x45, NEXT, TAKE),
            (LOAD_BYTE, 23),
            (JUMP_EQUAL, UDP, NEXT, TAKE),
            (LOAD_WORD, 26),
            (JUMP_EQUAL, BFD_SRC, NEXT, TAKE),
            (LOAD_WORD, 30),
            (JUMP_EQUAL, BFD_DST, NEXT, TAKE),
            (LOAD_HALF, 20),
            (JUMP_ANY_BIT, FRAGMENT_OFFSET_MASK, TAKE, NEXT),
            (LOAD_HALF, 36),
            (JUMP_EQUAL, BFD_PORT, LEAVE, TAKE),
        ]
    )


def assemble(steps: list[Step]) -> list[Instruction]:
    """Loads ``(operation, argument)`` and jumps ``(operation, argument, if so, if not)``.

    A jump leads to the next step, or to one of two ends: take the frame, or leave it.
    """
    ends = {TAKE: len(steps), LEAVE: len(steps) + 1}
    made = []
    for number, (operation, argument, *targets) in enumerate(steps):
        # A jump counts from the instruction after it.
        jumps = [ends.get(target, number + 1) - number - 1 for target in targets] or [0, 0]
        made.append((operation, jumps[0], jumps[1], argument))
    return [*made, (RETURN, 0, 0, SNAP_BYTES), (RETURN, 0, 0, 0)]
