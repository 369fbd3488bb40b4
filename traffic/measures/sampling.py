"""How much the probes of a demand say: intervals, patterns of loss, variation by packet. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corridor.traffic.measures.bursts import LossPattern, loss_pattern
from corridor.traffic.measures.metrics import Distribution, distribution
from corridor.traffic.measures.quantiles import (
    Interval,
    QuantileIntervals,
    intervals,
    left_out,
    share_interval,
)
from corridor.traffic.measures.samples import Probes

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
