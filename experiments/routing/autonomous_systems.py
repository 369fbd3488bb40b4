"""Autonomous systems of a map: the hubs of an operator that its fibres join. Pure."""

from __future__ import annotations

from corridor.experiments.routing.routing_documents import AutonomousSystem
from corridor.topologies.model.domains import HomeDomains
from corridor.topologies.model.topology import Topology

FIRST_NUMBER = 4_200_000_001
"""Private numbers of 32 bits begin one below (RFC 6996)."""


def systems_of(topology: Topology) -> tuple[AutonomousSystem, ...]:
    """Return the systems by the name of their domain, then by the order of hubs on the map.

    The home domain of a hub runs its router. Hubs of one domain that only fibres to other domains
    join are systems of their own: BGP would discard routes from one to the other.
    """
    home = HomeDomains(topology).home
    found: list[tuple[str, tuple[str, ...]]] = []
    left = dict.fromkeys(home)
    while left:
        first = next(iter(left))
        met = _joined(topology, home, first)
        found.append((home[first], tuple(hub for hub in home if hub in met)))
        left = {hub: None for hub in left if hub not in met}
    found.sort(key=lambda one: one[0])
    return tuple(
        AutonomousSystem(FIRST_NUMBER + number, domain, hubs)
        for number, (domain, hubs) in enumerate(found)
    )


def _joined(topology: Topology, home: dict[str, str], first: str) -> set[str]:
    met, waiting = {first}, [first]
    while waiting:
        here = waiting.pop()
        far = {fibre.other_end(here) for fibre in topology.fibres_of(here)}
        new = {hub for hub in far - met if home[hub] == home[here]}
        met |= new
        waiting += sorted(new)
    return met
