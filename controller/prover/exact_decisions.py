"""What one switch does with one packet, as a decision on which of its ports are live.

OpenFlow 1.3 as Open vSwitch does it: first match by priority, and a miss drops; a fast-failover
group takes the first bucket whose port or group is live, and drops where none is; output to the
port of arrival drops, unless by the action for it; a dead port carries nothing.

Entries match exact values, so a table is one dictionary for each set of fields that its entries
match (tuple space search: Srinivasan, Suri and Varghese, SIGCOMM 1999). An entry that matches
anything else is met by no packet here: the claim T0 names it.

Sets of failures are ints, one bit for each element, since the search asks little else of them.
What was seen dead is explained by a family of least sets: all sets of up to ``k`` failures that hit
the causes of everything seen dead (Reiter's hitting sets, 1987, grown one observation at a time as
by Berge) and none of what was seen alive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from corridor.controller.forwarding.program import Action, Bucket, Flow, SwitchProgram, Value
from corridor.controller.intent.specification import KINDS, elements
from corridor.controller.policy.semantics import Failures
from corridor.controller.prover.search.packets import AT, Packet, written
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, Wiring

GATEWAY = "gateway:"
type Mask = int
type Family = tuple[Mask, ...]
"""Sets of failures, none of which contains another. The empty family explains nothing."""


class Watch(NamedTuple):
    """Something that a hub sees alive or dead at one of its ports."""

    hub: str
    port: int
    thing: str
    """The fibre, or ``gateway:HUB``."""
    far: str
    """The hub that a packet comes to by this port; with a gateway, the same."""
    far_port: int
    one_way_ns: int
    causes: Mask
    """The failures each of which makes it dead, as long as the hub itself is alive."""
    bit: Mask
    """It, as a set of things; see ``Causes.things``."""

    @property
    def is_gateway(self) -> bool:
        return self.port == GATEWAY_IN_PORT


class Causes:
    """Everything that may fail in a topology, numbered, and what each failure takes down."""

    def __init__(self, topology: Topology) -> None:
        self.names = elements(topology)
        self.bits = {name: 1 << number for number, name in enumerate(self.names)}
        self.kinds: dict[str, Mask] = {
            kind: sum(bit for name, bit in self.bits.items() if name.startswith(f"{kind}:"))
            for kind in KINDS
        }
        self.of_things: dict[str, Mask] = {
            fibre.id: self._mask([f"link:{fibre.id}", *(f"srlg:{srlg}" for srlg in fibre.srlgs)])
            for fibre in topology.fibres
        }
        self.taken_down: dict[str, frozenset[str]] = _taken_down(topology)
        self.things = _things(topology)
        """Each fibre in the order of the topology, then each hub's gateway, as a set of one."""
        self._down = [
            sum(self.things[thing] for thing in self.taken_down[name]) for name in self.names
        ]
        self._known_down: dict[Mask, Mask] = {}

    def over(self, kinds: Collection[str]) -> Mask:
        """All elements of some kinds."""
        return sum(self.kinds[kind] for kind in set(kinds))

    def failed(self, failures: Failures) -> Mask:
        kinds = zip(
            KINDS,
            (failures.links, failures.srlgs, failures.hubs, failures.gateways),
            strict=True,
        )
        return self._mask(f"{kind}:{name}" for kind, names in kinds for name in names)

    def named(self, mask: Mask) -> frozenset[str]:
        return frozenset(self.names[bit.bit_length() - 1] for bit in bits(mask))

    def down(self, mask: Mask) -> Mask:
        """The things that some failures take down."""
        known = self._known_down.get(mask)
        if known is None:
            known = 0
            for bit in bits(mask):
                known |= self._down[bit.bit_length() - 1]
            self._known_down[mask] = known
        return known

    def dead(self, mask: Mask) -> frozenset[str]:
        """The fibres and gateways that some failures take down."""
        taken = [self.taken_down[self.names[bit.bit_length() - 1]] for bit in bits(mask)]
        return frozenset[str]().union(*taken)

    def watches(self, topology: Topology, wiring: Wiring) -> dict[str, dict[int, Watch]]:
        """What each hub sees at its ports; what is not here is never live."""
        found: dict[str, dict[int, Watch]] = {hub.hub: {} for hub in wiring.hubs}
        for hub in wiring.hubs:
            if hub.gateway is not None:
                thing = f"gateway:{hub.hub}"
                found[hub.hub][GATEWAY_IN_PORT] = Watch(
                    hub.hub,
                    GATEWAY_IN_PORT,
                    thing,
                    hub.hub,
                    GATEWAY_OUT_PORT,
                    0,
                    self.bits[thing],
                    self.things[thing],
                )
        for fibre in wiring.fibres:
            delay_ns = topology.one_way_delay_ns(topology.fibre(fibre.fibre))
            for near, far in ((fibre.a, fibre.z), (fibre.z, fibre.a)):
                causes = self.of_things[fibre.fibre] | self.bits[f"hub:{far.hub}"]
                bit = self.things[fibre.fibre]
                found[near.hub][near.port] = Watch(
                    near.hub, near.port, fibre.fibre, far.hub, far.port, delay_ns, causes, bit
                )
        return found

    def _mask(self, names: Iterable[str]) -> Mask:
        return sum({self.bits[name] for name in names})


