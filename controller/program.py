"""What switches are told, as values: OpenFlow 1.3 entries without any controller's classes.

The compiler makes a ``Program``, the app translates it to messages, and what
the switches say they hold comes back in the same terms, so that the two compare.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

COOKIE_MAGIC = 0xC0DA
Value = int | str


class Reason(IntEnum):
    """Why a flow is there; the reason of a drop names the counter it feeds."""

    ADMIT = 1
    CLASSIFY = 2
    LABEL = 3
    SWITCH = 4
    EGRESS = 5
    ARP_REPLY = 6
    WIRING_CHECK = 7
    DROP_NOT_ADMITTED = 16
    DROP_UNCLASSIFIED = 17
    DROP_NO_LABEL = 18
    DROP_NOT_SWITCHED = 19


class Table(IntEnum):
    """The pipeline. Every table ends in a priority-0 drop of its own."""

    ADMIT = 0
    """Port role and anti-spoofing: exact bindings on host ports, labels on fibre ports."""
    CLASSIFY = 1
    """Which demand a host's packet belongs to."""
    LABEL = 2
    """Push the label of the demand's path."""
    SWITCH = 3
    """Forward on (port, label) only."""


FINAL_DROP = {
    Table.ADMIT: Reason.DROP_NOT_ADMITTED,
    Table.CLASSIFY: Reason.DROP_UNCLASSIFIED,
    Table.LABEL: Reason.DROP_NO_LABEL,
    Table.SWITCH: Reason.DROP_NOT_SWITCHED,
}


@dataclass(frozen=True)
class Action:
    """One OpenFlow action: ``kind`` and its arguments, see the functions below."""

    kind: str
    arguments: tuple[Value, ...] = ()


def output(port: int) -> Action:
    return Action("output", (port,))


def to_controller() -> Action:
    return Action("controller")


def back_to_sender() -> Action:
    """Out of the port it came in by, which plain ``output`` never does."""
    return Action("in_port")


def push_label(label: int) -> Action:
    return Action("push_label", (label,))


def pop_label() -> Action:
    """Remove the label; what is below it is IPv4."""
    return Action("pop_label")


def decrement_label_ttl() -> Action:
    return Action("decrement_label_ttl")


def set_field(name: str, value: Value) -> Action:
    return Action("set_field", (name, value))


def group(number: int) -> Action:
    """Hand the packet to a group, whose first live bucket takes it."""
    return Action("group", (number,))


def unknown(what: str) -> Action:
    """Something a switch said that has no value here; the compiler never makes one."""
    return Action("unknown", (what,))


@dataclass(frozen=True)
class Flow:
    """One flow entry. ``match`` holds OXM names and exact values; no actions and no goto drop."""

    table: int
    priority: int
    match: tuple[tuple[str, Value], ...]
    actions: tuple[Action, ...]
    goto: int | None
    cookie: int

    @property
    def reason(self) -> Reason:
        return Reason(self.cookie >> 16 & 0xFFFF)

    @property
    def key(self) -> tuple[int, int, tuple[tuple[str, Value], ...]]:
        """What makes two entries the same entry to a switch (OpenFlow 1.3, 6.4)."""
        return (self.table, self.priority, self.match)


@dataclass(frozen=True)
class Bucket:
    """One way out of a group, live while the port or the group it watches is."""

    watch_port: int | None
    watch_group: int | None
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class FastFailover:
    """A group that takes its first live bucket and drops where none is (OpenFlow 1.3, 5.6.1)."""

    id: int
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True)
class SwitchProgram:
    """All that one switch is told. A group comes after those its buckets name."""

    hub: str
    dpid: int
    flows: tuple[Flow, ...]
    groups: tuple[FastFailover, ...] = ()


@dataclass(frozen=True)
class WiredLink:
    """One direction of a fibre as LLDP should see it."""

    src_dpid: int
    src_port: int
    dst_dpid: int
    dst_port: int

    def __str__(self) -> str:
        ends = ((self.src_dpid, self.src_port), (self.dst_dpid, self.dst_port))
        return " -> ".join(f"switch {dpid} port {port}" for dpid, port in ends)


@dataclass(frozen=True)
class LabelledPath:
    """A path and the label that carries it; hubs in order, fibres between them."""

    label: int
    hubs: tuple[str, ...]
    fibres: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """The whole network's tables, and what the wiring must look like for them to be right."""

    switches: tuple[SwitchProgram, ...]
    links: tuple[WiredLink, ...]
    paths: tuple[LabelledPath, ...] = field(default=())


def cookie(reason: Reason, *, policy: int = 0, serial: int = 0) -> int:
    """``magic:16 | policy:16 | reason:16 | serial:16``: foreign entries lack the magic."""
    return COOKIE_MAGIC << 48 | policy << 32 | reason << 16 | serial


def match(**fields: Value) -> tuple[tuple[str, Value], ...]:
    """A match in the one order everything compares by."""
    return tuple(sorted(fields.items()))
