"""Fair queueing of flows, each held to a target delay by CoDel (RFC 8290)."""

from __future__ import annotations

from corridor.topologies.emulation.queues import bpf_octets
from corridor.topologies.emulation.queues.disciplines import FqCodel
from corridor.topologies.emulation.queues.tree import (
    FIRST_LINE,
    GATE_CLASS,
    Filter,
    Line,
    QueueKind,
    Stage,
    Tree,
    gate,
)
from corridor.topologies.model.line import FULL_FRAME_ON_FIBRE_BYTES, Queue

FLOWS = 1024
"""As the kernel has it."""


def tree(queue: Queue, rate_bytes_per_s: int) -> Tree:
    """Flows are distinguished by one of our programs: the kernel does not look below a label."""
    aqm = FqCodel(
        target_us=queue.target_us,
        limit_packets=-(-queue.buffer_bytes // FULL_FRAME_ON_FIBRE_BYTES),
        flows=FLOWS,
        quantum_bytes=FULL_FRAME_ON_FIBRE_BYTES,
        ecn=queue.ecn,
    )
    parts = (
        *gate(rate_bytes_per_s),
        Stage(FIRST_LINE, GATE_CLASS, aqm),
        Filter(FIRST_LINE, bpf_octets.by_flow(FLOWS)),
    )
    return Tree(parts, (Line("all", FIRST_LINE),))


KIND = QueueKind(
    "fq_codel",
    "fair queueing of flows, each with a target delay (RFC 8290)",
    tree,
    frozenset(["target", "ecn"]),
)