def _things(topology: Topology) -> dict[str, Mask]:
    names = [fibre.id for fibre in topology.fibres]
    names += [f"{GATEWAY}{hub.id}" for hub in topology.hubs]
    return {name: 1 << number for number, name in enumerate(names)}


def _taken_down(topology: Topology) -> dict[str, frozenset[str]]:
    taken: dict[str, set[str]] = {name: set() for name in elements(topology)}
    for fibre in topology.fibres:
        taken[f"link:{fibre.id}"].add(fibre.id)
        for srlg in fibre.srlgs:
            taken[f"srlg:{srlg}"].add(fibre.id)
        for end in fibre.ends:
            taken[f"hub:{end}"].add(fibre.id)
    for hub in topology.hubs:
        taken[f"hub:{hub.id}"].add(f"gateway:{hub.id}")
        taken[f"gateway:{hub.id}"].add(f"gateway:{hub.id}")
    return {name: frozenset(things) for name, things in taken.items()}


def explaining(family: Family, causes: Mask, k: int) -> Family:
    """The minimal sets of up to ``k`` failures that explain one more thing seen dead.

    Their order stays the same where one more failure is in all of them.
    """
    kept = tuple(one for one in family if one & causes)
    grown = {
        one | bit
        for one in family
        if not one & causes and one.bit_count() < k
        for bit in bits(causes)
    }
    if kept:
        grown = {one for one in grown if not _contains_any(one, kept)}
    if len({one.bit_count() for one in grown}) > 1:
        grown = {one for one in grown if not _contains_any(one, grown - {one})}
    return (*kept, *sorted(grown))


def _contains_any(mask: Mask, others: Iterable[Mask]) -> bool:
    for other in others:  # noqa: SIM110 - asked too often for a generator
        if mask & other == other:
            return True
    return False


def bits(mask: Mask) -> Iterator[Mask]:
    """The elements of a set, each as a separate set."""
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit


_RESERVED_PORTS = 0xFFFFFF00
"""OpenFlow 1.3, 7.2.1: port numbers above this are reserved."""


class End(StrEnum):
    """The outcome of a packet."""

    DELIVERED = "delivered"
    ELSEWHERE = "delivered to another host"
    GARBLED = "delivered with other headers than it was sent with"
    NO_PATH = "dropped: every alternative is dead"
    REFUSED = "dropped by an entry"
    MISSED = "dropped: no entry takes it"
    SWALLOWED = "dropped: sent to the port it came by"
    UNPLUGGED = "dropped: sent to a port where nothing is"
    EXPIRED = "dropped: its hops are spent"
    UNSENT = "not sent: its source is dead"
    UNCLEAR = "not known"


class Fork(NamedTuple):
    """It depends on whether something is live."""

    watch: Watch
    live: Fate
    dead: Fate
    is_output: bool = False
    """Whether it is sent there whatever its switch knows: only what carries nothing stops it, where
    a group looks at what its switch takes for live."""


