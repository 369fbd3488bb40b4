"""Addresses of hosts: IPv4 by the place of a host, IPv6 by its IPv4 address, and MAC addresses.

Pure, and free of pydantic. RFC 1918 (10.0.0.0/8), RFC 4193 (fd00::/8, unique local addresses) and
IEEE 802 (locally administered unicast) are the sources of the ranges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, Protocol

type Family = Literal["ipv4", "ipv6"]
FAMILY_NAMES: dict[Family, str] = {"ipv4": "IPv4", "ipv6": "IPv6"}
ETH_TYPE: dict[Family, int] = {"ipv4": 0x0800, "ipv6": 0x86DD}
IPV6_HEADER_MORE_BYTES = 20
"""How much longer the header of IPv6 is than that of IPv4."""
IPV6_PREFIX = "fd00:c0da::"
"""Of 96 bits; the IPv4 address of a host makes the rest."""
IPV6_PREFIX_LENGTH = 32
"""All hosts are on one link of that prefix, as they are on 10.0.0.0/8."""
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


def ipv6_of(ipv4: str) -> str:
    """The IPv6 address of the host with an IPv4 address, in the form of RFC 5952: fd00:c0da::a00:1
    for 10.0.0.1."""
    octets = [int(octet) for octet in ipv4.split(".")]
    high, low = octets[0] << 8 | octets[1], octets[2] << 8 | octets[3]
    rest = f"{high:x}:{low:x}" if high else f"{low:x}" if low else ""
    return IPV6_PREFIX + rest


def family_of(address: str) -> Family:
    """The family of an address by its text."""
    return "ipv6" if ":" in address else "ipv4"


def octets_of(address: str) -> bytes:
    """The octets of an address of either family. Raises ValueError for what is none."""
    if family_of(address) == "ipv4":
        return bytes(map(int, address.split(".")))
    parts = [[int(one, 16) for one in part.split(":") if one] for part in address.split("::")]
    first, last = parts if len(parts) == 2 else (parts[0], [])
    groups = [*first, *[0] * (8 - len(first) - len(last)), *last]
    return b"".join(group.to_bytes(2) for group in groups)


def mac(kind: int, number: int, port: int) -> str:
    """A locally administered unicast address (IEEE 802: second bit of the first octet set)."""
    octets = (0x02, 0xC0, kind, number >> 8, number & 0xFF, port & 0xFF)
    return ":".join(f"{octet:02x}" for octet in octets)
