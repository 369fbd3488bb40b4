"""What is random on a fibre: losses, jitter and late packets. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace


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