class Stop(NamedTuple):
    """It gets no further."""

    end: End
    entry: Flow | None = None
    """The last one that it met."""


class Onward[To](NamedTuple):
    """It leaves by a port."""

    to: To
    watch: Watch
    hops: int


type Fate = Fork | Stop | Onward[Any]


class Interfaces(Protocol):
    """The outcome of packets that a switch sends out."""

    def to_host(self, port: int, packet: Packet) -> End: ...

    def onward(self, packet: Packet, watch: Watch) -> Onward[Any]:
        """By a port that is live."""
        ...


class Switch:
    """The tables of one switch, and what it sees at its ports."""

    def __init__(
        self, program: SwitchProgram, watches: Mapping[int, Watch], hosts: frozenset[int]
    ) -> None:
        """``hosts``: ports at which hosts are."""
        self.hosts = hosts
        self.groups = {group.id: group for group in program.groups}
        self.meters = {meter.id: meter for meter in program.meters}
        self.watches = watches
        by_table: dict[int, list[Flow]] = {}
        for flow in program.flows:
            by_table.setdefault(flow.table, []).append(flow)
        self._tables = {table: _Table(flows) for table, flows in by_table.items()}

    def decide(self, packet: Packet, outside: Interfaces) -> Fate:
        """The outcome of a packet that has arrived."""
        matched, sent, clear = self.walk(packet)
        entry = matched[-1] if matched else None
        if not clear or len(sent) > 1:
            return Stop(End.UNCLEAR, entry)
        if not sent:
            missed = entry is None or entry.goto is not None
            return Stop(End.MISSED if missed else End.REFUSED, entry)
        (action, leaving), came_by = sent[0], packet.fields[0]
        return _Decision(self, came_by, entry, outside).act((action,), leaving, {}, ())

    def walk(self, packet: Packet) -> tuple[list[Flow], list[tuple[Action, Packet]], bool]:
        """The entries that a packet meets; what they send out, as it is then; whether all is clear.

        A group works on a copy, so no table depends on what is live.
        """
        matched: list[Flow] = []
        sent: list[tuple[Action, Packet]] = []
        table: int | None = 0
        while table is not None and table in self._tables:
            flow = self._tables[table].find(packet.fields)
            if flow is None:
                break
            matched.append(flow)
            for action in flow.actions:
                if action.kind in _SENDING:
                    sent.append((action, packet))
                    continue
                after = written(packet, action)
                if after is None:
                    return matched, sent, False
                packet = after
            table = flow.goto if flow.goto is not None and flow.goto > flow.table else None
        return matched, sent, True


type Fields = tuple[Value | None, ...]
type _Reader = Callable[[Fields], Fields]


