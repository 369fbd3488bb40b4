"""Sets of packet headers, what switches write over them, and things sorted by such sets.

Entries here match exact values only, so a set of headers is a conjunction of "field
is value" and "field is not value": a ``Box``. All values that a box does not name
are one cell, since no entry that cut it told them apart. Treating that cell as
never empty errs to the safe side: a set may be thought larger than it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from operator import itemgetter
from typing import NamedTuple

from corridor.controller.forwarding.program import ETH_IPV4, ETH_IPV6, Value

ETH_ARP, ETH_MPLS, ETH_LLDP = 0x0806, 0x8847, 0x88CC
IP_PROTO = {"tcp": 6, "udp": 17}
UNTAGGED = 0
ARP_REQUEST, ARP_REPLY = 1, 2
NO_LABEL_NAMED = -1
"""Stands for every label that no entry of a switch names: entries treat them alike."""

Condition = tuple[str, Value]

_IPV4, _IPV6 = (("eth_type", ETH_IPV4),), (("eth_type", ETH_IPV6),)
_ARP, _MPLS = (("eth_type", ETH_ARP),), (("eth_type", ETH_MPLS),)
_UDP, _TCP = (("ip_proto", IP_PROTO["udp"]),), (("ip_proto", IP_PROTO["tcp"]),)

NEEDS: dict[str, tuple[Condition, ...]] = {
    "vlan_vid": (),
    "eth_type": (),
    "eth_src": (),
    "eth_dst": (),
    "mpls_label": _MPLS,
    "mpls_tc": _MPLS,
    "ipv4_src": _IPV4,
    "ipv4_dst": _IPV4,
    "ipv6_src": _IPV6,
    "ipv6_dst": _IPV6,
    "ip_dscp": _IPV4 + _IPV6,
    "ip_proto": _IPV4 + _IPV6,
    "udp_src": _UDP,
    "udp_dst": _UDP,
    "tcp_src": _TCP,
    "tcp_dst": _TCP,
    "arp_op": _ARP,
    "arp_sha": _ARP,
    "arp_spa": _ARP,
    "arp_tha": _ARP,
    "arp_tpa": _ARP,
}
"""Every field an entry may match, and what it takes for a packet to have it: one of some
conditions, where there are any.

The order is that of cutting, general fields first: what a match leaves over is then
"other types", "that type from others" and so on, few boxes that later entries seldom cut.
"""

_ORDER = {name: position for position, name in enumerate(NEEDS)}
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_MACS = frozenset({"eth_src", "eth_dst", "arp_sha", "arp_tha"})
_ADDRESSES = frozenset({"ipv4_src", "ipv4_dst", "arp_spa", "arp_tpa"})
_ADDRESSES_OF_IPV6 = frozenset({"ipv6_src", "ipv6_dst"})


def is_exact(name: str, value: Value) -> bool:
    """Whether the field is one we know and the value one value of it, not a mask or a range."""
    if name in _MACS:
        return isinstance(value, str) and _MAC.fullmatch(value) is not None
    if name in _ADDRESSES:
        return isinstance(value, str) and _is_address(value)
    if name in _ADDRESSES_OF_IPV6:
        return isinstance(value, str) and _is_address_of_ipv6(value)
    return (name == "in_port" or name in NEEDS) and isinstance(value, int) and value >= 0


@cache
def _is_address(value: str) -> bool:
    try:
        return bool(IPv4Address(value))
    except AddressValueError:
        return False


@cache
def _is_address_of_ipv6(value: str) -> bool:
    """One address has one text (RFC 5952): two entries for it are to be equal."""
    try:
        return str(IPv6Address(value)) == value
    except AddressValueError:
        return False


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
        """What is left without ``other``, which has no ``unequal``, as disjoint boxes."""
        rest: Box | None = self
        for name, value in in_order(other.equal):
            if rest is None:
                return
            rest, left = rest.cut(name, value)
            if left is not None:
                yield left


ANY = Box()


def box(**equal: Value) -> Box:
    return Box(frozenset(equal.items()))


def outside(headers: Box, allowed: Iterable[Box]) -> tuple[Box, ...]:
    """What is left of ``headers`` without all of ``allowed``."""
    left: tuple[Box, ...] = (headers,)
    for one in allowed:
        left = tuple(rest for piece in left for rest in piece.minus(one))
    return left


class Packet(NamedTuple):
    """Headers as they were sent, what switches have written since, and the label they gave."""

    sent: Box = ANY
    written: frozenset[Condition] = frozenset()
    """Below the label; its own fields are the next two."""
    label: int | None = None
    tc: int | None = None
    """The label's traffic class, None where that is not known."""

    def of(self, sent: Box) -> Packet:
        """As this is, of those that were sent so."""
        return Packet(sent, self.written, self.label, self.tc)

    def of_label(self, label: int | None, tc: int | None) -> Packet:
        return Packet(self.sent, self.written, label, tc)

    def value(self, name: str) -> Value | None:
        """What the field holds now, or None where that differs between the packets."""
        if self.label is not None and name in _OF_LABEL:
            return (ETH_MPLS, self.label, self.tc)[_OF_LABEL[name]]
        for one, held in self.written:
            if one == name:
                return held
        return self.sent.known.get(name)

    @property
    def is_labelled(self) -> bool:
        return self.label is not None or self.value("eth_type") == ETH_MPLS

    def may_be(self, name: str, value: Value) -> bool:
        return self.cut(name, value)[0] is not None

    def cut(self, name: str, value: Value) -> tuple[Packet | None, Packet | None]:
        """As ``Box.cut``, by what the field holds now."""
        if name in _OF_LABEL and self.label is not None:
            if name == "mpls_tc" and self.tc is None:
                # Either may be so: a set of traffic classes less one is not kept.
                return self.of_label(self.label, int(value)), self
            return (self, None) if self.value(name) == value else (None, self)
        for one, held in self.written:
            if one == name:
                return (self, None) if held == value else (None, self)
        here, others = self.sent.cut(name, value)
        return self._narrowed(here), self._narrowed(others)

    def _narrowed(self, sent: Box | None) -> Packet | None:
        return None if sent is None else self.of(sent)

    def write(self, name: str, value: Value) -> Packet:
        if self.label is not None and name == "mpls_label":
            return self.of_label(int(value), self.tc)
        if self.label is not None and name == "mpls_tc":
            return self.of_label(self.label, int(value))
        others = (one for one in self.written if one[0] != name)
        written = frozenset((*others, (name, value)))
        return Packet(self.sent, written, self.label, self.tc)

    def push(self, label: int) -> Packet:
        """Its traffic class is what the switch makes of the DSCP."""
        return self.of_label(label, None)

    def pop(self, eth_type: int = ETH_IPV4) -> Packet:
        """Without its one label; what is below is taken for the type that the action says."""
        below = frozenset(one for one in self.written if one[0] not in _OF_LABEL)
        if self.label is None or self.sent.known.get("eth_type") != eth_type:
            below |= {("eth_type", eth_type)}
        return Packet(self.sent, below)


