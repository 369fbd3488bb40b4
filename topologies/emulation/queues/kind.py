"""What the file of a kind of queues holds. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from corridor.topologies.emulation.queues.tree import Tree
from corridor.topologies.model.queue import Queue

type Takes = Literal["classes", "weights", "target", "ecn", "commitments"]


class QueueKind(NamedTuple):
    """One kind. ``tree(queue, rate_bytes_per_s)`` is what is in front of a fibre."""

    name: str
    words: str
    """What it does, for people: a phrase for a table."""
    tree: Callable[[Queue, int], Tree]
    takes: frozenset[Takes] = frozenset()
    """What of a ``Queue`` it looks at, besides its buffer."""
