"""One queue held to a target delay by PIE (RFC 8033)."""

from __future__ import annotations

from corridor.topologies.emulation.queues.disciplines import Pie
from corridor.topologies.emulation.queues.tree import (
    FIRST_LINE,
    GATE_CLASS,
    Line,
    QueueKind,
    Stage,
    Tree,
    gate,
)
from corridor.topologies.model.line import FULL_FRAME_ON_FIBRE_BYTES, Queue


def tree(queue: Queue, rate_bytes_per_s: int) -> Tree:
    limit_packets = -(-queue.buffer_bytes // FULL_FRAME_ON_FIBRE_BYTES)
    aqm = Pie(target_us=queue.target_us, limit_packets=limit_packets, ecn=queue.ecn)
    stage = Stage(FIRST_LINE, GATE_CLASS, aqm)
    return Tree((*gate(rate_bytes_per_s), stage), (Line("all", FIRST_LINE),))


KIND = QueueKind(
    "pie", "one queue with a target delay (RFC 8033)", tree, frozenset(["target", "ecn"])
)
