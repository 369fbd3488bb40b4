"""Classes by DSCP that share a full fibre by their weights, in octets: deficit round robin."""

from __future__ import annotations

from corridor.topologies.emulation.queues import bpf_octets
from corridor.topologies.emulation.queues.disciplines import Drr, DrrClass
from corridor.topologies.emulation.queues.tree import (
    GATE_CLASS,
    INNER,
    Class,
    Filter,
    QueueKind,
    Stage,
    Tree,
    classid,
    gate,
    lines,
    numbers_by_dscp,
)
from corridor.topologies.model.line import FULL_FRAME_ON_FIBRE_BYTES, Queue


def tree(queue: Queue, rate_bytes_per_s: int) -> Tree:
    """In each round a class sends as many full frames as its weight, or this many octets."""
    classes = (
        Class(classid(INNER, number), INNER, DrrClass(one.weight * FULL_FRAME_ON_FIBRE_BYTES))
        for number, one in enumerate(queue.classes)
    )
    stages, names = zip(*lines(INNER, queue.classes), strict=True)
    by_dscp = bpf_octets.by_dscp(*numbers_by_dscp(INNER, queue.classes))
    parts = (
        *gate(rate_bytes_per_s),
        Stage(INNER, GATE_CLASS, Drr()),
        *classes,
        *stages,
        Filter(INNER, by_dscp),
    )
    return Tree(parts, names)


KIND = QueueKind(
    "weighted",
    "classes by DSCP that share a full fibre by weight (deficit round robin)",
    tree,
    frozenset(["classes", "weights"]),
)
