"""Judges of the exact search that try every set of failures, and share no code with it.

The switches read OpenFlow 1.3 entries one by one, the packet is a dictionary with a list of labels,
and what is lawfully left is found by trying every walk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.forwarding.program import Flow, Program, SwitchProgram
from corridor.controller.intent.intent import ALL_KINDS, Intent, Protection
from corridor.controller.policy.automaton import Automaton, State, Violation
from corridor.controller.policy.semantics import Failures
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring, wire

HOST, TO_GATEWAY, FROM_GATEWAY = 1, 1001, 1002
MPLS = 0x8847


@dataclass(frozen=True)
class Laid:
    """A network with tables."""

    topology: Topology
    wiring: Wiring
    program: Program
    intents: tuple[Intent, ...]
    known: frozenset[str] = frozenset()
    """Failures that the tables were planned around."""


def lay(topology: Topology, intents: Sequence[Intent], known: Iterable[str] = ()) -> Laid:
    """As the compiler serves these intents."""
    graphs = build_forwarding_graphs(topology, intents, failures_named(known))
    wiring = wire(topology, gateways=gateways_of(graphs))
    program = compile_forwarding_graphs(wiring, topology, graphs).program
    return Laid(topology, wiring, program, tuple(intents), frozenset(known))


def respelt(laid: Laid, hub: str, **parts: Any) -> Laid:
    """The same network with other tables at a hub."""
    switches = tuple(
        replace(switch, **parts) if switch.hub == hub else switch
        for switch in laid.program.switches
    )
    return replace(laid, program=replace(laid.program, switches=switches))


def switch_of(laid: Laid, hub: str) -> SwitchProgram:
    return next(switch for switch in laid.program.switches if switch.hub == hub)


# Failures, by names.


def names_of(topology: Topology, kinds: Iterable[str] = ALL_KINDS) -> list[str]:
    names = {
        "link": [fibre.id for fibre in topology.fibres],
        "srlg": sorted({srlg for fibre in topology.fibres for srlg in fibre.srlgs}),
        "hub": [hub.id for hub in topology.hubs],
        "gateway": [hub.id for hub in topology.hubs],
    }
    return [f"{kind}:{name}" for kind in kinds for name in names[kind]]


def sets_of(laid: Laid, protection: Protection) -> list[frozenset[str]]:
    """Every failure set that a protection covers besides known failures, smaller ones first."""
    names = [name for name in names_of(laid.topology, protection.over) if name not in laid.known]
    sizes = range(min(protection.k, len(names)) + 1)
    return [laid.known.union(some) for size in sizes for some in combinations(names, size)]


def failures_named(names: Iterable[str]) -> Failures:
    parts: dict[str, set[str]] = {kind: set() for kind in ALL_KINDS}
    for name in names:
        kind, _, which = name.partition(":")
        parts[kind].add(which)
    return Failures(*(frozenset(parts[kind]) for kind in ALL_KINDS))


def _works(topology: Topology, fibre: str, names: Iterable[str]) -> bool:
    one = topology.fibre(fibre)
    broken = {
        f"link:{fibre}",
        *(f"srlg:{srlg}" for srlg in one.srlgs),
        f"hub:{one.a}",
        f"hub:{one.z}",
    }
    return broken.isdisjoint(names)


# A packet on its path.


@dataclass
class Trip:
    """The outcome of one packet."""

    hubs: list[str]
    fibres: list[str] = field(default_factory=list)
    gateways: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    """Fibres and ``gateway:HUB`` in order."""
    delivered_at: str = ""

    def one_way_ns(self, topology: Topology) -> int:
        return sum(topology.fibre(fibre).one_way_delay_ns for fibre in self.fibres)


@dataclass
class _Frame:
    """A copy of a packet at a switch."""

    headers: dict[str, Any]
    labels: list[dict[str, Any]]

    def copy(self) -> _Frame:
        return _Frame(dict(self.headers), [dict(label) for label in self.labels])

    def seen(self, name: str, port: int) -> Any:
        if name == "in_port":
            return port
        if self.labels:
            if name == "eth_type":
                return MPLS
            if name.startswith("mpls_"):
                return self.labels[-1][name]
            return self.headers[name] if name.startswith(("eth_", "vlan_")) else None
        return self.headers.get(name)


class Network:
    """Switches that work while ``failed`` does not."""

    def __init__(self, laid: Laid, failed: Iterable[str]) -> None:
        self._switches = {switch.hub: switch for switch in laid.program.switches}
        self._failed = frozenset(failed)
        self._far: dict[tuple[str, int], tuple[str, int, str]] = {}
        for fibre in laid.wiring.fibres:
            if _works(laid.topology, fibre.fibre, self._failed):
                ends = (fibre.a, fibre.z)
                for near, far in (ends, ends[::-1]):
                    self._far[near.hub, near.port] = (far.hub, far.port, fibre.fibre)
        for hub in laid.wiring.hubs:
            if hub.gateway is not None and f"gateway:{hub.hub}" not in self._failed:
                self._far[hub.hub, TO_GATEWAY] = (hub.hub, FROM_GATEWAY, f"gateway:{hub.hub}")

    def send(self, laid: Laid, intent: Intent, selector: int = 0) -> Trip:
        src, dst = (laid.wiring.hub(hub) for hub in intent.pair)
        wanted = intent.selectors[selector]
        protocol = wanted.protocol or "udp"
        headers = {
            "eth_src": src.host_mac,
            "eth_dst": dst.host_mac,
            "eth_type": 0x0800,
            "vlan_vid": 0,
            "ipv4_src": src.host_ip,
            "ipv4_dst": dst.host_ip,
            "ip_proto": {"tcp": 6, "udp": 17}[protocol],
            "ip_dscp": 0,
            f"{protocol}_src": wanted.src_port or 50000,
            f"{protocol}_dst": wanted.dst_port or 50001,
        }
        trip = Trip([src.hub])
        here, port, frame = src.hub, HOST, _Frame(headers, [])
        if f"hub:{here}" in self._failed:
            return trip
        for _ in range(64):
            sent = self._through(here, port, frame)
            assert len(sent) <= 1, "copies"
            if not sent:
                return trip
            out, frame = sent[0]
            if out == HOST:
                assert not frame.labels
                assert frame.headers == headers
                trip.delivered_at = here
                return trip
            here, port, thing = self._far[here, out]
            trip.passed.append(thing)
            if thing.startswith("gateway:"):
                trip.gateways.append(here)
            else:
                trip.hubs.append(here)
                trip.fibres.append(thing)
        return trip

    def _through(self, hub: str, port: int, frame: _Frame) -> list[tuple[int, _Frame]]:
        sent: list[tuple[int, _Frame]] = []
        table: int | None = 0
        frame = frame.copy()
        while table is not None:
            flow = self._match(hub, table, port, frame)
            if flow is None:
                break
            self._act(hub, port, frame, flow.actions, sent)
            table = flow.goto
        return sent

    def _match(self, hub: str, table: int, port: int, frame: _Frame) -> Flow | None:
        fitting = [
            flow
            for flow in self._switches[hub].flows
            if flow.table == table
            and all(frame.seen(name, port) == value for name, value in flow.match)
        ]
        return max(fitting, key=lambda flow: flow.priority, default=None)

    def _act(
        self,
        hub: str,
        port: int,
        frame: _Frame,
        actions: Iterable[Any],
        sent: list[tuple[int, _Frame]],
    ) -> None:
        for action in actions:
            if action.kind == "output" and action.arguments[0] != port:
                self._out(hub, action.arguments[0], frame, sent)
            elif action.kind == "in_port":
                self._out(hub, port, frame, sent)
            elif action.kind == "push_label":
                frame.labels.append({"mpls_label": action.arguments[0], "mpls_tc": 0})
            elif action.kind == "pop_label":
                frame.labels.pop()
            elif action.kind == "set_field":
                name, value = action.arguments
                (frame.labels[-1] if name.startswith("mpls_") else frame.headers)[name] = value
            elif action.kind == "group":
                for bucket in self._group(hub, action.arguments[0]):
                    if self._is_live(hub, bucket):
                        self._act(hub, port, frame.copy(), bucket.actions, sent)
                        break

    def _out(self, hub: str, port: int, frame: _Frame, sent: list[tuple[int, _Frame]]) -> None:
        if port == HOST or (hub, port) in self._far:
            sent.append((port, frame.copy()))

    def _group(self, hub: str, number: int) -> tuple[Any, ...]:
        found = [group for group in self._switches[hub].groups if group.id == number]
        return found[0].buckets if found else ()

    def _is_live(self, hub: str, bucket: Any) -> bool:
        if bucket.watch_port is None and bucket.watch_group is None:
            return True
        port, group = bucket.watch_port, bucket.watch_group
        if port is not None and (port == HOST or (hub, port) in self._far):
            return True
        return group is not None and any(self._is_live(hub, one) for one in self._group(hub, group))


# What is lawful.


def states_along(automaton: Automaton, topology: Topology, trip: Trip) -> State | None:
    """The state at the end of a trip: a hub serves a waypoint where its gateway was passed."""
    every = frozenset(hub.id for hub in topology.hubs)
    shut = replace(automaton, trip=replace(automaton.trip, closed=every))
    hub = trip.hubs[0]
    state = _enter(shut, shut.start, topology.hub(hub))
    for thing in trip.passed:
        if thing.startswith("gateway:"):
            state = _enter(automaton, state, topology.hub(hub))
        else:
            fibre = topology.fibre(thing)
            hub = fibre.other_end(hub)
            state = _enter(shut, state, fibre, topology.hub(hub))
    return state


def trace_on(
    automaton: Automaton,
    topology: Topology,
    failed: frozenset[str],
    hub: str,
    state: State,
    spent_ns: int,
) -> bool:
    """Whether any walk from a hub on is lawful, the hub's own gateway included."""
    closed = frozenset(one.id for one in topology.hubs if f"gateway:{one.id}" in failed)
    here = replace(automaton, trip=replace(automaton.trip, closed=closed))
    entered = _enter(here, state, topology.hub(hub))
    if entered is None or f"hub:{hub}" in failed:
        return False
    waiting = [(hub, entered, spent_ns, frozenset([(hub, entered)]))]
    while waiting:
        hub, state, spent_ns, met = waiting.pop()
        if here.exceeds(spent_ns):
            continue
        if hub == here.trip.dst.id and here.finish(state) is None:
            return True
        for fibre in topology.fibres:
            if hub not in fibre.ends or not _works(topology, fibre.id, failed):
                continue
            far = fibre.other_end(hub)
            past = _enter(here, state, fibre, topology.hub(far))
            if past is not None and (far, past) not in met:
                delay_ns = spent_ns + fibre.one_way_delay_ns
                waiting.append((far, past, delay_ns, met | {(far, past)}))
    return False


def trace_from_source(automaton: Automaton, topology: Topology, failed: frozenset[str]) -> bool:
    """Whether any path at all is lawful."""
    src = automaton.trip.src.id
    every = frozenset(hub.id for hub in topology.hubs)
    shut = replace(automaton, trip=replace(automaton.trip, closed=every))
    state = _enter(shut, shut.start, topology.hub(src))
    return state is not None and trace_on(automaton, topology, failed, src, state, 0)


def accepts(automaton: Automaton, topology: Topology, trip: Trip) -> bool:
    state = states_along(automaton, topology, trip)
    in_time = automaton.exceeds(trip.one_way_ns(topology)) is None
    return state is not None and automaton.finish(state) is None and in_time


def _enter(automaton: Automaton, state: State | None, *elements: Any) -> State | None:
    for element in elements:
        if state is None:
            return None
        entered = automaton.enter(state, element)
        state = None if isinstance(entered, Violation) else entered
    return state
