"""What one switch may do with a set of packets, whatever its ports and groups see of failures.

OpenFlow 1.3 as Open vSwitch does it. Every bucket of a group is taken as possible, so that what is
never found here happens under no set of failures and no view of them. Header sets are cut only
where entries tell headers apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from corridor.controller.forwarding.program import Action, Flow, Value, output, popped_type
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import (
    ANY,
    ETH_MPLS,
    FEW,
    NEEDS,
    Packet,
    is_exact,
)
from corridor.controller.prover.search.lookup import Rest, Rule, cut
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT

RESERVED_PORTS = {
    0xFFFFFFF9: "TABLE",
    0xFFFFFFFA: "NORMAL",
    0xFFFFFFFB: "FLOOD",
    0xFFFFFFFC: "ALL",
    0xFFFFFFFE: "LOCAL",
}
"""OpenFlow 1.3, 7.2.1, without IN_PORT and CONTROLLER, which are separate actions."""
_FLOODS = frozenset({0xFFFFFFFB, 0xFFFFFFFC})
"""Out of every port except the input port, where another controller's tables say so."""
_NORMAL = 0xFFFFFFFA
"""The same for as long as the switch has not learnt where an address is."""


class End(StrEnum):
    """How a packet leaves a switch, or does not."""

    CROSSED = "onto a fibre"
    ASSESSED = "into the gateway"
    DELIVERED = "to the host"
    DROPPED = "dropped"
    SWALLOWED = "dropped: its only way out is the port it came in by"
    UNPLUGGED = "dropped: nothing is on that port"
    TO_CONTROLLER = "to the controller"
    MISLABELLED = "labels out of order"
    UNCONTROLLED = "sent to an unknown place"

    @property
    def is_drop(self) -> bool:
        return self in _DROPS


_DROPS = frozenset({End.DROPPED, End.SWALLOWED, End.UNPLUGGED})


class Place(NamedTuple):
    """Packets about to enter a hub's switch by a port."""

    hub: str
    port: int
    packet: Packet


class AnycastChoice(NamedTuple):
    """A bucket of a group, counted from 0; those before it are then not live."""

    group: int
    bucket: int


class Step(NamedTuple):
    """One thing a switch may do with some of the packets at a place."""

    at: Place
    matched: tuple[Flow, ...]
    chosen: tuple[AnycastChoice, ...]
    packet: Packet
    """As it leaves; ``packet.sent`` are the headers that this happens to."""
    hops: int
    """How often the label's TTL was decremented."""
    end: End
    port: int | None = None
    to: Place | None = None
    """Where the packets come to. Beyond a fibre or a gateway a label is all that is known of them
    at first: what was sent is asked for again only where an entry looks at it."""
    note: str = ""

    @property
    def before(self) -> Packet:
        """The packets of this step as they came in."""
        return self.at.packet.of(self.packet.sent)

    @property
    def without_failures(self) -> bool:
        return all(choice.bucket == 0 for choice in self.chosen)


def steps_at(network: Network, place: Place) -> tuple[Step, ...]:
    """All that the switch may do with the packets at a place."""
    switch = _Switch(network, place)
    switch.table(0, _Flight(place.packet))
    return tuple(switch.steps)


class _Flight(NamedTuple):
    """A packet inside the switch."""

    packet: Packet
    matched: tuple[Flow, ...] = ()
    chosen: tuple[AnycastChoice, ...] = ()
    hops: int = 0


