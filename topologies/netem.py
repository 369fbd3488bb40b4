"""netem as the kernel has it: nanosecond delay, 64-bit rate and the seed of its losses.

pyroute2 0.9.7 stops at TCA_NETEM_RATE and at delays in 64 ns ticks, so its
netem plugin is replaced by this one. Attribute numbers and layouts:
linux/pkt_sched.h, ``TCA_NETEM_*`` and ``struct tc_netem_qopt``.
"""

from __future__ import annotations

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
    """The options message for one direction of a fibre, from ``request['shape']``."""
    shape: Shape = request["shape"]
    rate_bytes = shape.rate_bps // 8
    rate = {
        "rate": min(rate_bytes, RATE32_MAX),
        "packet_overhead": 0,
        "cell_size": 0,
        "cell_overhead": 0,
    }
    attributes: list[tuple[str, Any]] = [
        ("TCA_NETEM_RATE", rate),
        ("TCA_NETEM_LATENCY64", shape.one_way_delay_ns),
        ("TCA_NETEM_PRNG_SEED", shape.seed),
    ]
    if rate_bytes > RATE32_MAX:
        attributes.append(("TCA_NETEM_RATE64", rate_bytes))
    return {
        "latency": 0,
        "limit": shape.limit_packets,
        "loss": shape.loss_ppm * PROBABILITY_ONE // 1_000_000,
        "gap": 0,
        "duplicate": 0,
        "jitter": 0,
        "attrs": attributes,
    }


def shape_of(message: Any) -> Shape | None:
    """The shape a dumped qdisc really has, or None if it is not netem."""
    if message.get_attr("TCA_KIND") != "netem":
        return None
    held = message.get_attr("TCA_OPTIONS")
    rate_bytes = held.get_attr("TCA_NETEM_RATE64") or held.get_attr("TCA_NETEM_RATE")["rate"]
    return Shape(
        one_way_delay_ns=held.get_attr("TCA_NETEM_LATENCY64"),
        rate_bps=rate_bytes * 8,
        limit_packets=held["limit"],
        loss_ppm=round(held["loss"] * 1_000_000 / PROBABILITY_ONE),
        seed=held.get_attr("TCA_NETEM_PRNG_SEED"),
    )


def _register() -> None:
    import sys  # noqa: PLC0415

    plugins["netem"] = sys.modules[__name__]


_register()
