"""A topology as a network of IPv4 routers: one router a hub, one numbered link a fibre. Pure.

Names, MAC addresses and host addresses are those of the wiring, so a fibre is called the same in
both networks. A router's loopback has the address of the hub's default host; the link of fibre
number N (from 0) has the two addresses of 172.16.0.0/12 that begin at 2N (RFC 1918, RFC 3021).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from corridor.topologies.base.errors import InputError
from corridor.topologies.model.wiring import End, Wiring

LINKS_FROM = int(IPv4Address("172.16.0.0"))
MOST_LINKS = 1 << 19
LINK_PREFIX_LENGTH, LOOPBACK_PREFIX_LENGTH = 31, 32


@dataclass(frozen=True)
class Router:
    """The router of a hub; ``address`` is that of its loopback and its router id."""

    hub: str
    address: str


@dataclass(frozen=True)
class RouterEnd:
    """One end of a link: an interface in the namespace of its hub."""

    hub: str
    interface: str
    mac: str
    address: str


@dataclass(frozen=True)
class RouterLink:
    """A fibre as a link between two routers: it delays packets, and its rate is not limited."""

    fibre: str
    a: RouterEnd
    z: RouterEnd
    one_way_delay_ns: int

    @property
    def ends(self) -> tuple[RouterEnd, RouterEnd]:
        return self.a, self.z


@dataclass(frozen=True)
class RouterNetwork:
    """All routers, in the order of the map, and all links."""

    run_id: str
    routers: tuple[Router, ...]
    links: tuple[RouterLink, ...]


def router_network(wiring: Wiring) -> RouterNetwork:
    """Return the routers and links of a wiring.

    Raises:
        InputError: It has more fibres than there are addresses.
    """
    if len(wiring.fibres) > MOST_LINKS:
        raise InputError(f"{len(wiring.fibres)} fibres are more than links can have addresses")
    return RouterNetwork(
        run_id=wiring.run_id,
        routers=tuple(Router(one.hub, one.host_ip) for one in wiring.hubs),
        links=tuple(
            RouterLink(
                one.fibre,
                _end(one.a, 2 * number),
                _end(one.z, 2 * number + 1),
                one.forward.one_way_delay_ns,
            )
            for number, one in enumerate(wiring.fibres)
        ),
    )


def _end(end: End, offset: int) -> RouterEnd:
    return RouterEnd(end.hub, end.interface, end.mac, str(IPv4Address(LINKS_FROM + offset)))
