"""Sets of packet headers, and what switches write over them.

Entries here match exact values only, so a set of headers is a conjunction of "field
is value" and "field is not value": a ``Box``. All values that a box does not name
are one cell, since no entry that cut it told them apart. Treating that cell as
never empty errs to the safe side: a set may be thought larger than it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import AddressValueError, IPv4Address

from controller.program import Value

ETH_IPV4, ETH_ARP, ETH_MPLS, ETH_LLDP = 0x0800, 0x0806, 0x8847, 0x88CC
UNTAGGED = 0
ARP_REQUEST, ARP_REPLY = 1, 2

Condition = tuple[str, Value]

_IPV4, _ARP, _MPLS = ("eth_type", ETH_IPV4), ("eth_type", ETH_ARP), ("eth_type", ETH_MPLS)

NEEDS: dict[str, Condition | None] = {
    "vlan_vid": None,
    "eth_type": None,
    "eth_src": None,
    "eth_dst": None,
    "mpls_label": _MPLS,
    "ipv4_src": _IPV4,
    "ipv4_dst": _IPV4,
    "arp_op": _ARP,
    "arp_sha": _ARP,
    "arp_spa": _ARP,
    "arp_tha": _ARP,
    "arp_tpa": _ARP,
}
"""Every field an entry may match, and what it takes for a packet to have it.

The order is that of cutting, general fields first: what a match leaves over is then
"other types", "that type from others" and so on, few boxes that later entries seldom cut.
"""

_ORDER = {name: position for position, name in enumerate(NEEDS)}
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_MACS = frozenset({"eth_src", "eth_dst", "arp_sha", "arp_tha"})
_ADDRESSES = frozenset({"ipv4_src", "ipv4_dst", "arp_spa", "arp_tpa"})


def is_exact(name: str, value: Value) -> bool:
    """Whether the field is one we know and the value one value of it, not a mask or a range."""
    if name != "in_port" and name not in NEEDS:
        return False
    if name in _MACS:
        return isinstance(value, str) and _MAC.fullmatch(value) is not None
    if name in _ADDRESSES:
        try:
            return isinstance(value, str) and bool(IPv4Address(value))
        except AddressValueError:
            return False
    return isinstance(value, int) and value >= 0


def in_order(match: Iterable[Condition]) -> tuple[Condition, ...]:
    return tuple(sorted(match, key=lambda condition: _ORDER[condition[0]]))


@dataclass(frozen=True)
class Box:
    """All headers that meet every condition; ``Box()`` is every header."""

    equal: frozenset[Condition] = frozenset()
    unequal: frozenset[Condition] = frozenset()

    @cached_property
    def known(self) -> dict[str, Value]:
        return dict(self.equal)

    def cut(self, name: str, value: Value) -> tuple[Box | None, Box | None]:
        """The part where the field has the value and the part where not; None where empty."""
        known = self.known.get(name)
        if known is not None:
            return (self, None) if known == value else (None, self)
        if (name, value) in self.unequal:
            return None, self
        others = frozenset(condition for condition in self.unequal if condition[0] != name)
        here = Box(self.equal | {(name, value)}, others)
        return here, Box(self.equal, self.unequal | {(name, value)})

    def meet(self, other: Box) -> Box | None:
        """The headers in both."""
        if any(self.known.get(name, value) != value for name, value in other.equal):
            return None
        both: Box | None = self
        for name, value in other.equal:
            both = both and both.cut(name, value)[0]
        for name, value in other.unequal:
            both = both and both.cut(name, value)[1]
        return both

    def minus(self, other: Box) -> Iterator[Box]:
        """What is left without ``other``, which has no ``unequal``, as boxes apart."""
        rest: Box | None = self
        for name, value in in_order(other.equal):
            if rest is None:
                return
            rest, left = rest.cut(name, value)
            if left is not None:
                yield left


def box(**equal: Value) -> Box:
    return Box(frozenset(equal.items()))


def outside(headers: Box, allowed: Iterable[Box]) -> tuple[Box, ...]:
    """What is left of ``headers`` without all of ``allowed``."""
    left: tuple[Box, ...] = (headers,)
    for one in allowed:
        left = tuple(rest for piece in left for rest in piece.minus(one))
    return left


@dataclass(frozen=True)
class Packet:
    """Headers as they were sent, and the fields that switches have written since."""

    sent: Box = Box()
    written: frozenset[Condition] = frozenset()

    @cached_property
    def _written(self) -> dict[str, Value]:
        return dict(self.written)

    def value(self, name: str) -> Value | None:
        """What the field holds now, or None where that differs between the packets."""
        if name in self._written:
            return self._written[name]
        return self.sent.known.get(name)

    def may_be(self, name: str, value: Value) -> bool:
        return self.cut(name, value)[0] is not None

    def cut(self, name: str, value: Value) -> tuple[Packet | None, Packet | None]:
        """As ``Box.cut``, by what the field holds now."""
        if name in self._written:
            return (self, None) if self._written[name] == value else (None, self)
        here, others = self.sent.cut(name, value)
        return self._narrowed(here), self._narrowed(others)

    def _narrowed(self, sent: Box | None) -> Packet | None:
        return None if sent is None else Packet(sent, self.written)

    def write(self, name: str, value: Value) -> Packet:
        return Packet(self.sent, frozenset((self._written | {name: value}).items()))

    @property
    def label(self) -> Value | None:
        """The label on top, or None where there is none or not one for all these packets."""
        return self.value("mpls_label") if self.value("eth_type") == ETH_MPLS else None

    def push(self, label: Value) -> Packet:
        return self.write("eth_type", ETH_MPLS).write("mpls_label", label)

    def pop(self) -> Packet:
        """Without its one label; what is below is taken for IPv4, as the action says."""
        below = {name: held for name, held in self._written.items() if name != "mpls_label"}
        below["eth_type"] = ETH_IPV4
        if self.sent.known.get("eth_type") == ETH_IPV4:
            del below["eth_type"]
        return Packet(self.sent, frozenset(below.items()))
