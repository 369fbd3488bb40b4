"""Topologies that benchmarks lay out by numbers: hubs alike, and a fibre a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from corridor.topologies.model.topology import Fibre, Hub, Scaling, Topology

RATE_MBPS, DELAY_MS = 100, 10
LEAST_BPS, MOST_BPS = 1000, 10**10


class Line(NamedTuple):
    """A fibre between two hubs, by their numbers."""

    a: int
    z: int
    rate_bps: int = RATE_MBPS * 1_000_000
    one_way_ns: int = DELAY_MS * 1_000_000
    loss_ppm: float = 0
    jitter_ns: int = 0


def plain_topology(name: str, hubs: int, lines: Iterable[Line]) -> Topology:
    """``hubs`` of them, numbered from 0; what is random on a line does not belong to a topology."""
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
                a=f"hub{line.a}",
                z=f"hub{line.z}",
                medium="terrestrial",
                length_km=1,
                length_basis="derived",
                one_way_delay_ns=line.one_way_ns,
                delay_basis="given",
                capacity_gbps=line.rate_bps / 1e9,
                capacity_basis="derived",
            )
            for number, line in enumerate(lines)
        ),
        scaling=Scaling(
            capacity_scale=1,
            assumed_terrestrial_gbps=1,
            assumed_submarine_gbps=1,
            min_rate_bps=LEAST_BPS,
            max_rate_bps=MOST_BPS,
        ),
    )
