"""How frames queue before one direction of a fibre, as a value.

Without a name a fibre has what it has always had: one drop-tail queue of full frames, part of its
shape. Every other discipline is in front of the fibre: it lets one frame pass at a time, each
for as long as its bits take at the rate of the fibre.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from corridor.topologies.base.codec import OMIT_EMPTY

FULL_FRAME_ON_FIBRE_BYTES = 1518
"""1500 octets of IP, an Ethernet header and one label."""


@dataclass(frozen=True)
class QueueClass:
    """Frames of some DSCPs, in a separate queue."""

    name: str
    buffer_bytes: int
    dscps: tuple[int, ...] = field(default=(), metadata=OMIT_EMPTY)
    """None: whatever no other class takes."""
    weight: int = 1


@dataclass(frozen=True)
class Packets:
    """Packets between two hosts, by what is in them, whatever label they carry; ``None`` and an
    empty protocol match anything."""

    src_ip: str
    dst_ip: str
    protocol: str = ""
    src_port: int | None = None
    dst_port: int | None = None


@dataclass(frozen=True)
class Commitment:
    """A rate that some packets have on the fibre whatever else wants to cross it."""

    name: str
    """Of the demand, or of the aggregate of demands."""
    cir_bps: int
    packets: tuple[Packets, ...]
    pir_bps: int | None = None
    """The maximum it may have; None: all of the fibre."""


@dataclass(frozen=True)
class Queue:
    """``name`` is that of a kind in ``topologies/emulation/queues``; empty: none of them."""

    name: str = field(default="", metadata=OMIT_EMPTY)
    buffer_bytes: int = field(default=0, metadata=OMIT_EMPTY)
    """Of packets without a class."""
    classes: tuple[QueueClass, ...] = field(default=(), metadata=OMIT_EMPTY)
    """In the order of their priority."""
    committed: tuple[Commitment, ...] = field(default=(), metadata=OMIT_EMPTY)
    target_us: int = field(default=0, metadata=OMIT_EMPTY)
    """The time in the queue that an AQM aims at."""
    ecn: bool = field(default=False, metadata=OMIT_EMPTY)
    """Whether an AQM marks packets that allow it (RFC 3168) instead of dropping them."""

    @property
    def stands(self) -> bool:
        """Whether it is in front of the fibre."""
        return bool(self.name)
