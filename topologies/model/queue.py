"""What stands in the queue stage of one direction of a fibre, as a value.

The default is one drop-tail queue served at the rate of the fibre.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from corridor.topologies.base.codec import OMIT_EMPTY

FIFO = "fifo"


@dataclass(frozen=True)
class Queue:
    """``name`` is that of a kind in ``topologies/emulation/queues``; empty is ``fifo``."""

    name: str = field(default="", metadata=OMIT_EMPTY)

    @property
    def kind(self) -> str:
        return self.name or FIFO
