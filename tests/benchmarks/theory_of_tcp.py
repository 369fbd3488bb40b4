"""The rate of one TCP connection whose packets are lost at random. Pure.

``loss`` is the probability that a packet begins a loss event; rates are of payload. None of these
holds where a rate is bounded by the path instead: take the lesser of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

CUBIC_C, CUBIC_BETA = 0.4, 0.7
"""Of RFC 9438, sections 5 and 4.6; Linux has them, too."""
LEAST_TIMEOUT_S = 0.2
"""Of Linux, TCP_RTO_MIN; RFC 6298 asks for a second."""


def mathis_bps(mss_bytes: int, rtt_s: float, loss: float, acks_every: int = 1) -> float:
    """Reno in congestion avoidance (Mathis, Semke, Mahdavi and Ott, CCR 27(3), 1997).

    The constant is sqrt(3/2) where each packet is acknowledged, sqrt(3/4) where every second is;
    Linux counts the packets that an acknowledgement is of, which comes to the first.
    """
    return mss_bytes * 8 / rtt_s * sqrt(1.5 / acks_every / loss)


def pftk_bps(
    mss_bytes: int,
    rtt_s: float,
    loss: float,
    *,
    timeout_s: float = LEAST_TIMEOUT_S,
    acks_every: int = 1,
    most_window: float = float("inf"),
) -> float:
    """Reno with timeouts (Padhye, Firoiu, Towsley and Kurose, SIGCOMM 1998, eq. 30; RFC 5348,
    section 3.1, without its simplification)."""
    by_acks = rtt_s * sqrt(2 * acks_every * loss / 3)
    share = min(1.0, 3 * sqrt(3 * acks_every * loss / 8))
    by_timeouts = timeout_s * share * loss * (1 + 32 * loss**2)
    return mss_bytes * 8 * min(most_window / rtt_s, 1 / (by_acks + by_timeouts))


def cubic_window(rtt_s: float, loss: float) -> float:
    """The mean window of CUBIC in packets (RFC 9438, section 5.1): the greater of its cubic part's
    and that of the Reno that it is friendly to."""
    constant: float = (CUBIC_C * (3 + CUBIC_BETA) / (4 * (1 - CUBIC_BETA))) ** 0.25
    cubic: float = constant * (rtt_s / loss) ** 0.75
    return max(cubic, sqrt(1.5 / loss))


def cubic_bps(mss_bytes: int, rtt_s: float, loss: float) -> float:
    """CUBIC's response function as a rate."""
    return cubic_window(rtt_s, loss) * mss_bytes * 8 / rtt_s


def rtt_weights(rtts_s: Sequence[float], exponent: float) -> list[float]:
    """What TCP flows take of one bottleneck, of 1 in all: in proportion to ``1 / RTT^exponent``.

    Reno: 1 where losses are independent, up to 2 where all lose at once (Lakshman and Madhow,
    IEEE/ACM Trans. Networking 5(3), 1997). CUBIC: 1/4 by its response function at the same loss
    (RFC 9438, section 5.1), 1 where all lose at once, since windows then grow alike in time (Ha,
    Rhee and Xu, SIGOPS Review 42(5), 2008). BBR has no such law: its share hangs on buffer and
    start (Hock et al., ICNP 2017; Ware et al., IMC 2019), and nothing is predicted of it here.
    """
    parts = [rtt_s**-exponent for rtt_s in rtts_s]
    whole = sum(parts)
    return [part / whole for part in parts]
