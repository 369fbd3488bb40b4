"""Patterns of loss (RFC 3357): packets lost in a row, and the distance between losses. Pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

type Flags = NDArray[np.bool_]


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
