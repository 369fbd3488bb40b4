"""How frames queue before one direction of a fibre, as a value.

Without a name a fibre has one drop-tail queue of full frames, part of its shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from corridor.topologies.base.codec import OMIT_EMPTY


@dataclass(frozen=True)
class Queue:
    """``name`` is that of a kind of queue; empty: none of them."""

    name: str = field(default="", metadata=OMIT_EMPTY)
