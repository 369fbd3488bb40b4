"""What switches are sent, as values: OpenFlow 1.3 entries without any controller's classes.

The compiler makes a ``Program``, the app translates it to messages, and what
the switches say they hold comes back in the same terms, so that the two compare.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, unique
from functools import lru_cache

from corridor.controller.policy.phase import Phase

COOKIE_MAGIC = 0xC0DA
DUMP_SCHEMA = 3
"""Of the JSON documents with what switches report of such values."""
UNREAD = "unread"
"""Where something is there for entries that could not be read: how many."""
Value = int | str
ETH_IPV4, ETH_IPV6 = 0x0800, 0x86DD


@unique
class Reason(IntEnum):
    """Why a flow is there; the reason of a drop names the counter it feeds."""

    ADMIT = 1
    """Admitted."""
    CLASSIFY = 2
    """Classified."""
    LABEL = 3
    """Labelled."""
    SWITCH = 4
    """Switched."""
    EGRESS = 5
    """Delivered."""
    ARP_REPLY = 6
    """ARP answered."""
    WIRING_CHECK = 7
    """Wiring check (LLDP)."""
    BORDER = 8
    """Permitted to cross the border."""
    TO_GATEWAY = 9
    """To the gateway."""
    FROM_GATEWAY = 10
    """From the gateway."""
    BFD = 11
    """BFD, which Open vSwitch handles and counts here."""
    DROP_NOT_ADMITTED = 16
    """Dropped: not admitted."""
    DROP_UNCLASSIFIED = 17
    """Dropped: no demand has such packets."""
    DROP_NO_LABEL = 18
    """Dropped: no label."""
    DROP_NOT_SWITCHED = 19
    """Dropped: not switched."""
    DROP_BORDER = 20
    """Dropped: may not cross the border."""
    DROP_BLOCKED = 21
    """Dropped: blocked by policy."""
    DROP_TAGGED = 22
    """Dropped: VLAN tag."""
    DROP_HOST_LABEL = 23
    """Dropped: label from a host."""
    DROP_HOST_LLDP = 24
    """Dropped: LLDP from a host."""
    DROP_IPV6 = 25
    """Dropped: IPv6."""
    DROP_SPOOFED_ARP = 26
    """Dropped: false ARP."""
    DROP_BROADCAST = 27
    """Dropped: broadcast."""
    DROP_SPOOFED_IP = 28
    """Dropped: false address with the host's own MAC."""
    DROP_SPOOFED_MAC = 29
    """Dropped: false MAC."""

    @property
    def is_drop(self) -> bool:
        return self.name.startswith("DROP_")


@unique
class Table(IntEnum):
    """The pipeline. Every table ends in a priority-0 drop."""

    ADMIT = 0
    """Port role and anti-spoofing: exact bindings on host ports, labels on fibre ports."""
    CLASSIFY = 1
    """Which demand a host's packet belongs to."""
    LABEL = 2
    """Meter it, and push the label of the demand's path."""
    BORDER = 3
    """What came over a border: only phases that may cross one."""
    SWITCH = 4
    """Forward on (port, label) only."""


FINAL_DROP = {
    Table.ADMIT: Reason.DROP_NOT_ADMITTED,
    Table.CLASSIFY: Reason.DROP_UNCLASSIFIED,
    Table.LABEL: Reason.DROP_NO_LABEL,
    Table.BORDER: Reason.DROP_BORDER,
    Table.SWITCH: Reason.DROP_NOT_SWITCHED,
}


LABEL_TTL = 255
"""Hops that a label may spend: the pipe model of RFC 3443, so no host can have packets expire."""
FIRST_PATH = 16
"""RFC 3032: labels 0 to 15 are reserved."""
LAST_PATH = 2**17 - 1


def serial_of(epoch: int) -> int:
    """What the cookies of an epoch's own entries end in; entries that all epochs share end in 0."""
    return epoch + 1


def label_of(epoch: int, phase: Phase, path: int) -> int:
    """``epoch:1 | phase:2 | path:17``, 20 bits in all; ``path`` counts from ``FIRST_PATH``."""
    return epoch << 19 | phase << 17 | path


def epoch_of(label: int) -> int:
    return label >> 19


def phase_of(label: int) -> Phase:
    return Phase(label >> 17 & 3)


@dataclass(frozen=True, slots=True)
class Action:
    """One OpenFlow action: ``kind`` and its arguments, see the functions below."""

    kind: str
    arguments: tuple[Value, ...] = ()


# Most entries have the same few actions, so there is one value of each.
_TO_CONTROLLER, _BACK_TO_SENDER = Action("controller"), Action("in_port")
_POP_LABEL, _DECREMENT_LABEL_TTL = Action("pop_label"), Action("decrement_label_ttl")


@lru_cache(4096)
def output(port: int) -> Action:
    return Action("output", (port,))


def to_controller() -> Action:
    return _TO_CONTROLLER


def back_to_sender() -> Action:
    """Out of the port it came in by, which plain ``output`` never does."""
    return _BACK_TO_SENDER


def push_label(label: int) -> Action:
    """Push a label with a TTL of ``LABEL_TTL``, whatever the packet's TTL is."""
    return Action("push_label", (label,))


def pop_label(eth_type: int = ETH_IPV4) -> Action:
    """Remove the label; what is below it is IPv4, or of another Ethernet type."""
    return _POP_LABEL if eth_type == ETH_IPV4 else Action("pop_label", (eth_type,))


