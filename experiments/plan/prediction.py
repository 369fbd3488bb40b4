"""What a path should measure, from the same graph the network is built from. Pure.

One-way time of a probe is, per fibre, its propagation delay plus the time its
bits take at the emulated rate. Switches and hosts are counted as nothing: in the
virtual clock they are, in the real clock their cost is part of what is measured.
"""

from __future__ import annotations

from corridor.controller.policy.paths import Path
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.topology import Topology

LABEL_BYTES = 4


def one_way_ns(topology: Topology, path: Path, frame_bytes: int) -> int:
    """Nanoseconds for a lone frame of ``frame_bytes`` (Ethernet header on, no FCS) over a path."""
    total = 0
    for name in path.fibres:
        fibre = topology.fibre(name)
        total += fibre.one_way_delay_ns
        total += serialisation_ns(frame_bytes + LABEL_BYTES, topology.emulated_rate_bps(fibre))
    return total


def serialisation_ns(frame_bytes: int, rate_bps: int) -> int:
    """As netem has it: whole bytes per second, nanoseconds rounded down (sch_netem.c)."""
    return frame_bytes * NS_PER_S // (rate_bps // 8)


def bottleneck_bps(topology: Topology, path: Path) -> int:
    """The smallest emulated rate along a path, counting frame bits with their label."""
    return min(topology.emulated_rate_bps(topology.fibre(name)) for name in path.fibres)
