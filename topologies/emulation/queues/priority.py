"""Classes of strict priority by DSCP: of all that wait, the first class goes first."""

from __future__ import annotations

from corridor.topologies.emulation.queues import bpf_octets
from corridor.topologies.emulation.queues.disciplines import Prio
from corridor.topologies.emulation.queues.tree import (
    GATE_CLASS,
    INNER,
    Filter,
    QueueKind,
    Stage,
    Tree,
    gate,
    lines,
    numbers_by_dscp,
)
from corridor.topologies.model.line import Queue


def tree(queue: Queue, rate_bytes_per_s: int) -> Tree:
    stages, names = zip(*lines(INNER, queue.classes), strict=True)
    by_dscp = bpf_octets.by_dscp(*numbers_by_dscp(INNER, queue.classes))
    inner = Stage(INNER, GATE_CLASS, Prio(len(queue.classes)))
    return Tree((*gate(rate_bytes_per_s), inner, *stages, Filter(INNER, by_dscp)), names)


KIND = QueueKind(
    "priority",
    "classes by DSCP in strict priority; frames are not interrupted",
    tree,
    frozenset(["classes"]),
)
