"""The kinds of queues: the one list of them."""

from __future__ import annotations

from corridor.topologies.base.registry import Registry
from corridor.topologies.emulation.queues import committed, kinds
from corridor.topologies.emulation.queues.tree import QueueKind, Tree
from corridor.topologies.model.line import Queue

KINDS = Registry(
    "corridor.queues",
    (
        committed.KIND,
        kinds.DROP_TAIL,
        kinds.FQ_CODEL,
        kinds.PIE,
        kinds.PRIORITY,
        kinds.WEIGHTED,
    ),
    of=QueueKind,
)
"""By their names in YAML."""


def tree(queue: Queue, rate_bps: int) -> Tree:
    """What is to be in front of a fibre of this rate."""
    return KINDS[queue.name].tree(queue, rate_bps // 8)
