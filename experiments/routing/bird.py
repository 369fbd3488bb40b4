"""Configurations of BIRD 2, one process a hub: OSPF with delays as costs, and BGP. Pure.

Reference: the BIRD 2.17 user's guide, chapters 3, 6.3 (BGP) and 6.8 (OSPF).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.experiments.routing.routing_documents import AutonomousSystem
from corridor.topologies.model.routers import Router, RouterEnd, RouterNetwork

PROGRAM = "bird"
CONFIGURATION, SOCKET = "bird.conf", "bird.ctl"
HIGHEST_COST = 65535
"""Of OSPF (RFC 2328, appendix A.4.2)."""
COST_UNITS_US = (1, 2, 5, 10, 20, 50, 100)
NS_PER_US = 1000


def cost_unit_us(network: RouterNetwork) -> int:
    """The microseconds of delay that count 1: the smallest with which every cost fits."""
    longest_us = max((one.one_way_delay_ns for one in network.links), default=0) / NS_PER_US
    return next(one for one in COST_UNITS_US if longest_us <= one * HIGHEST_COST)


def cost(delay_ns: int, unit_us: int) -> int:
    """The cost of a link: its delay in units, rounded, and at least 1."""
    return max(1, round(delay_ns / NS_PER_US / unit_us))


def words(program: str = PROGRAM) -> tuple[str, ...]:
    """The command of a daemon; its files and socket are in its own folder."""
    return (program, "-f", "-c", f"{{folder}}/{CONFIGURATION}", "-s", f"{{folder}}/{SOCKET}")


def configuration(
    network: RouterNetwork, router: Router, systems: Sequence[AutonomousSystem] = ()
) -> str:
    """The text of ``bird.conf`` of a hub.

    Without ``systems`` one OSPF area has all routers. With them OSPF runs inside each system, BGP
    between all routers of a system (iBGP), and BGP over each link between two systems (eBGP).
    """
    lines = [*_common(router), *_ospf(network, router, systems)]
    if systems:
        lines += _bgp(network, router, systems)
    return "\n".join([*lines, ""])


def _common(router: Router) -> Iterator[str]:
    yield 'log "{folder}/bird.log" all;'
    yield f"router id {router.address};"
    yield "protocol device { scan time 60; }"
    yield "protocol kernel {"
    yield "  scan time 60;"
    yield f"  ipv4 {{ import none; export where net.len = 32 && net != {router.address}/32; }};"
    yield "}"


def _ospf(
    network: RouterNetwork, router: Router, systems: Sequence[AutonomousSystem]
) -> Iterator[str]:
    unit_us = cost_unit_us(network)
    inside = _system(router.hub, systems)
    yield "protocol ospf v2 igp {"
    yield "  ecmp no;"
    yield "  ipv4 { import all; export none; };"
    yield "  area 0 {"
    yield f"    stubnet {router.address}/32 {{ cost 0; }};"
    for end, far, delay_ns in _ends(network, router.hub):
        if _system(far.hub, systems) == inside:
            price = cost(delay_ns, unit_us)
            yield f'    interface "{end.interface}" {{ type ptp; cost {price}; }};'
    yield "  };"
    yield "}"


def _bgp(
    network: RouterNetwork, router: Router, systems: Sequence[AutonomousSystem]
) -> Iterator[str]:
    """Prefixes of a system go to its neighbours from OSPF, and all that BGP has learnt."""
    inside = _system(router.hub, systems)
    assert inside is not None
    yield f"protocol static {{ ipv4; route {router.address}/32 blackhole; }}"
    for other in network.routers:
        if other != router and other.hub in inside.hubs:
            yield f"protocol bgp {{  # {other.hub}, of the same system"
            yield f"  local {router.address} as {inside.number};"
            yield f"  neighbor {other.address} as {inside.number};"
            yield "  ipv4 { import all; export where source = RTS_BGP; next hop self; };"
            yield "}"
    for end, far, _ in _ends(network, router.hub):
        system = _system(far.hub, systems)
        if system is not None and system != inside:
            yield f"protocol bgp {{  # {far.hub}, {system.domain}"
            yield f"  local {end.address} as {inside.number};"
            yield f"  neighbor {far.address} as {system.number};"
            yield "  ipv4 { import all; export where net.len = 32; };"
            yield "}"


def _system(hub: str, systems: Sequence[AutonomousSystem]) -> AutonomousSystem | None:
    return next((one for one in systems if hub in one.hubs), None)


def _ends(network: RouterNetwork, hub: str) -> Iterator[tuple[RouterEnd, RouterEnd, int]]:
    """The ends of links at a hub, with their far ends and delays in ns."""
    for link in network.links:
        for end, far in (link.ends, link.ends[::-1]):
            if end.hub == hub:
                yield end, far, link.one_way_delay_ns
