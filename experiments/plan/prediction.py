"""What a path should measure, from the same graph the network is built from. Pure.

One-way time of a probe is, per fibre, its propagation delay plus the time its
bits take at the emulated rate that background traffic leaves. Switches and hosts
are counted as nothing: in the virtual clock they are, in the real clock their
cost is part of what is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.line import Line
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology

LABEL_BYTES = 4


NO_LINES: Mapping[str, Line] = MappingProxyType({})


def one_way_ns(
    topology: Topology, path: Path, frame_bytes: int, lines: Mapping[str, Line] = NO_LINES
) -> int:
    """Nanoseconds for a lone frame of ``frame_bytes`` (Ethernet header on, no FCS) over a path.

    Where ``lines`` have jitter, it takes half of the maximum that each may add, which is the mean,
    and the median of every sum; late packets are the exception, and left out.
    """
    total = 0
    for hub, name in zip(path.hubs, path.fibres, strict=False):
        fibre = topology.fibre(name)
        total += fibre.one_way_delay_ns
        total += lines[name].jitter_ns // 2 if name in lines else 0
        total += serialisation_ns(frame_bytes + LABEL_BYTES, topology.free_rate_bps(fibre, hub))
    return total


def serialisation_ns(frame_bytes: int, rate_bps: int) -> int:
    """As netem has it: whole bytes per second, nanoseconds rounded down (sch_netem.c)."""
    return frame_bytes * NS_PER_S // (rate_bps // 8)


def bottleneck_bps(topology: Topology, path: Path) -> int:
    """The smallest emulated rate for demands along a path, counting frame bits with their label."""
    return min(
        topology.free_rate_bps(topology.fibre(name), hub)
        for hub, name in zip(path.hubs, path.fibres, strict=False)
    )
