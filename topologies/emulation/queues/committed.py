"""Committed rates kept by a scheduler: each has its own queue and its rate; all else shares the
rest of the fibre.

Packets are known by addresses and ports, which hold through updates, when labels change.
"""

from __future__ import annotations

from corridor.topologies.emulation.queues import filter_octets
from corridor.topologies.emulation.queues.disciplines import ByteFifo, Htb, HtbClass
from corridor.topologies.emulation.queues.tree import (
    FIRST_LINE,
    GATE,
    GATE_CLASS,
    LEAST_BYTES_PER_S,
    LINE_STEP,
    ROOT,
    Class,
    Filter,
    Line,
    QueueKind,
    Stage,
    Tree,
    ticks,
)
from corridor.topologies.model.line import FULL_FRAME_ON_FIBRE_BYTES, Commitment, Queue

REST, FIRST = 2, 3
"""Minor numbers of classes: of all else, and of the first commitment."""
REST_SHARE = 1000
"""All else is promised this part of the fibre, and borrows what committed rates leave, by turns
with peaks above them."""
HOST_FRAME_BYTES = FULL_FRAME_ON_FIBRE_BYTES - filter_octets.LABEL_BYTES


def tree(queue: Queue, rate_bytes_per_s: int) -> Tree:
    """A class at its rate goes before any that borrows. Several may find theirs at once, so up to
    one frame of each is let through together, and queues in the fibre itself."""
    rate = max(LEAST_BYTES_PER_S, rate_bytes_per_s)
    whole = HtbClass(rate, rate, 1, 1, FULL_FRAME_ON_FIBRE_BYTES, 0)
    rest_rate = max(LEAST_BYTES_PER_S, rate // REST_SHARE)
    rest = HtbClass(rest_rate, rate, 1, 1, FULL_FRAME_ON_FIBRE_BYTES, 0)
    parts: list[Stage | Class | Filter] = [
        Stage(GATE, ROOT, Htb(REST)),
        Class(GATE_CLASS, GATE, whole),
        Class(GATE + REST, GATE_CLASS, rest),
        Stage(FIRST_LINE, GATE + REST, ByteFifo(queue.buffer_bytes)),
    ]
    lines = [Line("rest", FIRST_LINE)]
    for number, one in enumerate(queue.committed):
        minor, handle = GATE + FIRST + number, FIRST_LINE + (number + 1) * LINE_STEP
        parts += [
            Class(minor, GATE_CLASS, _promised(one, rate)),
            Stage(handle, minor, ByteFifo(queue.buffer_bytes)),
        ]
        lines.append(Line(one.name, handle))
    return Tree((*parts, Filter(GATE, _program(queue))), tuple(lines))


def _promised(one: Commitment, fibre_bytes_per_s: int) -> HtbClass:
    """A committed rate is of frames as hosts send them; on a fibre they have a label."""
    most = fibre_bytes_per_s if one.pir_bps is None else _labelled(one.pir_bps)
    ceil = max(LEAST_BYTES_PER_S, min(most, fibre_bytes_per_s))
    rate = max(LEAST_BYTES_PER_S, min(_labelled(one.cir_bps), ceil))
    return HtbClass(
        rate,
        ceil,
        ticks(FULL_FRAME_ON_FIBRE_BYTES, rate),
        1 if ceil == fibre_bytes_per_s else ticks(FULL_FRAME_ON_FIBRE_BYTES, ceil),
        FULL_FRAME_ON_FIBRE_BYTES,
        0,
    )


def _labelled(rate_bps: int) -> int:
    """Octets a second on a fibre, where full frames come at this many bits a second."""
    return -(-rate_bps * FULL_FRAME_ON_FIBRE_BYTES // (8 * HOST_FRAME_BYTES))


def _program(queue: Queue) -> filter_octets.Program:
    known = (
        (packets, GATE + FIRST + number)
        for number, one in enumerate(queue.committed)
        for packets in one.packets
    )
    return filter_octets.by_packets(known, GATE + REST)


KIND = QueueKind(
    "committed",
    "each guaranteed rate in its own queue; other traffic shares the rest",
    tree,
    frozenset(["commitments"]),
)
