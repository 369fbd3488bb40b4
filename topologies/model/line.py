"""How one direction of a fibre treats frames, as values: losses, jitter and late packets, its
queue, and the code points by which a queue tells frames apart. Pure.

Without a name a fibre has what it has always had: one drop-tail queue of full frames, part of its
shape. Every other discipline is in front of the fibre: it lets one frame pass at a time, each
for as long as its bits take at the rate of the fibre.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from corridor.topologies.base.codec import OMIT_EMPTY


@dataclass(frozen=True)
class Bursts:
    """Losses by the model of Gilbert and Elliott, as netem has it (``loss gemodel``).

    The fibre is in a good or a bad state. Probabilities for each packet: the state that it finds
    decides whether it is lost, then the state may change. Sources: E. N. Gilbert, Capacity of a
    burst-noise channel (1960); E. O. Elliott, Estimates of error rates for codes on burst-noise
    channels (1963).

    ``begin`` is netem's p, ``end`` its r, ``lost_in_burst`` its 1-h and ``lost_between`` its 1-k.
    """

    begin: float
    end: float
    lost_in_burst: float = 1.0
    lost_between: float = 0.0

    @property
    def share_in_burst(self) -> float:
        """Of all packets, those that find the bad state."""
        return self.begin / (self.begin + self.end)

    @property
    def mean_loss(self) -> float:
        bad = self.share_in_burst
        return bad * self.lost_in_burst + (1 - bad) * self.lost_between

    @property
    def mean_burst_packets(self) -> float:
        """How many packets in a row find the bad state; with ``lost_in_burst`` 1, are lost."""
        return 1 / self.end

    def with_loss(self, share: float) -> Bursts:
        """With losses of another cause next to them."""
        return replace(
            self,
            lost_in_burst=1 - (1 - self.lost_in_burst) * (1 - share),
            lost_between=1 - (1 - self.lost_between) * (1 - share),
        )


def of_mean(loss: float, burst_packets: float) -> Bursts:
    """All is lost in a burst and nothing between: a share of all packets, this many in a row."""
    end = 1 / burst_packets
    return Bursts(begin=end * loss / (1 - loss), end=end)


@dataclass(frozen=True)
class Line:
    """What is random in either direction of a fibre, each with its own sequences."""

    loss_ppm: float = 0
    """The mean of all losses."""
    bursts: Bursts | None = None
    """How losses cluster; None: each is independent."""
    jitter_ns: int = 0
    """The maximum that it adds to a delay, any less being as likely; no packet overtakes another.
    """
    late_ns: int = 0
    """How much later the ``late_ppm`` of the packets come, which those behind overtake."""
    late_ppm: float = 0


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


# Differentiated services code points (RFC 2474) by name, as routers and RFCs write them.

MOST_DSCP = 63
DSCP_NAMES = {
    **{f"CS{number}": 8 * number for number in range(8)},
    **{f"AF{klass}{drop}": 8 * klass + 2 * drop for klass in range(1, 5) for drop in range(1, 4)},
    "EF": 46,
    "VA": 44,
    "LE": 1,
    "BE": 0,
}
"""RFC 2474, 2597, 3246, 5865 and 8622; ``BE`` is what everybody calls the default."""


def parse_dscp(text: object) -> int:
    """``EF``, ``AF11`` or a whole number from 0 to 63; raises ValueError."""
    if isinstance(text, str) and text.upper() in DSCP_NAMES:
        return DSCP_NAMES[text.upper()]
    if isinstance(text, bool) or not isinstance(text, int) or not 0 <= text <= MOST_DSCP:
        raise ValueError(
            f'"{text}" is not a DSCP: write for example EF, AF11, CS1 or 0 to {MOST_DSCP}'
        )
    return text


def format_dscp(dscp: int) -> str:
    """The name that is written first, else the number."""
    names = {value: name for name, value in reversed(DSCP_NAMES.items())}
    return "BE" if dscp == 0 else names.get(dscp, str(dscp))
