"""netem as the kernel has it: nanosecond delay, 64-bit rate and the seed of its losses.

pyroute2 0.9.7 stops at TCA_NETEM_RATE and at delays in 64 ns ticks, so its
netem plugin is replaced by this one. Attribute numbers and layouts:
linux/pkt_sched.h, ``TCA_NETEM_*`` and ``struct tc_netem_qopt``.
"""

from __future__ import annotations

import sys
from typing import Any

from pyroute2.netlink import nla
from pyroute2.netlink.rtnl import TC_H_ROOT
from pyroute2.netlink.rtnl.tcmsg import plugins

from topologies.wiring import Shape

parent = TC_H_ROOT
PROBABILITY_ONE = 2**32 - 1
RATE32_MAX = 2**32 - 1


class options(nla):  # noqa: N801 - the name pyroute2 looks up in a plugin
    nla_map = (
        ("TCA_NETEM_UNSPEC", "none"),
        ("TCA_NETEM_CORR", "hex"),
        ("TCA_NETEM_DELAY_DIST", "none"),
        ("TCA_NETEM_REORDER", "hex"),
        ("TCA_NETEM_CORRUPT", "hex"),
        ("TCA_NETEM_LOSS", "hex"),
        ("TCA_NETEM_RATE", "rate"),
        ("TCA_NETEM_ECN", "uint32"),
        ("TCA_NETEM_RATE64", "uint64"),
        ("TCA_NETEM_PAD", "hex"),
        ("TCA_NETEM_LATENCY64", "int64"),
        ("TCA_NETEM_JITTER64", "int64"),
        ("TCA_NETEM_SLOT", "hex"),
        ("TCA_NETEM_SLOT_DIST", "none"),
        ("TCA_NETEM_PRNG_SEED", "uint64"),
    )
    fields = (
        ("latency", "I"),
        ("limit", "I"),
        ("loss", "I"),
        ("gap", "I"),
        ("duplicate", "I"),
        ("jitter", "I"),
    )

    class rate(nla):  # noqa: N801 - the name in nla_map
        fields = (
            ("rate", "I"),
            ("packet_overhead", "i"),
            ("cell_size", "I"),
            ("cell_overhead", "i"),
        )


def get_parameters(request: dict[str, Any]) -> dict[str, Any]:
    """The options of one stage: ``request['stage']`` is ``delay`` or ``rate`` of a shape."""
    shape: Shape = request["shape"]
    return _delay_stage(shape) if request["stage"] == "delay" else _rate_stage(shape)


def _delay_stage(shape: Shape) -> dict[str, Any]:
    attributes = [
        ("TCA_NETEM_LATENCY64", shape.one_way_delay_ns),
        ("TCA_NETEM_PRNG_SEED", shape.seed),
    ]
    loss = shape.loss_ppm * PROBABILITY_ONE // 1_000_000
    return _options(shape.in_flight_packets, loss, attributes)


def _rate_stage(shape: Shape) -> dict[str, Any]:
    rate_bytes = shape.rate_bps // 8
    rate = {
        "rate": min(rate_bytes, RATE32_MAX),
        "packet_overhead": 0,
        "cell_size": 0,
        "cell_overhead": 0,
    }
    attributes: list[tuple[str, Any]] = [("TCA_NETEM_RATE", rate)]
    if rate_bytes > RATE32_MAX:
        attributes.append(("TCA_NETEM_RATE64", rate_bytes))
    return _options(shape.queue_packets, 0, attributes)


def _options(limit: int, loss: int, attributes: list[tuple[str, Any]]) -> dict[str, Any]:
    fixed = {"latency": 0, "limit": limit, "loss": loss, "gap": 0, "duplicate": 0, "jitter": 0}
    return {**fixed, "attrs": attributes}


def shape_of(delay_stage: Any, rate_stage: Any) -> Shape | None:
    """The shape that two dumped stages really make, or None if they are not both netem."""
    if any(stage.get_attr("TCA_KIND") != "netem" for stage in (delay_stage, rate_stage)):
        return None
    delay, rate = (stage.get_attr("TCA_OPTIONS") for stage in (delay_stage, rate_stage))
    rate_bytes = rate.get_attr("TCA_NETEM_RATE64") or rate.get_attr("TCA_NETEM_RATE")["rate"]
    return Shape(
        one_way_delay_ns=delay.get_attr("TCA_NETEM_LATENCY64"),
        rate_bps=rate_bytes * 8,
        in_flight_packets=delay["limit"],
        queue_packets=rate["limit"],
        loss_ppm=round(delay["loss"] * 1_000_000 / PROBABILITY_ONE),
        seed=delay.get_attr("TCA_NETEM_PRNG_SEED"),
    )


plugins["netem"] = sys.modules[__name__]
