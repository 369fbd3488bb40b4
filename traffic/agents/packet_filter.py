"""What the kernel shows the monitor: classic BPF programs (linux/filter.h), assembled. Pure."""

from __future__ import annotations

import socket

from corridor.traffic.packets.headers import ETH_IPV4, ETH_LLDP, FRAGMENT_OFFSET_MASK, UDP

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
