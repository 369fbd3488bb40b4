"""What a kernel says of one interface's tree of disciplines, as dumped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

QUEUE_HANDLE = 0x100000
"""Of the discipline at the top of a queue stage; a stage may use all handles from here on."""


@dataclass(frozen=True)
class Found:
    """Bodies of messages: each a ``rtnetlink.QDISC`` header, then attributes."""

    qdiscs: Mapping[int, bytes]
    """By their handle."""
    classes: tuple[bytes, ...] = ()
    """Of all disciplines of the interface; dumped only where a queue stage ``needs_classes``."""
    filters: tuple[bytes, ...] = ()
    """Of the root discipline and, where a queue stage ``needs_classes``, of the queue stage."""
