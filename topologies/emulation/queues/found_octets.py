"""What a kernel states about one interface's tree of disciplines, as dumped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """Bodies of messages: each a ``rtnetlink.QDISC`` header, then attributes."""

    qdiscs: Mapping[int, bytes]
    """By their handle."""
    filters: tuple[bytes, ...] = ()
    """Of the root discipline."""