def popped_type(arguments: tuple[Value, ...]) -> int:
    """The Ethernet type below the label that an action with these arguments removes."""
    return int(arguments[0]) if arguments else ETH_IPV4


def decrement_label_ttl() -> Action:
    return _DECREMENT_LABEL_TTL


def set_field(name: str, value: Value) -> Action:
    return Action("set_field", (name, value))


@lru_cache(4096)
def group(number: int) -> Action:
    """Hand the packet to a group, whose first live bucket takes it."""
    return Action("group", (number,))


def unknown(what: str) -> Action:
    """Something a switch said that has no value here; the compiler never makes one."""
    return Action("unknown", (what,))


def group_of_type(number: int) -> Action:
    """What is in its own bucket in a group of another kind than fast failover."""
    return unknown(f"group of type {number}")


GROUP_OF_ALL = group_of_type(0)
"""Of a group that sends a packet by all of its buckets."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow entry. ``match`` holds OXM names and exact values; no actions and no goto drop."""

    table: int
    priority: int
    match: tuple[tuple[str, Value], ...]
    actions: tuple[Action, ...]
    goto: int | None
    cookie: int
    meter: int | None = None
    """The meter that packets pass before the actions."""

    def __hash__(self) -> int:
        """Without actions, of which few entries have others and all else alike: they take longest
        to hash."""
        return hash((self.table, self.priority, self.match, self.cookie))

    @property
    def reason(self) -> Reason:
        return Reason(self.cookie >> 16 & 0xFFFF)

    @property
    def serial(self) -> int:
        """Of the epoch it belongs to, see ``serial_of``; 0 for an entry that all share."""
        return self.cookie & 0xFFFF

    @property
    def policy(self) -> int:
        """The number of the demand it serves, from 1; 0 serves all."""
        return self.cookie >> 32 & 0xFFFF

    @property
    def key(self) -> tuple[int, int, tuple[tuple[str, Value], ...]]:
        """What makes two entries the same entry to a switch (OpenFlow 1.3, 6.4)."""
        return (self.table, self.priority, self.match)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One way out of a group, live while the port or the group it watches is."""

    watch_port: int | None
    watch_group: int | None
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class FastFailover:
    """A group that takes its first live bucket and drops where none is (OpenFlow 1.3, 5.6.1)."""

    id: int
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class Meter:
    """Drops what exceeds a rate (OpenFlow 1.3, 5.7)."""

    id: int
    rate_kbps: int
    burst_kbit: int


@dataclass(frozen=True, slots=True)
class ByCookie:
    """All entries of a switch whose cookies have these bits where the mask has ones."""

    cookie: int
    mask: int

    def has(self, cookie: int) -> bool:
        return cookie & self.mask == self.cookie


def _without(bit: int) -> ByCookie:
    """All entries whose cookie has this bit where our cookies have the opposite."""
    return ByCookie(~(COOKIE_MAGIC << 48) & 1 << bit, 1 << bit)


NOT_OURS = tuple(map(_without, range(48, 64)))
"""All that are not ours: what cannot be read cannot be named, either."""
OF_EPOCH = 0xFFFF << 48 | 0xFFFF
"""The part of a cookie that all entries of one epoch share."""
OF_DEMAND = OF_EPOCH | 0xFFFF << 32
"""The part that those for one demand share."""


@dataclass(frozen=True)
class SwitchProgram:
    """All that one switch is sent. A group comes after those its buckets name."""

    hub: str
    dpid: int
    flows: tuple[Flow, ...]
    groups: tuple[FastFailover, ...] = ()
    meters: tuple[Meter, ...] = ()


@dataclass(frozen=True, slots=True)
class WiredLink:
    """One direction of a fibre as LLDP should see it."""

    src_dpid: int
    src_port: int
    dst_dpid: int
    dst_port: int

    def __str__(self) -> str:
        ends = ((self.src_dpid, self.src_port), (self.dst_dpid, self.dst_port))
        return " -> ".join(f"switch {dpid} port {port}" for dpid, port in ends)


@dataclass(frozen=True, slots=True)
class LabelUse:
    """What a label stands for, for people: whose packets carry it, and where to."""

    label: int
    demand: str
    permit: str
    state: str
    """Of a packet that is given it, by the names of the policy: PRE, ASSESSED, ADMITTED, ..."""
    hubs: tuple[str, ...]
    """From where it is first given, along live fibres, to where it ends."""

    @property
    def phase(self) -> Phase:
        return phase_of(self.label)


@dataclass(frozen=True)
class Program:
    """The whole network's tables, and what the wiring must look like for them to be right."""

    switches: tuple[SwitchProgram, ...]
    links: tuple[WiredLink, ...]
    labels: tuple[LabelUse, ...] = field(default=())


def cookie(reason: Reason, *, policy: int = 0, serial: int = 0) -> int:
    """``magic:16 | policy:16 | reason:16 | serial:16``: foreign entries have another magic.

    ``policy`` is the number of the demand the entry serves, from 1; 0 serves all.
    """
    return COOKIE_MAGIC << 48 | policy << 32 | reason << 16 | serial


def match(**fields: Value) -> tuple[tuple[str, Value], ...]:
    """A match in the one order everything compares by."""
    return tuple(sorted(fields.items()))
