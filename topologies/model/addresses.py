"""Addresses of hosts: IPv4 by the place of a host, and MAC addresses. Pure, and free of pydantic.

RFC 1918 (10.0.0.0/8) and IEEE 802 (locally administered unicast) are the sources of the ranges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

FIRST_OF_HOSTS = 16
"""Second octet of addresses of hosts at the hubs 1 to 255; 10.0 to 10.15 are those of hubs."""


class Stated(Protocol):
    """A host as a topology file states it."""

    @property
    def id(self) -> str: ...
    @property
    def hub(self) -> str: ...
    @property
    def address(self) -> str | None: ...


def hub_address(number: int) -> str:
    """The address of the default host of hub ``number``, from 1."""
    return f"10.0.{number >> 8}.{number & 0xFF}"


def host_address(number: int, place: int) -> str:
    """The default address of host ``place`` of hub ``number``, both from 1."""
    return f"10.{FIRST_OF_HOSTS + (number >> 8)}.{number & 0xFF}.{place}"


def addresses(hubs: Sequence[str], hosts: Sequence[Stated]) -> dict[str, str]:
    """Addresses of all hosts by name, those of hubs first."""
    numbers = {hub: number for number, hub in enumerate(hubs, start=1)}
    found = {hub: hub_address(number) for hub, number in numbers.items()}
    places: Counter[str] = Counter()
    for host in hosts:
        places[host.hub] += 1
        found[host.id] = host.address or host_address(numbers[host.hub], places[host.hub])
    return found


def mac(kind: int, number: int, port: int) -> str:
    """A locally administered unicast address (IEEE 802: second bit of the first octet set)."""
    octets = (0x02, 0xC0, kind, number >> 8, number & 0xFF, port & 0xFF)
    return ":".join(f"{octet:02x}" for octet in octets)
