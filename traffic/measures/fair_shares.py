"""How flows share the fibres of a network. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Flow(NamedTuple):
    """Its links, its maximum rate, and its weight on a link next to others."""

    links: Sequence[str]
    most_bps: float = math.inf
    weight: float = 1.0


def max_min_bps[Name](
    flows: Mapping[Name, Flow], capacities_bps: Mapping[str, float]
) -> dict[Name, float]:
    """Max-min fair rates by weight: no rate can grow unless a rate that is not larger shrinks.

    Progressive filling (Bertsekas and Gallager, Data Networks, section 6.5.2): all rates grow
    together, in proportion to their weights, until a link is full or a flow has what it wants;
    these stop, the others go on. ValueError for a flow that nothing bounds, or a link of no known
    capacity.
    """
    for name, flow in flows.items():
        if not flow.links and flow.most_bps == math.inf:
            raise ValueError(f"nothing bounds {name}")
        if unknown := set(flow.links) - capacities_bps.keys():
            raise ValueError(f"{name} uses {min(unknown)}, which has no capacity")
    filling = _Filling(flows, capacities_bps)
    while filling.growing:
        filling.stop_next()
    return {name: filling.rates.get(name, 0.0) for name in flows}


_FULL = 1e-9
"""Of a level: what is equal but for rounding."""


class _Filling[Name]:
    """All that grow are at one level: the rate of each is its weight times that."""

    def __init__(self, flows: Mapping[Name, Flow], capacities_bps: Mapping[str, float]) -> None:
        self.growing = {name: flow for name, flow in flows.items() if flow.weight > 0}
        self.rates: dict[Name, float] = {}
        self._on: dict[str, set[Name]] = {}
        self._weight: dict[str, float] = {}
        for name, flow in self.growing.items():
            for link in set(flow.links):
                self._on.setdefault(link, set()).add(name)
                self._weight[link] = self._weight.get(link, 0.0) + flow.weight
        self._left = {link: float(capacities_bps[link]) for link in self._on}
        """Next to those that have stopped."""

    def stop_next(self) -> None:
        """Raise the level until a link is full or a user has enough: those stop."""
        full_at = {link: max(0.0, self._left[link]) / self._weight[link] for link in self._on}
        wanted = min(flow.most_bps / flow.weight for flow in self.growing.values())
        level = min([wanted, *full_at.values()])
        highest = level * (1 + _FULL)
        stopped = {
            name for name, flow in self.growing.items() if flow.most_bps / flow.weight <= highest
        }
        stopped.update(*(self._on[link] for link, at in full_at.items() if at <= highest))
        for name in stopped:
            self._stop(name, level)

    def _stop(self, name: Name, level: float) -> None:
        flow = self.growing.pop(name)
        self.rates[name] = rate_bps = level * flow.weight
        for link in set(flow.links):
            self._left[link] -= rate_bps
            self._on[link].discard(name)
            self._weight[link] -= flow.weight
            if not self._on[link]:
                del self._on[link], self._weight[link], self._left[link]


def by_priority_bps[Name](
    flows: Mapping[Name, Flow], levels: Mapping[Name, int], capacities_bps: Mapping[str, float]
) -> dict[Name, float]:
    """Where a lower level goes before any higher: each has the max-min share of what those before
    it leave. Errors as of ``max_min_bps``."""
    left = dict(capacities_bps)
    found: dict[Name, float] = {}
    for level in sorted(set(levels.values())):
        mine = {name: flow for name, flow in flows.items() if levels[name] == level}
        rates = max_min_bps(mine, left)
        for name, flow in mine.items():
            for link in set(flow.links):
                left[link] = max(0.0, left[link] - rates[name])
        found |= rates
    return found


def by_class_bps[Name](
    flows: Mapping[Name, Flow],
    classes: Mapping[Name, int],
    weights: Mapping[int, float],
    capacity_bps: float,
) -> dict[Name, float]:
    """Of one link that classes share by weight, and flows of a class by theirs: what a class does
    not want goes to the others by their weights (Parekh and Gallager, IEEE/ACM Trans. Networking
    1(3), 1993). Flows have no other links."""
    link = "link"
    wanted = dict.fromkeys(classes.values(), 0.0)
    for name, flow in flows.items():
        wanted[classes[name]] += min(flow.most_bps, capacity_bps)
    of_classes = {one: Flow((link,), most, weights[one]) for one, most in wanted.items()}
    shares = max_min_bps(of_classes, {link: capacity_bps})
    found: dict[Name, float] = {}
    for one, share_bps in shares.items():
        mine = {
            name: flow._replace(links=(link,))
            for name, flow in flows.items()
            if classes[name] == one
        }
        found |= max_min_bps(mine, {link: share_bps})
    return found


# How long a transfer over TCP takes. Pure.

INITIAL_WINDOW = 10
"""Packets (RFC 6928); Linux's."""


class TransferPath(NamedTuple):
    """What a transfer gets of the network."""

    rtt_s: float
    one_way_s: float
    rate_bps: float
    """Of payload, once it is up to speed."""
    mss_bytes: int = 1448
    window_packets: int = INITIAL_WINDOW
    """As it begins."""


def completion_s(octets: int, path: TransferPath, *, handshake: bool = False) -> float:
    """From the start until the last octet arrives, without losses: slow start, then the rate.

    Cardwell, Savage and Anderson, INFOCOM 2000, section 3: windows of packets, each twice the one
    before, a round trip apart, until one fills the path. What is longer than slow start is then
    bounded by the rate alone; a connection that idled begins again with its first window.
    """
    waited_s, left = path.rtt_s if handshake else 0.0, float(octets)
    window, pipe = float(path.window_packets * path.mss_bytes), path.rate_bps * path.rtt_s / 8
    while left > window and window < pipe:
        waited_s += path.rtt_s
        left -= window
        window *= 2
    return waited_s + left * 8 / path.rate_bps + path.one_way_s
