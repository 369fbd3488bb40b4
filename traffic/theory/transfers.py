"""How long transfers take: one over TCP, a ring of them, a checkpoint. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
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


def slow_start_rounds(octets: int, mss_bytes: int, window_packets: int = INITIAL_WINDOW) -> int:
    """How many windows a transfer takes that never fills the path."""
    rounds, sent, window = 0, 0, window_packets * mss_bytes
    while sent < octets:
        rounds, sent, window = rounds + 1, sent + window, 2 * window
    return rounds


def ring_all_reduce_s(octets: int, ways: Sequence[Way]) -> float:
    """All members of a ring end with the sum of their ``octets`` each.

    ``2 (n - 1)`` steps, in each of which every member hands ``1/n`` on (Patarasu and Yuan, J.
    Parallel Distrib. Comput. 69, 2009). All wait for the slowest path, one a member, in every step.
    Connections are warm: each step transfers its share at full rate.
    """
    members = len(ways)
    if members < 2:
        return 0.0
    part_bits = octets * 8 / members
    slowest_s = max(way.one_way_s + part_bits / way.rate_bps for way in ways)
    return 2 * (members - 1) * slowest_s


def barrier_s(octets: int, up: Sequence[Way], down: Sequence[Way]) -> float:
    """All members send ``octets`` to one, which sends as many back once it has all of them: a round
    of data-parallel training by a server (Li et al., OSDI 2014), or of DiLoCo's outer step."""
    return max(completion_s(octets, way) for way in up) + max(
        completion_s(octets, way) for way in down
    )


def checkpoint_interval_s(checkpoint_s: float, between_failures_s: float) -> float:
    """How often to write one so that the minimum time is lost (Young, CACM 17(9), 1974)."""
    return sqrt(2 * checkpoint_s * between_failures_s)
