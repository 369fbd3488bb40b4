"""A fibre is degraded: slower, longer or lossier than declared, alike in both directions.

Packets in flight keep the delay they entered with, so the first after the end may overtake the
last before it. The buffer stays as many packets, which take longer to leave at a lower rate. Where
losses are random already, either end of this fault begins their sequences again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from corridor.topologies.base.options import Option, Values
from corridor.topologies.model.fault_kind import (
    Effect,
    EventKind,
    Interfaces,
    ShapeChange,
    interfaces_of,
)
from corridor.topologies.model.wiring import ALL_PPM, SLOWEST_BPS, Shape, in_flight_packets

if TYPE_CHECKING:  # guests import this, and not the model
    from corridor.topologies.model.topology import Topology

DEGRADE, RESTORE = "degrade", "restore"
LONGEST_NS = 10_000_000_000


def degrade(network: Interfaces, fibre: str, options: Values) -> list[str]:
    change: ShapeChange = partial(degraded, options=options)
    shapes = dict.fromkeys(sorted(interfaces_of(network.wiring, fibre)), change)
    return network.make((DEGRADE, fibre), Effect(shapes=shapes))


def restore(network: Interfaces, fibre: str, _options: Values) -> list[str]:
    """The shape as it was, except for other faults that last."""
    interfaces_of(network.wiring, fibre)
    return network.end((DEGRADE, fibre))


def degraded(shape: Shape, options: Values) -> Shape:
    """The shape with a share of its rate, more delay, and losses in addition to its own.

    The delay line comes before the queue, so it is to hold what arrives at the rate of before, and
    what it was to hold by then.
    """
    rate, delay_ns, loss = options["rate"], options["delay"], options["loss"]
    one_way_delay_ns = shape.one_way_delay_ns + (delay_ns or 0)
    kept = (1 - shape.loss_ppm / ALL_PPM) * (1 - (loss or 0))
    longest_ns = shape.longest_ns + (delay_ns or 0)
    return replace(
        shape,
        rate_bps=shape.rate_bps if rate is None else max(SLOWEST_BPS, round(shape.rate_bps * rate)),
        one_way_delay_ns=one_way_delay_ns,
        in_flight_packets=max(
            shape.in_flight_packets, in_flight_packets(shape.rate_bps, longest_ns)
        ),
        loss_ppm=shape.loss_ppm if loss is None else (1 - kept) * ALL_PPM,
        bursts=shape.bursts and shape.bursts.with_loss(loss or 0),
    )


def of_its_fibre(_topology: Topology, fibre: str, options: Values) -> Mapping[str, ShapeChange]:
    return {fibre: partial(degraded, options=options)}


def problem(options: Values) -> str:
    if all(value is None for value in options.values()):
        return f"nothing gets worse; give one of {', '.join(options)}"
    return ""


KIND = EventKind(
    key="degrade",
    of="fibre",
    words="a fibre with less rate, more delay or more loss",
    example="{at: 1s, until: 2s, degrade: guian-kunming, rate: 25%, delay: +20ms}",
    options={
        "rate": Option("percent", "remaining share of its rate", above=0, most=1),
        "delay": Option("time", "additional one-way delay", above=0, most=LONGEST_NS),
        "loss": Option("percent", "additional random loss", above=0, most=1),
    },
    actions={DEGRADE: degrade, RESTORE: restore},
    begin=DEGRADE,
    bfd_notices=frozenset(["loss"]),
    end=RESTORE,
    shapes=of_its_fibre,
    problem=problem,
)
