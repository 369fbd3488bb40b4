"""The kinds of queues in front of a fibre: one queue for all frames, or one for each class."""

from __future__ import annotations

from corridor.topologies.emulation.queues import filter_octets
from corridor.topologies.emulation.queues.disciplines import (
    ByteFifo,
    Drr,
    DrrClass,
    FqCodel,
    Pie,
    Prio,
)
from corridor.topologies.emulation.queues.tree import (
    FIRST_LINE,
    GATE_CLASS,
    INNER,
    Class,
    Filter,
    Line,
    QueueKind,
    Stage,
    Tree,
    classid,
    gate,
    lines,
    numbers_by_dscp,
)
from corridor.topologies.model.line import FULL_FRAME_ON_FIBRE_BYTES, Queue


def drop_tail_tree(queue: Queue, rate_bytes_per_s: int) -> Tree:
    stage = Stage(FIRST_LINE, GATE_CLASS, ByteFifo(queue.buffer_bytes))
    return Tree((*gate(rate_bytes_per_s), stage), (Line("all", FIRST_LINE),))


DROP_TAIL = QueueKind("fifo", "one drop-tail queue that counts octets", drop_tail_tree)


FLOWS = 1024
"""As the kernel has it."""


def fq_codel_tree(queue: Queue, rate_bytes_per_s: int) -> Tree:
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
        Filter(FIRST_LINE, filter_octets.by_flow(FLOWS)),
    )
    return Tree(parts, (Line("all", FIRST_LINE),))


FQ_CODEL = QueueKind(
    "fq_codel",
    "fair queueing of flows, each with a target delay (RFC 8290)",
    fq_codel_tree,
    frozenset(["target", "ecn"]),
)


def pie_tree(queue: Queue, rate_bytes_per_s: int) -> Tree:
    limit_packets = -(-queue.buffer_bytes // FULL_FRAME_ON_FIBRE_BYTES)
    aqm = Pie(target_us=queue.target_us, limit_packets=limit_packets, ecn=queue.ecn)
    stage = Stage(FIRST_LINE, GATE_CLASS, aqm)
    return Tree((*gate(rate_bytes_per_s), stage), (Line("all", FIRST_LINE),))


PIE = QueueKind(
    "pie", "one queue with a target delay (RFC 8033)", pie_tree, frozenset(["target", "ecn"])
)


def priority_tree(queue: Queue, rate_bytes_per_s: int) -> Tree:
    stages, names = zip(*lines(INNER, queue.classes), strict=True)
    by_dscp = filter_octets.by_dscp(*numbers_by_dscp(INNER, queue.classes))
    inner = Stage(INNER, GATE_CLASS, Prio(len(queue.classes)))
    return Tree((*gate(rate_bytes_per_s), inner, *stages, Filter(INNER, by_dscp)), names)


PRIORITY = QueueKind(
    "priority",
    "classes by DSCP in strict priority; frames are not interrupted",
    priority_tree,
    frozenset(["classes"]),
)
"""Of all that wait, the first class goes first."""


def weighted_tree(queue: Queue, rate_bytes_per_s: int) -> Tree:
    """In each round a class sends as many full frames as its weight, or this many octets."""
    classes = (
        Class(classid(INNER, number), INNER, DrrClass(one.weight * FULL_FRAME_ON_FIBRE_BYTES))
        for number, one in enumerate(queue.classes)
    )
    stages, names = zip(*lines(INNER, queue.classes), strict=True)
    by_dscp = filter_octets.by_dscp(*numbers_by_dscp(INNER, queue.classes))
    parts = (
        *gate(rate_bytes_per_s),
        Stage(INNER, GATE_CLASS, Drr()),
        *classes,
        *stages,
        Filter(INNER, by_dscp),
    )
    return Tree(parts, names)


WEIGHTED = QueueKind(
    "weighted",
    "classes by DSCP that share a full fibre by weight (deficit round robin)",
    weighted_tree,
    frozenset(["classes", "weights"]),
)
