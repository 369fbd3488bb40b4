"""How long a transfer over TCP takes. Pure."""

from __future__ import annotations

from typing import NamedTuple

INITIAL_WINDOW = 10
"""Packets (RFC 6928); Linux's."""


class Way(NamedTuple):
    """What a transfer gets of the network."""

    rtt_s: float
    one_way_s: float
    rate_bps: float
    """Of payload, once it is up to speed."""
    mss_bytes: int = 1448
    window_packets: int = INITIAL_WINDOW
    """As it begins."""


def completion_s(octets: int, way: Way, *, handshake: bool = False) -> float:
    """From the start until the last octet arrives, without losses: slow start, then the rate.

    Cardwell, Savage and Anderson, INFOCOM 2000, section 3: windows of packets, each twice the one
    before, a round trip apart, until one fills the path. What is longer than slow start is then
    bounded by the rate alone; a connection that idled begins again with its first window.
    """
    waited_s, left = way.rtt_s if handshake else 0.0, float(octets)
    window, pipe = float(way.window_packets * way.mss_bytes), way.rate_bps * way.rtt_s / 8
    while left > window and window < pipe:
        waited_s += way.rtt_s
        left -= window
        window *= 2
    return waited_s + left * 8 / way.rate_bps + way.one_way_s
