"""What switches hold, read from the plain form of ``tables/*.json``, and packets as they see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from corridor.controller.second_opinion.declared import Plain
from corridor.topologies.model.addresses import ipv6_of
from corridor.topologies.model.wiring import HostEnd

type Field = int | str


@dataclass(frozen=True)
class Entry:
    """A flow entry: what it matches, and what it does."""

    priority: int
    match: tuple[tuple[str, Field], ...]
    actions: tuple[tuple[str, tuple[Any, ...]], ...]
    """Kind and arguments of each, in order."""
    goto: int | None


@dataclass(frozen=True)
class Bucket:
    watch_port: int | None
    watch_group: int | None
    actions: tuple[tuple[str, tuple[Any, ...]], ...]


class FlowTable:
    """The entries of one table, by the fields that they match and by their values."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_fields: dict[tuple[str, ...], dict[tuple[Field, ...], list[Entry]]] = {}
        for entry in entries:
            fields = tuple(name for name, _ in entry.match)
            values = tuple(value for _, value in entry.match)
            self._by_fields.setdefault(fields, {}).setdefault(values, []).append(entry)

    def matching(self, header: Mapping[str, Field]) -> list[Entry]:
        """Those of the highest priority that match; more than one is nothing to rely on."""
        found: list[Entry] = []
        for fields, by_values in self._by_fields.items():
            if all(name in header for name in fields):
                found += by_values.get(tuple(header[name] for name in fields), ())
        best = max((entry.priority for entry in found), default=0)
        return [entry for entry in found if entry.priority == best]


@dataclass(frozen=True)
class Switch:
    tables: Mapping[int, FlowTable]
    groups: Mapping[int, tuple[Bucket, ...]]


def switches_of(said: Plain) -> dict[str, Switch]:
    """By hub, from what a dump of tables says; raises KeyError or TypeError for another form."""
    groups = said.get("groups") or {}
    return {
        hub: Switch(_tables(flows), _groups(groups.get(hub, ())))
        for hub, flows in said["switches"].items()
    }


def _tables(flows: Iterable[Plain]) -> dict[int, FlowTable]:
    by_table: dict[int, list[Entry]] = {}
    for flow in flows:
        match = tuple((name, value) for name, value in flow["match"])
        entry = Entry(flow["priority"], match, _actions(flow["actions"]), flow["goto"])
        by_table.setdefault(flow["table"], []).append(entry)
    return {number: FlowTable(entries) for number, entries in by_table.items()}


def _groups(groups: Iterable[Plain]) -> dict[int, tuple[Bucket, ...]]:
    return {
        group["id"]: tuple(
            Bucket(one["watch_port"], one["watch_group"], _actions(one["actions"]))
            for one in group["buckets"]
        )
        for group in groups
    }


def _actions(actions: Iterable[Plain]) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    return tuple((one["kind"], tuple(one["arguments"])) for one in actions)


IPV4, IPV6, MPLS = 0x0800, 0x86DD, 0x8847
PUSHED_TTL = 255
"""A label's own TTL, whatever the packet's is (pipe model, RFC 3443)."""


@dataclass(frozen=True)
class Label:
    number: int
    traffic_class: int = 0
    ttl: int = PUSHED_TTL


class StoppedError(Exception):
    """A switch can do no more with a packet, and says why."""


@dataclass(frozen=True)
class Packet:
    header: Mapping[str, Field]
    """By OXM name, as the host sent it or as a switch has rewritten it."""
    labels: tuple[Label, ...] = ()
    """The outermost last."""

    def seen_at(self, port: int) -> dict[str, Field]:
        """What can be matched: beneath a label nothing but the Ethernet header."""
        if not self.labels:
            return {**self.header, "in_port": port}
        outer = self.labels[-1]
        ethernet = {k: v for k, v in self.header.items() if k.startswith(("eth_", "vlan_"))}
        label = {"mpls_label": outer.number, "mpls_tc": outer.traffic_class}
        return {**ethernet, **label, "eth_type": MPLS, "in_port": port}

    def pushed(self, number: int) -> Packet:
        return replace(self, labels=(*self.labels, Label(number)))

    def popped(self, below: Field) -> Packet:
        """Without its outermost label, when what is below is said to be of an Ethernet type."""
        if not self.labels:
            _refuse("pop")
        if len(self.labels) == 1 and self.header.get("eth_type", below) != below:
            raise StoppedError(f"takes what is below a label for another type, {below}")
        return replace(self, labels=self.labels[:-1])

    def aged(self) -> Packet:
        outer = self._outer()
        if outer.ttl <= 1:
            raise StoppedError("finds the TTL of its label spent")
        return self._with_outer(replace(outer, ttl=outer.ttl - 1))

    def with_field(self, name: str, value: Field) -> Packet:
        if name == "mpls_label":
            return self._with_outer(replace(self._outer(), number=int(value)))
        if name == "mpls_tc":
            return self._with_outer(replace(self._outer(), traffic_class=int(value)))
        if name not in self.header or (self.labels and not name.startswith("eth_")):
            _refuse(f"set {name}")
        return replace(self, header={**self.header, name: value})

    def _outer(self) -> Label:
        if not self.labels:
            _refuse("change a label")
        return self.labels[-1]

    def _with_outer(self, label: Label) -> Packet:
        return replace(self, labels=(*self.labels[:-1], label))


def _refuse(what: str) -> NoReturn:
    raise StoppedError(f"has an action that would {what} what is not there")


PROTOCOLS = {"udp": 17, "tcp": 6}
FREE_PORTS = (50_001, 50_002)
"""Of a packet whose demand does not say which ports it uses."""


def sent_by_host(src: HostEnd, dst: HostEnd, selector: Plain, family: str = "ipv4") -> Packet:
    """A packet that a demand's host sends for it, as one of its selectors describes it; of a family
    of addresses."""
    protocol = selector.get("protocol") or "udp"
    of_ipv6 = family == "ipv6"
    near, far = (ipv6_of(one.host_ip) if of_ipv6 else one.host_ip for one in (src, dst))
    kind = "ipv6" if of_ipv6 else "ipv4"
    return Packet(
        {
            "eth_src": src.host_mac,
            "eth_dst": dst.host_mac,
            "vlan_vid": 0,
            "eth_type": IPV6 if of_ipv6 else IPV4,
            f"{kind}_src": near,
            f"{kind}_dst": far,
            "ip_proto": PROTOCOLS[protocol],
            "ip_dscp": 0,
            f"{protocol}_src": selector.get("src_port") or FREE_PORTS[0],
            f"{protocol}_dst": selector.get("dst_port") or FREE_PORTS[1],
        }
    )