class _Table:
    """The entries of one table, by their port and then by the other fields they match."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        by_port: dict[Value | None, dict[tuple[str, ...], dict[Fields, Flow]]] = {}
        for flow in flows:
            names, values = zip(*flow.match, strict=True) if flow.match else ((), ())
            port = values[names.index("in_port")] if "in_port" in names else None
            entries = by_port.setdefault(port, {}).setdefault(names, {})
            known = entries.get(values)
            if known is None or known.priority < flow.priority:
                entries[values] = flow
        self._by_port = {
            port: [
                (_reader(names), entries)
                for names, entries in shapes.items()
                if all(name in AT for name in names)
            ]
            for port, shapes in by_port.items()
        }

    def find(self, fields: Fields) -> Flow | None:
        """The entry of the highest priority that takes a packet."""
        best: Flow | None = None
        for port in (fields[0], None):
            for seen, entries in self._by_port.get(port, ()):
                flow = entries.get(seen(fields))
                if flow is not None and (best is None or flow.priority > best.priority):
                    best = flow
        return best


def _reader(names: tuple[str, ...]) -> _Reader:
    """What a packet holds in these fields."""
    if len(names) > 1:
        return itemgetter(*(AT[name] for name in names))
    at = AT[names[0]] if names else 0
    return itemgetter(slice(at, at + len(names)))


_SENDING = frozenset({"output", "in_port", "controller", "group"})


class _Decision:
    """The decision on one packet. ``known`` holds what earlier questions have answered."""

    def __init__(
        self, switch: Switch, came_by: Value | None, entry: Flow | None, outside: Interfaces
    ) -> None:
        self._switch = switch
        self._came_by = came_by
        self._entry = entry
        self._outside = outside

    def act(
        self,
        actions: tuple[Action, ...],
        packet: Packet,
        known: Mapping[int, bool],
        within: tuple[Value, ...],
    ) -> Fate:
        """Actions that send one copy; ``within`` these groups."""
        fate: Fate | None = None
        for action in actions:
            if action.kind not in _SENDING:
                after = written(packet, action)
                if after is None:
                    return self._stop(End.UNCLEAR)
                packet = after
                continue
            if fate is not None:
                return self._stop(End.UNCLEAR)
            fate = self._send(action, packet, known, within)
        return self._stop(End.REFUSED) if fate is None else fate

    def _send(
        self,
        action: Action,
        packet: Packet,
        known: Mapping[int, bool],
        within: tuple[Value, ...],
    ) -> Fate:
        if action.kind == "output":
            port = action.arguments[0]
            if port == self._came_by:
                return self._stop(End.SWALLOWED)
            return self._out(port, packet, known)
        if action.kind == "in_port" and self._came_by is not None:
            return self._out(self._came_by, packet, known)
        if action.kind == "group":
            number = action.arguments[0]
            group = self._switch.groups.get(int(number))
            if group is None or number in within:
                return self._stop(End.UNPLUGGED)
            return self._first_live(group.buckets, packet, known, (*within, number))
        return self._stop(End.UNCLEAR)

    def _out(self, port: Value, packet: Packet, known: Mapping[int, bool]) -> Fate:
        if not isinstance(port, int) or port > _RESERVED_PORTS:
            return self._stop(End.UNCLEAR)
        if port in self._switch.hosts:
            return self._stop(self._outside.to_host(port, packet))
        watch = self._switch.watches.get(port)
        if watch is None:
            return self._stop(End.UNPLUGGED)
        if port in known:
            return self._outside.onward(packet, watch) if known[port] else self._stop(End.NO_PATH)
        return Fork(watch, self._outside.onward(packet, watch), self._stop(End.NO_PATH), True)

    def _first_live(
        self,
        buckets: tuple[Bucket, ...],
        packet: Packet,
        known: Mapping[int, bool],
        within: tuple[Value, ...],
    ) -> Fate:
        for position, bucket in enumerate(buckets):
            live = self._is_live(bucket, known, within)
            if live is True:
                return self.act(bucket.actions, packet, known, within)
            if live is not False:
                rest, port = buckets[position:], live.port
                return Fork(
                    live,
                    self._first_live(rest, packet, {**known, port: True}, within),
                    self._first_live(rest, packet, {**known, port: False}, within),
                )
        return self._stop(End.NO_PATH)

    def _is_live(
        self, bucket: Bucket, known: Mapping[int, bool], within: tuple[Value, ...]
    ) -> bool | Watch:
        """Whether a bucket is live, or what has to be asked first.

        As in Open vSwitch: one that watches a port and a group is live while either is, and one
        that watches nothing always.
        """
        port, watched = bucket.watch_port, bucket.watch_group
        if port is None and watched is None:
            return True
        if port is not None:
            live = self._is_port_live(port, known)
            if live is not False:
                return live
        group = self._switch.groups.get(watched) if watched is not None else None
        if group is None or watched in within:
            return False
        for one in group.buckets:
            live = self._is_live(one, known, (*within, group.id))
            if live is not False:
                return live
        return False

    def _is_port_live(self, port: int, known: Mapping[int, bool]) -> bool | Watch:
        if port in known:
            return known[port]
        return port in self._switch.hosts or self._switch.watches.get(port, False)

    def _stop(self, end: End) -> Stop:
        return Stop(end, self._entry)