_OF_LABEL = {"eth_type": 0, "mpls_label": 1, "mpls_tc": 2}


type DesiredState = Callable[[str], Value | None]
"""What a field holds, or None where that differs between the headers asked about."""
FEW = 8
"""Up to this number of things it takes as long to look at them all."""


class _Entry[Thing](NamedTuple):
    place: int
    """Among all things."""
    conditions: tuple[Condition, ...]
    thing: Thing

    def cuts(self, known: DesiredState, depth: int) -> bool:
        for name, value in self.conditions[depth:]:
            held = known(name)
            if held != value:
                return held is None
        return True

    def fits(self, known: DesiredState, depth: int) -> bool:
        return all(known(name) in (None, value) for name, value in self.conditions[depth:])


@dataclass(slots=True)
class _Branch[Thing]:
    """Things whose conditions are alike up to a depth."""

    depth: int
    all: list[_Entry[Thing]] = field(default_factory=list)
    ends: list[_Entry[Thing]] | None = None
    """Those without further conditions, once there are too many to look at them all."""
    by_field: dict[str, dict[Value, _Branch[Thing]]] = field(default_factory=dict)

    def add(self, entry: _Entry[Thing]) -> None:
        self.all.append(entry)
        if self.ends is not None:
            self._part(entry, self.ends)
        elif len(self.all) > FEW:
            self.ends = []
            for one in self.all:
                self._part(one, self.ends)

    def _part(self, entry: _Entry[Thing], ends: list[_Entry[Thing]]) -> None:
        if len(entry.conditions) == self.depth:
            ends.append(entry)
            return
        name, value = entry.conditions[self.depth]
        by_value = self.by_field.setdefault(name, {})
        if value not in by_value:
            by_value[value] = _Branch(self.depth + 1)
        by_value[value].add(entry)


class Sieve[Thing]:
    """Things found by what is known of headers, always in the order in which they were given."""

    def __init__(self, things: Iterable[tuple[Iterable[Condition], Thing]]) -> None:
        self._root: _Branch[Thing] = _Branch(0)
        for place, (conditions, thing) in enumerate(things):
            self._root.add(_Entry(place, tuple(conditions), thing))

    @classmethod
    def of_boxes(cls, things: Iterable[tuple[Box, Thing]]) -> Sieve[Thing]:
        """By what boxes say that fields hold, whatever they say that fields do not hold."""
        return cls((in_order(headers.equal), thing) for headers, thing in things)

    def cutting(self, known: DesiredState) -> list[Thing]:
        """Those that cut the headers: all but where the first condition that does not hold of all
        the headers holds of none."""
        found: list[_Entry[Thing]] = []
        waiting = [self._root]
        while waiting:
            branch = waiting.pop()
            if branch.ends is None:
                found += [one for one in branch.all if one.cuts(known, branch.depth)]
                continue
            found += branch.ends
            for name, by_value in branch.by_field.items():
                value = known(name)
                if value is None:
                    for further in by_value.values():
                        found += further.all
                elif value in by_value:
                    waiting.append(by_value[value])
        return _in_place(found)

    def fitting(self, known: DesiredState) -> list[Thing]:
        """Those none of whose conditions is known not to hold."""
        return self.fitting_any([known])

    def fitting_any(self, each: Iterable[DesiredState]) -> list[Thing]:
        """Those that fit some of the headers."""
        found = {entry.place: entry for known in each for entry in self._fitting(known)}
        return _in_place([*found.values()])

    def _fitting(self, known: DesiredState) -> Iterator[_Entry[Thing]]:
        waiting = [self._root]
        while waiting:
            branch = waiting.pop()
            if branch.ends is None:
                yield from (one for one in branch.all if one.fits(known, branch.depth))
                continue
            yield from branch.ends
            for name, by_value in branch.by_field.items():
                value = known(name)
                if value is None:
                    waiting += by_value.values()
                elif value in by_value:
                    waiting.append(by_value[value])


class Allowed:
    """Boxes without ``unequal``, and what is left of headers without them all."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self._boxes = Sieve.of_boxes((one, one) for one in boxes)

    def outside(self, headers: Box) -> tuple[Box, ...]:
        return outside(headers, self._boxes.cutting(headers.known.get))


def _in_place[Thing](found: list[_Entry[Thing]]) -> list[Thing]:
    found.sort(key=itemgetter(0))
    return [entry.thing for entry in found]
