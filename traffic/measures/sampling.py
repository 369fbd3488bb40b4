"""How much the probes of a demand say: intervals, patterns of loss, variation by packet. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.topologies.base.arrays import Flags
from corridor.traffic.measures.metrics import Distribution, distribution
from corridor.traffic.measures.quantiles import (
    Interval,
    QuantileIntervals,
    intervals,
    left_out,
    share_interval,
)
from corridor.traffic.measures.samples import Probes

# Patterns of loss (RFC 3357): packets lost in a row, and the distance between losses. Pure.


class LossPattern(NamedTuple):
    """Of the packets of one sender, in the order in which they were sent."""

    sent: int
    lost: int
    periods: int
    """Runs of consecutive losses (Type-P-One-Way-Loss-Period-Total, section 6.2)."""
    longest: int
    """Packets of the longest run (section 6.3)."""
    mean_burst: float | None
    """Packets a run has on average; 1 / (1 - loss) where losses are independent."""
    least_gap: int | None
    """Packets that came between two runs, at least (inter-loss-period length, section 6.4)."""
    mean_gap: float | None
    noticeable: float | None
    """The share of losses that follow another within ``NOTICEABLE`` packets (section 6.1)."""


NOTICEABLE = 99
"""The distance that section 6.1 takes for voice, as an example."""


def runs(lost: Flags) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first packet of each run of losses, and the run's length."""
    edges = np.diff(np.concatenate(([0], lost.astype(np.int8), [0])))
    first = np.flatnonzero(edges == 1)
    return first, np.flatnonzero(edges == -1) - first


def loss_pattern(lost: Flags) -> LossPattern:
    """``lost`` states about each packet whether it never came; a later copy does not make up for
    it."""
    first, length = runs(lost)
    gaps = first[1:] - first[:-1] - length[:-1]
    at = np.flatnonzero(lost)
    distances = np.diff(at)
    return LossPattern(
        sent=len(lost),
        lost=len(at),
        periods=len(first),
        longest=int(length.max(initial=0)),
        mean_burst=float(length.mean()) if len(length) else None,
        least_gap=int(gaps.min()) if len(gaps) else None,
        mean_gap=float(gaps.mean()) if len(gaps) else None,
        noticeable=float((distances <= NOTICEABLE).mean()) if len(distances) else None,
    )


def lost_of(arrived: NDArray[np.int64], sent: int) -> Flags:
    """Which of ``sent`` packets are not among the sequence numbers that arrived."""
    lost = np.ones(sent, np.bool_)
    lost[arrived[(arrived >= 0) & (arrived < sent)]] = False
    return lost


# How much delays vary from one packet to the next.
#
# PDV (RFC 5481, section 4.2) is a delay less the minimum of the same set: ``metrics.variation``.
# IPDV (RFC 3393; RFC 5481, section 4.1) is a delay less that of the packet sent before, where
# both came.


def ipdv(sequence: NDArray[np.int64], delay_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each packet whose predecessor by sequence number arrived, too; packets in any order."""
    order = np.argsort(sequence, kind="stable")
    numbers, delays = sequence[order], delay_ns[order]
    follows = np.diff(numbers) == 1
    found: NDArray[np.int64] = np.diff(delays)[follows]
    return found


@dataclass(frozen=True)
class DemandSample:
    """One demand in one phase; times in ns."""

    rtt: QuantileIntervals
    forward: QuantileIntervals
    backward: QuantileIntervals
    forward_ipdv: Distribution
    backward_ipdv: Distribution
    loss: Interval | None
    losses: LossPattern
    left_out: dict[str, str]
    """Quantiles that the sample does not carry, and why."""


def sample_of(rows: Probes) -> DemandSample:
    """Of the rows of one demand and phase, as samples.join sorts them."""
    probes = rows.where(~rows.send_failed & rows.is_first)
    lost = ~probes.received
    first = probes.where(probes.received)
    sequence = first.seq.astype(np.int64)
    forward, backward = first.forward_ns, first.backward_ns
    lasts_ns = int(first.t1_ns[-1] - first.t1_ns[0]) if len(first) else 0
    return DemandSample(
        rtt=intervals(forward + backward, lasts_ns),
        forward=intervals(forward, lasts_ns),
        backward=intervals(backward, lasts_ns),
        forward_ipdv=_signed(sequence, forward),
        backward_ipdv=_signed(sequence, backward),
        loss=share_interval(lost),
        losses=loss_pattern(lost),
        left_out=left_out(len(first)),
    )


def _signed(sequence: NDArray[np.int64], delay_ns: NDArray[np.int64]) -> Distribution:
    return distribution(ipdv(sequence, delay_ns))
