"""One drop-tail queue, of octets instead of full frames."""

from __future__ import annotations

from corridor.topologies.emulation.queues.disciplines import ByteFifo
from corridor.topologies.emulation.queues.tree import (
    FIRST_LINE,
    GATE_CLASS,
    Line,
    QueueKind,
    Stage,
    Tree,
    gate,
)
from corridor.topologies.model.line import Queue


def tree(queue: Queue, rate_bytes_per_s: int) -> Tree:
    stage = Stage(FIRST_LINE, GATE_CLASS, ByteFifo(queue.buffer_bytes))
    return Tree((*gate(rate_bytes_per_s), stage), (Line("all", FIRST_LINE),))


KIND = QueueKind("fifo", "one drop-tail queue that counts octets", tree)
