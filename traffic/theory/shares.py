"""How flows share the fibres of a network. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Flow(NamedTuple):
    """Over which links it goes, at most how fast, and how much of a link it takes beside others."""

    links: Sequence[str]
    most_bps: float = math.inf
    weight: float = 1.0


def max_min_bps[Name](
    flows: Mapping[Name, Flow], capacities_bps: Mapping[str, float]
) -> dict[Name, float]:
    """Rates of which none can grow without that of one no richer, by weight, shrinking.

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
    left = {link: float(bps) for link, bps in capacities_bps.items()}
    rates = dict.fromkeys(flows, 0.0)
    growing = {name: flow for name, flow in flows.items() if flow.weight > 0}
    while growing:
        step = _step(growing, rates, left)
        for name, flow in growing.items():
            rates[name] += step * flow.weight
            for link in set(flow.links):
                left[link] -= step * flow.weight
        growing = {
            name: flow
            for name, flow in growing.items()
            if not _is_done(flow, rates[name], left, capacities_bps)
        }
    return rates


_FULL = 1e-9
"""Of a capacity: what is left by rounding alone."""


def _step[Name](
    growing: Mapping[Name, Flow], rates: Mapping[Name, float], left: Mapping[str, float]
) -> float:
    weights: dict[str, float] = {}
    for flow in growing.values():
        for link in set(flow.links):
            weights[link] = weights.get(link, 0.0) + flow.weight
    by_links = (max(0.0, left[link]) / weight for link, weight in weights.items())
    by_wants = ((flow.most_bps - rates[name]) / flow.weight for name, flow in growing.items())
    return min((*by_links, *by_wants))


def _is_done(
    flow: Flow, rate_bps: float, left: Mapping[str, float], capacities_bps: Mapping[str, float]
) -> bool:
    if rate_bps >= flow.most_bps * (1 - _FULL):
        return True
    return any(left[link] <= _FULL * capacities_bps[link] for link in flow.links)


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
