"""One packet at one switch, and what actions make of it."""

from __future__ import annotations

from typing import NamedTuple

from corridor.controller.forwarding.program import Action, Value, popped_type

ETH_MPLS = 0x8847
FIELDS = (
    "in_port",
    "eth_dst",
    "eth_src",
    "vlan_vid",
    "eth_type",
    "mpls_label",
    "mpls_tc",
    "ipv4_src",
    "ipv4_dst",
    "ipv6_src",
    "ipv6_dst",
    "ip_dscp",
    "ip_proto",
    "udp_src",
    "udp_dst",
    "tcp_src",
    "tcp_dst",
)
"""What a packet of a demand may have. An entry that matches another field takes none of them."""
AT = {name: position for position, name in enumerate(FIELDS)}
_ETHERNET = len(("in_port", "eth_dst", "eth_src", "vlan_vid"))
"""How many of the fields are of the frame itself: they can be seen whatever it carries."""


class Packet(NamedTuple):
    """One packet at one switch: what entries can see of it, and what is beneath its label."""

    fields: tuple[Value | None, ...]
    beneath: Packet | None = None
    aged: int = 0
    """How often the label's TTL was decremented at this switch."""

    @classmethod
    def of(cls, **fields: Value) -> Packet:
        return cls(tuple(fields.get(name) for name in FIELDS))

    def at(self, port: int) -> Packet:
        """The packet as it arrives by a port."""
        return Packet((port, *self.fields[1:]), self.beneath)

    @property
    def outermost(self) -> tuple[Value | None, ...]:
        """What the frame carries, and its label."""
        return self.fields[_ETHERNET : AT["mpls_tc"] + 1]


def written(packet: Packet, action: Action) -> Packet | None:
    """The packet after an action that sends it nowhere; None where that has no meaning here."""
    fields, kind = packet.fields, action.kind
    if kind == "set_field":
        name, value = action.arguments
        at = AT.get(str(name), 0)
        if at == 0 or fields[at] is None:
            return None
        return Packet((*fields[:at], value, *fields[at + 1 :]), packet.beneath, packet.aged)
    if kind == "decrement_label_ttl":
        older = packet.aged + (packet.beneath is not None)
        return Packet(fields, packet.beneath, older)
    if kind == "push_label":
        frame: list[Value | None] = [*fields[:_ETHERNET]]
        frame += [ETH_MPLS, action.arguments[0], 0]
        return Packet((*frame, *[None] * (len(FIELDS) - len(frame))), packet, packet.aged)
    if kind == "pop_label" and packet.beneath is not None:
        below = packet.beneath.fields
        eth_type = popped_type(action.arguments)
        popped = (*fields[:_ETHERNET], eth_type, *below[_ETHERNET + 1 :])
        return Packet(popped, packet.beneath.beneath, packet.aged)
    return None
