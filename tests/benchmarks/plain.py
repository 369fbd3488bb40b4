"""Topologies that benchmarks lay out by numbers: all hubs alike, all fibres alike."""

from __future__ import annotations

from collections.abc import Sequence

from corridor.topologies.model.topology import Fibre, Hub, Scaling, Topology

RATE_MBPS, DELAY_MS = 100, 10


def plain_topology(name: str, hubs: int, links: Sequence[tuple[int, int]]) -> Topology:
    """``hubs`` of them, numbered from 0, and a fibre of ``RATE_MBPS`` and ``DELAY_MS`` a link."""
    return Topology(
        name=name,
        title=name,
        hubs=tuple(
            Hub(id=f"hub{n}", name=f"Hub {n}", role="core", located_in="XX", lat=0, lon=n % 180)
            for n in range(hubs)
        ),
        fibres=tuple(
            Fibre(
                id=f"fibre{number}",
                a=f"hub{a}",
                z=f"hub{z}",
                medium="terrestrial",
                length_km=1,
                length_basis="derived",
                one_way_delay_ns=DELAY_MS * 1_000_000,
                delay_basis="given",
                capacity_gbps=RATE_MBPS / 1000,
                capacity_basis="derived",
            )
            for number, (a, z) in enumerate(links)
        ),
        scaling=Scaling(
            capacity_scale=1,
            assumed_terrestrial_gbps=1,
            assumed_submarine_gbps=1,
            min_rate_bps=1000,
            max_rate_bps=10**10,
        ),
    )
