"""Configurations of BIRD 2, one process a hub: OSPF with delays as costs. Pure.

Reference: the BIRD 2.17 user's guide, chapters 3 and 6.8.
"""

from __future__ import annotations

from collections.abc import Iterator

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


def configuration(network: RouterNetwork, router: Router) -> str:
    """The text of ``bird.conf`` of a hub."""
    return "\n".join([*_common(router), *_ospf(network, router), ""])


def _common(router: Router) -> Iterator[str]:
    yield 'log "{folder}/bird.log" all;'
    yield f"router id {router.address};"
    yield "protocol device { scan time 60; }"
    yield "protocol kernel {"
    yield "  scan time 60;"
    yield f"  ipv4 {{ import none; export where net.len = 32 && net != {router.address}/32; }};"
    yield "}"


def _ospf(network: RouterNetwork, router: Router) -> Iterator[str]:
    unit_us = cost_unit_us(network)
    yield "protocol ospf v2 igp {"
    yield "  ecmp no;"
    yield "  ipv4 { import all; export none; };"
    yield "  area 0 {"
    yield f"    stubnet {router.address}/32 {{ cost 0; }};"
    for end, delay_ns in _ends(network, router.hub):
        price = cost(delay_ns, unit_us)
        yield f'    interface "{end.interface}" {{ type ptp; cost {price}; }};'
    yield "  };"
    yield "}"


def _ends(network: RouterNetwork, hub: str) -> Iterator[tuple[RouterEnd, int]]:
    for link in network.links:
        for end in link.ends:
            if end.hub == hub:
                yield end, link.one_way_delay_ns
