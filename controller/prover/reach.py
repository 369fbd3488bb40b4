"""The search: everything that tables may do with any packet, whatever has failed.

Every bucket of a group is taken as possible, so that what is never found here happens
under no set of failures and no view of them. Header sets are cut only where entries
tell headers apart, labels are exact, and a place is never visited twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from controller.program import Action, Flow, Value
from controller.prover.headers import ETH_MPLS, NEEDS, Packet
from controller.prover.network import Network, Rule
from topologies.wiring import HOST_PORT

RESERVED_PORTS = {
    0xFFFFFFF9: "TABLE",
    0xFFFFFFFA: "NORMAL",
    0xFFFFFFFB: "FLOOD",
    0xFFFFFFFC: "ALL",
    0xFFFFFFFE: "LOCAL",
}
"""OpenFlow 1.3, 7.2.1, without IN_PORT and CONTROLLER, which are actions of their own."""


class End(StrEnum):
    """How a packet leaves a switch, or does not."""

    CROSSED = "onto a fibre"
    DELIVERED = "to the host"
    DROPPED = "dropped"
    SWALLOWED = "dropped: its only way out is the port it came in by"
    UNPLUGGED = "dropped: nothing is on that port"
    TO_CONTROLLER = "to the controller"
    MISLABELLED = "labels out of order"
    UNCONTROLLED = "nobody can say where to"

    @property
    def is_drop(self) -> bool:
        return self in (End.DROPPED, End.SWALLOWED, End.UNPLUGGED)


@dataclass(frozen=True)
class Place:
    """Packets about to enter a hub's switch by a port."""

    hub: str
    port: int
    packet: Packet


@dataclass(frozen=True)
class Choice:
    """A bucket of a group, counted from 0; those before it are then not live."""

    group: int
    bucket: int


@dataclass(frozen=True)
class Step:
    """One thing a switch may do with some of the packets at a place."""

    at: Place
    matched: tuple[Flow, ...]
    chosen: tuple[Choice, ...]
    packet: Packet
    """As it leaves; ``packet.sent`` are the headers that this happens to."""
    hops: int
    """How often the label's TTL was decremented."""
    end: End
    port: int | None = None
    to: Place | None = None
    note: str = ""

    @property
    def before(self) -> Packet:
        """The packets of this step as they came in."""
        return Packet(self.packet.sent, self.at.packet.written)

    @property
    def without_failures(self) -> bool:
        return all(choice.bucket == 0 for choice in self.chosen)


@dataclass(frozen=True)
class Exploration:
    """All that may happen to packets that come in by one port, which is the door."""

    door: Place
    steps: dict[Place, tuple[Step, ...]]
    came_by: dict[Place, Step]

    @property
    def from_host(self) -> bool:
        return self.door.port == HOST_PORT

    @property
    def first(self) -> tuple[Step, ...]:
        return self.steps[self.door]

    @cached_property
    def every(self) -> tuple[Step, ...]:
        return tuple(step for steps in self.steps.values() for step in steps)

    def trail(self, step: Step) -> tuple[Step, ...]:
        """The shortest way from the door to a step, and the step."""
        trail = [step]
        while (came := self.came_by.get(trail[-1].at)) is not None:
            trail.append(came)
        return tuple(reversed(trail))


def explore(network: Network, hub: str, port: int) -> Exploration:
    """Any header by a host port and on to its ends; any header by a fibre port, in that switch.

    Fibres carry only what switches emit. That they emit nothing else follows from the
    host ports; the fibre ports are asked what they would let in all the same.
    """
    door = Place(hub, port, Packet())
    steps: dict[Place, tuple[Step, ...]] = {}
    came_by: dict[Place, Step] = {}
    waiting = deque([door])
    while waiting:
        place = waiting.popleft()
        steps[place] = tuple(steps_at(network, place))
        for step in steps[place] if port == HOST_PORT else ():
            if step.to is not None and step.to not in came_by and step.to != door:
                came_by[step.to] = step
                waiting.append(step.to)
    return Exploration(door, steps, came_by)


def steps_at(network: Network, place: Place) -> Iterator[Step]:
    """All that the switch may do with the packets at a place."""
    return _Switch(network, place).table(0, _Flight(place.packet))


@dataclass(frozen=True)
class _Flight:
    """A packet inside the switch."""

    packet: Packet
    matched: tuple[Flow, ...] = ()
    chosen: tuple[Choice, ...] = ()
    hops: int = 0

    def now(self, packet: Packet, *, hops: int = 0) -> _Flight:
        return _Flight(packet, self.matched, self.chosen, self.hops + hops)