class _Switch:
    """One switch at work on the packets of one port."""

    def __init__(self, network: Network, place: Place) -> None:
        self.steps: list[Step] = []
        self._network = network
        self._at = place
        self._lookup = network.lookups[place.hub]

    def table(self, number: int, flight: _Flight) -> None:
        """First match by priority; a miss drops (OpenFlow 1.3, 5.4)."""
        rules = self._lookup.rules_for(number, self._at.port, flight.packet)
        if len(rules) > FEW:
            left = self._one_after_another(rules, flight)
        else:
            left = self._each(rules, flight)
        for packet in left:
            self._ends(
                flight._replace(packet=packet), End.DROPPED, note=f"no entry in table {number}"
            )

    def _each(self, rules: Iterable[Rule], flight: _Flight) -> list[Packet]:
        """Emit every entry's packets; return those that are left."""
        rest = [flight.packet]
        for rule in rules:
            left: list[Packet] = []
            for packet in rest:
                hit = cut(packet, rule.conditions, rule.certain, left)
                if hit is not None:
                    self._hit(rule, hit, flight)
            rest = left
            if not rest:
                break
        return rest

    def _one_after_another(self, rules: Iterable[Rule], flight: _Flight) -> Iterable[Packet]:
        """The same, for many entries."""
        rest = Rest(flight.packet)
        for rule in rules:
            for packet in rest.take(rule):
                self._hit(rule, packet, flight)
            if rest.is_empty:
                break
        return rest

    def _hit(self, rule: Rule, packet: Packet, flight: _Flight) -> None:
        matched = (*flight.matched, rule.flow)
        self._entry(rule.flow, _Flight(packet, matched, flight.chosen, flight.hops))

    def _entry(self, flow: Flow, flight: _Flight) -> None:
        before = len(self.steps)
        after = self._act(flow.actions, flight, ())
        if flow.goto is not None and flow.goto > flow.table:
            self.table(flow.goto, after)
        elif len(self.steps) == before:
            self._ends(after, End.DROPPED)

    def _act(
        self, actions: tuple[Action, ...], flight: _Flight, groups: tuple[int, ...]
    ) -> _Flight:
        """Apply actions in order, and emit packets; returns the packet after them."""
        for action in actions:
            kind = action.kind
            if kind in ("output", "in_port"):
                self._out(flight, action)
            elif kind == "controller":
                self._ends(flight, End.TO_CONTROLLER)
            elif kind == "group":
                self._group(action.arguments[0], flight, groups)
            else:
                written = _write(flight.packet, action)
                if isinstance(written, End):
                    self._ends(flight, written, note=in_words(action))
                elif kind == "decrement_label_ttl":
                    hops = flight.hops + int(written.is_labelled)
                    flight = _Flight(written, flight.matched, flight.chosen, hops)
                else:
                    flight = _Flight(written, flight.matched, flight.chosen, flight.hops)
        return flight

    def _group(self, number: Value, flight: _Flight, groups: tuple[int, ...]) -> None:
        """Every bucket, each on a copy of the packet; a group within itself ends the packet."""
        group = self._lookup.groups.get(int(number))
        if group is None or group.id in groups:
            self._ends(flight, End.DROPPED, note=f"group {number} leads nowhere")
            return
        for position, bucket in enumerate(group.buckets):
            chosen = (*flight.chosen, AnycastChoice(group.id, position))
            copy = _Flight(flight.packet, flight.matched, chosen, flight.hops)
            self._act(bucket.actions, copy, (*groups, group.id))

    def _out(self, flight: _Flight, action: Action) -> None:
        back, at = action.kind == "in_port", self._at
        port = at.port if back else int(action.arguments[0])
        if port == at.port and not back:
            return self._ends(flight, End.SWALLOWED, port)
        if (at.hub, port) in self._network.host_at:
            return self._ends(flight, End.DELIVERED, port)
        packet = flight.packet
        there = packet if packet.label is None else packet.of(ANY)
        cable = self._network.cables.get((at.hub, port))
        if cable is not None:
            to = Place(cable.far_hub, cable.far_port, there)
            return self._ends(flight, End.CROSSED, port, to)
        if port in _FLOODS and self._network.others:
            return self._flood(flight)
        if port == _NORMAL and self._network.others:
            self._flood(flight)
        if port in RESERVED_PORTS:
            note = f"output:{RESERVED_PORTS[port]}"
            return self._ends(flight, End.UNCONTROLLED, port, note=note)
        if self._network.hubs[at.hub].gateway is None:
            return self._ends(flight, End.UNPLUGGED, port)
        if port == GATEWAY_IN_PORT:
            to = Place(at.hub, GATEWAY_OUT_PORT, there)
            return self._ends(flight, End.ASSESSED, port, to)
        if port == GATEWAY_OUT_PORT:
            note = "into the gateway by its way out"
            return self._ends(flight, End.UNCONTROLLED, port, note=note)
        return self._ends(flight, End.UNPLUGGED, port)

    def _flood(self, flight: _Flight) -> None:
        network, here = self._network, self._at.hub
        ports = {port for hub, port in (*network.cables, *network.host_at) if hub == here}
        if network.hubs[here].gateway is not None:
            ports |= {GATEWAY_IN_PORT, GATEWAY_OUT_PORT}
        for port in sorted(ports - {self._at.port}):
            self._out(flight, output(port))

    def _ends(
        self,
        flight: _Flight,
        end: End,
        port: int | None = None,
        to: Place | None = None,
        note: str = "",
    ) -> None:
        packet, matched, chosen, hops = flight
        self.steps.append(Step(self._at, matched, chosen, packet, hops, end, port, to, note))


def _write(packet: Packet, action: Action) -> Packet | End:
    """The packet after an action that sends it nowhere, or how it ends by it."""
    kind, arguments = action.kind, action.arguments
    if kind == "decrement_label_ttl":
        return packet
    if kind == "set_field" and len(arguments) == 2 and is_exact(str(arguments[0]), arguments[1]):
        name, value = str(arguments[0]), arguments[1]
        needs = NEEDS.get(name, ())
        if needs and all(packet.value(field) != needed for field, needed in needs):
            return End.MISLABELLED if needs[0][1] == ETH_MPLS else End.UNCONTROLLED
        return packet.write(name, value)
    if kind == "push_label" and isinstance(arguments[0], int):
        if packet.label is not None or packet.may_be("eth_type", ETH_MPLS):
            return End.MISLABELLED
        return packet.push(arguments[0])
    if kind == "pop_label":
        return packet.pop(popped_type(arguments)) if packet.is_labelled else End.MISLABELLED
    return End.UNCONTROLLED


def in_words(action: Action) -> str:
    return f"{action.kind} {' '.join(map(str, action.arguments))}".strip()
