"""Directed links whose capacity adds up: fibres, and what several fibres share at a landing."""

from __future__ import annotations

from corridor.topologies.model.capacity import CapacityGroup, least_free_bps
from corridor.topologies.model.topology import Fibre, Topology

GROUP = "capacity group "
"""Before the id of a capacity group, where else an id of a fibre stands."""


def shared_links(fibre: Fibre, from_hub: str) -> tuple[tuple[str, str], ...]:
    """What else a packet loads that enters a fibre at a hub: each group, and its direction."""
    return tuple(
        (f"{GROUP}{group.id}", f"{'out of' if from_hub == group.at else 'into'} {group.at}")
        for group in fibre.shares
    )


def capacities_bps(topology: Topology) -> dict[str, int]:
    """Emulated rates for demands, by fibre and by capacity group: what the background leaves in the
    direction where it is largest."""
    fibres = {
        fibre.id: min(topology.free_rate_bps(fibre, hub) for hub in fibre.ends)
        for fibre in topology.fibres
    }
    groups = {
        f"{GROUP}{group.id}": _free_bps(topology, group)
        for group in topology.capacity_groups.values()
    }
    return fibres | groups


def _free_bps(topology: Topology, group: CapacityGroup) -> int:
    """What background leaves of a group, of what leaves its hub and of what arrives; as much of it
    at least as of a fibre."""
    sharing = [fibre for fibre in topology.fibres if group in fibre.shares]
    out_bps = sum(topology.background_bps(fibre, group.at) for fibre in sharing)
    in_bps = sum(topology.background_bps(fibre, fibre.other_end(group.at)) for fibre in sharing)
    rate_bps = topology.emulated_group_bps(group)
    return max(least_free_bps(rate_bps), rate_bps - max(out_bps, in_bps))


def assumed_capacities(topology: Topology) -> frozenset[str]:
    """Those of ``capacities_bps`` that no one publishes."""
    fibres = (fibre.id for fibre in topology.fibres if fibre.known_gbps is None)
    groups = (
        f"{GROUP}{group.id}"
        for group in topology.capacity_groups.values()
        if group.capacity_gbps is None
    )
    return frozenset([*fibres, *groups])
