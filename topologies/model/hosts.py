"""Hosts behind a hub: names and addresses, as topology files state them. Pure.

Each hub has a default host, whose name is the hub's id. Further hosts attach to the same switch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Annotated

from pydantic import AfterValidator

from corridor.topologies.base.documents import Document
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.addresses import addresses
from corridor.topologies.model.fields import Frozen, Slug

NETWORK = IPv4Network("10.0.0.0/8")
"""All hosts are on this one network, so none needs a router."""
MAX_HOSTS = 250
"""At one hub."""


def _address(text: str) -> str:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        raise ValueError(f'"{text[:40]}" is not an IPv4 address such as 10.16.1.1') from None
    if address not in NETWORK or address in (NETWORK[0], NETWORK[-1]):
        raise ValueError(f"{address} is not the address of a host in {NETWORK}")
    return str(address)


class Host(Frozen):
    """A host at a port of its hub's switch, next to the hub's default host."""

    id: Slug
    """Lower case, digits, hyphens; neither a hub's id nor another host's."""
    hub: str
    """The hub at whose switch it is."""
    address: Annotated[str, AfterValidator(_address)] | None = None
    """IPv4 address in 10.0.0.0/8; by default 10.16.N.K for host K of hub N."""


def check_hosts(
    document: Document, hosts: Sequence[Host], hubs: Sequence[str], known: Sequence[Host] = ()
) -> None:
    """Raise InputError with the line of the first host of ``hosts`` at an unknown hub, or whose
    name or address is taken; ``known`` are hosts that another file states."""
    names = {**dict.fromkeys(hubs, "a hub"), **{one.id: "another host" for one in known}}
    places = Counter(one.hub for one in known)
    for number, host in enumerate(hosts):
        at = ("hosts", number)
        if host.hub not in hubs:
            hint = nearest(host.hub, hubs) or "name a hub of the topology"
            message = f'host "{host.id}" is at unknown hub "{host.hub}"'
            raise document.error(message, *at, "hub", hint=hint)
        if host.id in names:
            message = f'host "{host.id}" has the name of {names[host.id]}'
            raise document.error(message, *at, "id", hint="give it another id")
        names[host.id] = "another host"
        places[host.hub] += 1
        if places[host.hub] > MAX_HOSTS:
            message = f"{host.hub} has more than {MAX_HOSTS} hosts"
            raise document.error(message, *at, "hub", hint="move some to another hub")
    _check_addresses(document, hosts, addresses(hubs, (*known, *hosts)))


def _check_addresses(document: Document, hosts: Sequence[Host], given: Mapping[str, str]) -> None:
    """A host that states its address comes after those that do not."""
    numbers = {host.id: number for number, host in enumerate(hosts)}
    stated = {host.id for host in hosts if host.address is not None}
    owner: dict[str, str] = {}
    for name in sorted(given, key=stated.__contains__):
        other = owner.setdefault(given[name], name)
        if other != name:
            message = f'host "{name}" has address {given[name]}, which is that of "{other}"'
            hint = "give each host its own address"
            raise document.error(message, "hosts", numbers[name], "address", hint=hint)
