"""What one switch does with one packet, entry by entry.

Written from OpenFlow 1.3 with nothing of the prover's, so that a mistake there is not made here a
second time. Every bucket of a group is followed, with the ports that must be dead for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from corridor.controller.explain.questions import Header
from corridor.controller.forwarding.program import Action, Bucket, Flow, SwitchProgram, Value

ETH_MPLS = 0x8847
DSCP_BITS_BELOW_TC = 3
"""A label that is pushed gets the first three bits of the DSCP as its traffic class."""


NOWHERE = 0
"""No port has this number (OpenFlow 1.3, 7.2.1)."""


class Label(NamedTuple):
    number: int
    traffic_class: int


class Packet(NamedTuple):
    """A packet at a switch, as far as it is known there."""

    labels: tuple[Label, ...]
    """The outermost last."""
    header: Header | None
    """Below all labels; None where it came in under one, so that it may be any."""

    def fields(self) -> dict[str, Value]:
        """What a match sees, untagged."""
        if self.labels:
            number, traffic_class = self.labels[-1]
            seen: dict[str, Value] = {"eth_type": ETH_MPLS, "vlan_vid": 0}
            return seen | {"mpls_label": number, "mpls_tc": traffic_class}
        return dict(self.header or ())

    @property
    def traffic_class(self) -> int:
        """Of a label that is pushed on it now."""
        if self.labels:
            return self.labels[-1].traffic_class
        return int(dict(self.header or ()).get("ip_dscp", 0)) >> DSCP_BITS_BELOW_TC


class Output(NamedTuple):
    """A packet that leaves by a port, unless that is dead."""

    port: int
    """Or ``NOWHERE``, where a bucket is live and sends nothing: those after it wait in vain."""
    packet: Packet
    after: tuple[int, ...]
    """Ports that must be dead for it: those that buckets before it watch."""


class Problem(NamedTuple):
    """Something that is not followed, and why."""

    said: str


class _Work(NamedTuple):
    """Where actions are carried out."""

    in_port: int
    after: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    """Those whose buckets these are."""


class Switch:
    """The tables of one switch."""

    def __init__(self, held: SwitchProgram) -> None:
        self._groups = {group.id: group.buckets for group in held.groups}
        self._entries: dict[int, list[Flow]] = {}
        for flow in sorted(held.flows, key=lambda one: -one.priority):
            self._entries.setdefault(flow.table, []).append(flow)
        self._by_port: dict[tuple[int, int], list[Flow]] = {}
        self.met: set[int] = set()
        """Entries that some packet has met, by ``id``."""

    def send(self, in_port: int, packet: Packet) -> Iterator[Output | Problem]:
        """All that becomes of a packet, whatever is dead; nothing where it is dropped."""
        table: int | None = 0
        here: Packet | None = packet
        while table is not None and here is not None:
            flow = self._first(table, in_port, here)
            if flow is None:
                return
            self.met.add(id(flow))
            here, sent = self._run(flow.actions, here, _Work(in_port))
            yield from sent
            table = flow.goto if flow.goto is not None and flow.goto > flow.table else None

    def _first(self, table: int, in_port: int, packet: Packet) -> Flow | None:
        """The entry of highest priority that takes it."""
        seen = packet.fields() | {"in_port": in_port}
        for flow in self._at(table, in_port):
            if all(seen.get(name) == value for name, value in flow.match):
                return flow
        return None

    def _at(self, table: int, in_port: int) -> Sequence[Flow]:
        key = (table, in_port)
        if key not in self._by_port:
            self._by_port[key] = [
                flow
                for flow in self._entries.get(table, ())
                if dict(flow.match).get("in_port", in_port) == in_port
            ]
        return self._by_port[key]

    def _run(
        self, actions: Sequence[Action], packet: Packet, work: _Work
    ) -> tuple[Packet | None, list[Output | Problem]]:
        """The packet after all actions, None where one is not followed; and what they send out."""
        sent: list[Output | Problem] = []
        for action in actions:
            match action.kind, action.arguments:
                case "output", (int(port),):
                    if port != work.in_port:
                        sent.append(Output(port, packet, work.after))
                case "in_port", ():
                    sent.append(Output(work.in_port, packet, work.after))
                case "group", (int(number),):
                    sent += self._group(number, packet, work)
                case _:
                    after = written(packet, action)
                    if isinstance(after, Problem):
                        return None, [*sent, after]
                    packet = after
        return packet, sent

    def _group(self, number: int, packet: Packet, work: _Work) -> Iterator[Output | Problem]:
        """Each bucket works on a copy, once all that those before it watch is dead."""
        if number in work.groups:
            yield Problem(f"group {number} leads to itself")
            return
        after = work.after
        for bucket in self._groups.get(number, ()):
            watches = self._watches(bucket)
            if watches == ():
                continue  # it is never live
            _, sent = self._run(
                bucket.actions, packet, _Work(work.in_port, after, (*work.groups, number))
            )
            for one in sent or [Output(NOWHERE, packet, after)]:
                yield _watched(one, bucket)
            if watches is None:
                return
            after = (*after, *watches)

    def _watches(self, bucket: Bucket, within: tuple[int, ...] = ()) -> tuple[int, ...] | None:
        """Ports all of which are dead where a bucket is not live; None where it always is.

        As in Open vSwitch: live while the port or the group is, always if it watches nothing.
        """
        number = bucket.watch_group
        ports = () if bucket.watch_port is None else (bucket.watch_port,)
        if number is None or number in within:
            return ports if ports or number is not None else None
        for one in self._groups.get(number, ()):
            inner = self._watches(one, (*within, number))
            if inner is None:
                return None
            ports = (*ports, *inner)
        return ports


def _watched(sent: Output | Problem, bucket: Bucket) -> Output | Problem:
    """What a bucket sends, or that it watches something else than it sends by."""
    watch = bucket.watch_port
    if isinstance(sent, Output) and watch is not None and sent.port not in (watch, NOWHERE):
        return Problem(f"a bucket watches port {watch} and sends by port {sent.port}")
    return sent


def written(packet: Packet, action: Action) -> Packet | Problem:
    """The packet after an action that sends it nowhere."""
    labels = packet.labels
    match action.kind, action.arguments:
        case "decrement_label_ttl", ():
            return packet
        case "push_label", (int(number),):
            pushed = Label(number, packet.traffic_class)
            return packet._replace(labels=(*labels, pushed))
        case "pop_label", () | (0x86DD,) if labels:
            return packet._replace(labels=labels[:-1])
        case "set_field", ("mpls_label", int(number)) if labels:
            return packet._replace(labels=(*labels[:-1], labels[-1]._replace(number=number)))
        case "set_field", ("mpls_tc", int(traffic_class)) if labels:
            changed = labels[-1]._replace(traffic_class=traffic_class)
            return packet._replace(labels=(*labels[:-1], changed))
        case "set_field", (str(name), value) if not labels and packet.header is not None:
            header = dict(packet.header) | {name: value}
            return packet._replace(header=tuple(sorted(header.items())))
    return Problem(f"{action.kind} {' '.join(map(str, action.arguments))}".rstrip())