class _Switch:
    """OpenFlow 1.3 as Open vSwitch does it, for sets of packets from one port."""

    def __init__(self, network: Network, place: Place) -> None:
        self._network = network
        self._at = place
        self._lookup = network.lookups[place.hub]

    def table(self, number: int, flight: _Flight) -> Iterator[Step]:
        """First match by priority; a miss drops (OpenFlow 1.3, 5.4)."""
        rest = [flight.packet]
        for rule in self._lookup.rules(number, self._at.port, flight.packet.label):
            missed: list[Packet] = []
            for packet in rest:
                hit = _cut(packet, rule, missed)
                if hit is not None:
                    matched = (*flight.matched, rule.flow)
                    yield from self._entry(
                        rule.flow, _Flight(hit, matched, flight.chosen, flight.hops)
                    )
            rest = missed
            if not rest:
                return
        for packet in rest:
            yield self._ends(flight.now(packet), End.DROPPED, note=f"no entry in table {number}")

    def _entry(self, flow: Flow, flight: _Flight) -> Iterator[Step]:
        emitted = 0
        acting = self._act(flow.actions, flight, ())
        while True:
            try:
                step = next(acting)
            except StopIteration as stop:
                after: _Flight = stop.value
                break
            emitted += 1
            yield step
        if flow.goto is not None and flow.goto > flow.table:
            yield from self.table(flow.goto, after)
        elif not emitted:
            yield self._ends(after, End.DROPPED)

    def _act(
        self, actions: tuple[Action, ...], flight: _Flight, groups: tuple[int, ...]
    ) -> Generator[Step, None, _Flight]:
        """Apply actions in order, emitting on the way; returns the packet after them."""
        for action in actions:
            if action.kind in ("output", "in_port"):
                yield self._out(flight, action)
            elif action.kind == "controller":
                yield self._ends(flight, End.TO_CONTROLLER)
            elif action.kind == "group":
                yield from self._group(int(action.arguments[0]), flight, groups)
            else:
                written = _write(flight, action)
                if isinstance(written, End):
                    yield self._ends(flight, written, note=_in_words(action))
                else:
                    flight = written
        return flight

    def _group(self, number: int, flight: _Flight, groups: tuple[int, ...]) -> Iterator[Step]:
        """Every bucket, each on a copy of the packet; a group within itself ends the packet."""
        group = self._lookup.groups.get(number)
        if group is None or number in groups:
            yield self._ends(flight, End.DROPPED, note=f"group {number} leads nowhere")
            return
        for position, bucket in enumerate(group.buckets):
            chosen = (*flight.chosen, Choice(number, position))
            copy = _Flight(flight.packet, flight.matched, chosen, flight.hops)
            yield from self._act(bucket.actions, copy, (*groups, number))

    def _out(self, flight: _Flight, action: Action) -> Step:
        back = action.kind == "in_port"
        port = self._at.port if back else int(action.arguments[0])
        if port in RESERVED_PORTS:
            return self._ends(flight, End.UNCONTROLLED, port, note=f"output:{RESERVED_PORTS[port]}")
        if port == self._at.port and not back:
            return self._ends(flight, End.SWALLOWED, port)
        if port == HOST_PORT:
            return self._ends(flight, End.DELIVERED, port)
        cable = self._network.cables.get((self._at.hub, port))
        if cable is None:
            return self._ends(flight, End.UNPLUGGED, port)
        to = Place(cable.far_hub, cable.far_port, flight.packet)
        return self._ends(flight, End.CROSSED, port, to)

    def _ends(
        self,
        flight: _Flight,
        end: End,
        port: int | None = None,
        to: Place | None = None,
        note: str = "",
    ) -> Step:
        return Step(
            self._at,
            flight.matched,
            flight.chosen,
            flight.packet,
            flight.hops,
            end,
            port,
            to,
            note,
        )


def _cut(packet: Packet, rule: Rule, missed: list[Packet]) -> Packet | None:
    """The packets that a rule takes; those it leaves go to ``missed``."""
    hit: Packet | None = packet
    for name, value in rule.conditions:
        assert hit is not None
        hit, left = hit.cut(name, value)
        if left is not None:
            missed.append(left)
        if hit is None:
            return None
    if hit is not None and not rule.certain:
        missed.append(hit)
    return hit


def _write(flight: _Flight, action: Action) -> _Flight | End:
    """The packet after an action that sends it nowhere, or how it ends by it."""
    packet, arguments = flight.packet, action.arguments
    labelled = packet.value("eth_type") == ETH_MPLS
    if action.kind == "push_label":
        may_be_labelled = packet.may_be("eth_type", ETH_MPLS)
        return End.MISLABELLED if may_be_labelled else flight.now(packet.push(arguments[0]))
    if action.kind == "pop_label":
        return flight.now(packet.pop()) if labelled else End.MISLABELLED
    if action.kind == "decrement_label_ttl":
        return flight.now(packet, hops=1) if labelled else flight
    if action.kind == "set_field" and arguments[0] in NEEDS:
        name, value = str(arguments[0]), arguments[1]
        needs = NEEDS[name]
        if needs is not None and packet.value(needs[0]) != needs[1]:
            return End.MISLABELLED if name == "mpls_label" else End.UNCONTROLLED
        return flight.now(packet.write(name, value))
    return End.UNCONTROLLED


def _in_words(action: Action) -> str:
    arguments: tuple[Value, ...] = action.arguments
    return f"{action.kind} {' '.join(map(str, arguments))}".strip()
