"""Background traffic that has moved: queues of fibres have the rate that it leaves now.

No event of scenarios: after events cut or repair fibres, owners move their traffic some time later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import Effect, Interfaces, ShapeChange, ends_of
from corridor.topologies.model.wiring import SLOWEST_BPS, Shape, in_flight_packets

RESERVE = "reserve"
NAME = (RESERVE, "")


def rates_of(options: Values) -> Mapping[str, tuple[tuple[int, int], tuple[int, int]]]:
    """By fibre, forward and backward: bits per second of background, and packets in a queue."""
    found: Mapping[str, tuple[tuple[int, int], tuple[int, int]]] = options["fibres"]
    return found


def reserve(network: Interfaces, _what: str, options: Values) -> list[str]:
    """Have only these fibres (``rates_of`` the options) other rates than planned."""
    shapes: dict[str, ShapeChange] = {}
    for fibre, both in rates_of(options).items():
        for (end, _), one in zip(ends_of(network.wiring, fibre), both, strict=True):
            shapes[end.interface] = partial(reserved, now=one)
    return network.make(NAME, Effect(shapes=shapes, first=True)) if shapes else network.end(NAME)


def reserved(shape: Shape, now: Sequence[int]) -> Shape:
    """The declared shape with another rate of background, and as many packets in its queue. The
    delay line holds what arrives at the higher of both rates."""
    background_bps, packets = now
    rate_bps = max(SLOWEST_BPS, shape.fibre_bps - background_bps)
    in_flight = in_flight_packets(rate_bps, shape.longest_ns)
    return replace(
        shape,
        rate_bps=rate_bps,
        background_bps=shape.fibre_bps - rate_bps,
        queue_packets=packets,
        in_flight_packets=max(shape.in_flight_packets, in_flight),
    )
