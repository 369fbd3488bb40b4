"""Ways to tables: pure, from a wiring and the ways of its demands to a ``Program``.

Pipeline of every switch::

    0 ADMIT     host port: ARP for a declared destination -> answered here
                host port: exact (MAC, IP) binding        -> 1
                host port: anything else                  -> dropped, by what is wrong with it
                fibre port: labelled                      -> 4, over a border -> 3
                fibre port: LLDP                          -> controller
                gateway's way out: labelled               -> 4
    1 CLASSIFY  (port, destination, ports): which demand; a blocked one is dropped here
    2 LABEL     (port, destination, ports): meter, push the label of the demand's way -> 4
    3 BORDER    phases that may cross a border            -> 4
    4 SWITCH    (port, label): the decision that the label names here

and every table ends in a drop with its own reason. Nothing floods. The decision of a way becomes
one fast-failover group: a bucket per alternative, live while the port it leaves by is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from corridor.controller.forwarding.avoided import NOTHING
from corridor.controller.forwarding.disjoint import Sharing, keeping_apart, sharings
from corridor.controller.forwarding.edge import (
    admit_host,
    admit_ports,
    arp_answer,
    classify,
    final_drops,
)
from corridor.controller.forwarding.forwarding_tree import (
    Assess,
    Cross,
    Deliver,
    ForwardingTree,
    Node,
    TreeBuilder,
)
from corridor.controller.forwarding.labels import Allocator, Labelling, label_way
from corridor.controller.forwarding.nodes import Used, met_along, reached
from corridor.controller.forwarding.program import (
    Action,
    Bucket,
    FastFailover,
    Flow,
    LabelUse,
    Meter,
    Program,
    Reason,
    SwitchProgram,
    Table,
    WiredLink,
    back_to_sender,
    cookie,
    decrement_label_ttl,
    group,
    output,
    pop_label,
    serial_of,
    set_field,
)
from corridor.controller.intent.intent import Intent, clashes
from corridor.controller.policy.failures import NO_FAILURES, Failures
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.progress import counting
from corridor.topologies.base.remembered import remembered
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Fibre, Topology
from corridor.topologies.model.wiring import (
    GATEWAY_IN_PORT,
    GATEWAY_OUT_PORT,
    HOST_PORT,
    FibreWire,
    HubWire,
    Wiring,
)

ETH_MPLS = 0x8847
PRIORITY_RULE = 100
MOST_PLANNED = 4
"""States of the network whose paths are remembered."""
GROUP_EPOCH_SHIFT, METER_EPOCH_SHIFT = 24, 16
"""The epoch is part of the numbers of groups and meters, so that two stand beside each other."""


@dataclass(frozen=True)
class Compiled:
    """Tables, and how each intent is served by them."""

    program: Program
    ways: tuple[ForwardingTree, ...]
    """In the order of the intents."""


def gateways_of(ways: Iterable[ForwardingTree]) -> frozenset[str]:
    """Hubs whose gateway some way passes."""
    decisions = chain.from_iterable(reached(way.first) for way in ways)
    return frozenset(node.hub for node in decisions if isinstance(node, Assess))


def plan_ways(
    topology: Topology, intents: Iterable[Intent], failures: Failures = NO_FAILURES
) -> tuple[ForwardingTree, ...]:
    """How each intent can be served without what has failed, in order.

    Those that are to be disjoint share as little as can be; nothing, where there are such ways.
    A state of the network that returns, as after a repair, is not planned again.
    """
    return _planned(topology, tuple(intents), failures)


@remembered(MOST_PLANNED)
def _planned(
    topology: Topology, intents: tuple[Intent, ...], failures: Failures
) -> tuple[ForwardingTree, ...]:
    builder = TreeBuilder(topology, failures)
    off = keeping_apart(builder, topology, intents)
    planning = counting(intents, "ways planned")
    return tuple(builder.way(intent, off.get(intent.id, NOTHING)) for intent in planning)


def still_shared(topology: Topology, ways: Iterable[ForwardingTree]) -> list[Sharing]:
    """What ways of disjoint demands share all the same while nothing fails."""
    served = [way for way in ways if way.first is not None]
    used = [Used(0, 0, *met_along(way.first)) for way in served]
    return sharings(topology, [way.intent for way in served], used)


def compile_ways(
    wiring: Wiring, topology: Topology, ways: Sequence[ForwardingTree], *, epoch: int = 0
) -> Compiled:
    """Tables that serve each way's intent exactly so, and let nothing else pass.

    Raises InputError where packets of two intents cannot be told apart.
    """
    for one, other in clashes(way.intent for way in ways):
        raise InputError(
            f"demands {one.id} and {other.id} join the same hubs, and nothing tells them apart",
            "bind each to a protocol and port",
        )
    draft = _Draft(wiring, topology, Allocator(epoch), epoch)
    for number, way in enumerate(counting(ways, "ways compiled"), start=1):
        draft.add(number, way)
    return Compiled(draft.program(), tuple(ways))


@dataclass
class _Switch:
    """What is gathered for one switch."""

    flows: dict[Flow, None] = field(default_factory=dict)
    decided: dict[tuple[int, int], Flow] = field(default_factory=dict)
    """Entries of the last table, by port and label."""
    groups: dict[tuple[Bucket, ...], int] = field(default_factory=dict)
    meters: list[Meter] = field(default_factory=list)


class _Draft:
    """A program in the making."""

    def __init__(
        self, wiring: Wiring, topology: Topology, allocator: Allocator, epoch: int
    ) -> None:
        self._wiring = wiring
        self._allocator = allocator
        self._epoch = epoch
        self._hubs = {hub.hub: hub for hub in wiring.hubs}
        self._switches = {hub: _Switch() for hub in self._hubs}
        self._labels: list[LabelUse] = []
        self._meters: dict[tuple[str, str], int] = {}
        """By hub, and whose rates it holds."""
        self._relabels: dict[int, tuple[Action, ...]] = {}
        self._port: dict[tuple[str, str], int] = {}
        self._far: dict[tuple[str, str], tuple[str, int]] = {}
        borders: dict[str, list[int]] = {hub: [] for hub in self._hubs}
        inland: dict[str, list[int]] = {hub: [] for hub in self._hubs}
        for wire in wiring.fibres:
            over = crosses_border(topology, topology.fibre(wire.fibre))
            for near, far in ((wire.a, wire.z), (wire.z, wire.a)):
                self._port[near.hub, wire.fibre] = near.port
                self._far[near.hub, wire.fibre] = (far.hub, far.port)
                (borders if over else inland)[near.hub].append(near.port)
        for hub in self._hubs:
            self._add(hub, *final_drops(), *admit_ports(inland[hub], borders[hub]))
            self._add(hub, *admit_host(self._hubs[hub]))

    def _add(self, hub: str, *flows: Flow) -> None:
        self._switches[hub].flows.update(dict.fromkeys(flows))

    def add(self, number: int, way: ForwardingTree) -> None:
        """The entries of one way; ``number`` is its intent's in every cookie."""
        src, dst = (self._hubs[hub] for hub in way.intent.pair)
        self._add(src.hub, arp_answer(src, dst))
        labelling = label_way(way, self._allocator) if way.first is not None else None
        meter = self._meter(src.hub, number, way)
        label = labelling.first if labelling else None
        serial = serial_of(self._epoch)
        intent = way.intent
        marked = classify(number, dst, intent.selectors, label, meter, serial, intent.dscp)
        self._add(src.hub, *marked)
        if labelling is not None:
            self._labels += labelling.uses()
            self._switch_way(number, labelling)

    def _meter(self, hub: str, number: int, way: ForwardingTree) -> int | None:
        """A meter of what its edge lets in, with the burst that passes in a tenth of a second; one
        for all demands of an aggregate that start at a hub."""
        let_in_bps = way.intent.let_in_bps(way.permit) if way.permit else None
        if let_in_bps is None:
            return None
        shared = (hub, way.intent.pays_as)
        if shared in self._meters:
            return self._meters[shared]
        rate_kbps = -(-let_in_bps // 1000)
        meter_id = self._epoch << METER_EPOCH_SHIFT | number
        self._switches[hub].meters.append(Meter(meter_id, rate_kbps, max(rate_kbps // 10, 1)))
        self._meters[shared] = meter_id
        return meter_id

    def _switch_way(self, number: int, labelling: Labelling) -> None:
        """One SWITCH entry for each place a packet of the way may come to, from its source on."""
        assert labelling.way.first is not None
        start = (labelling.way.first, HOST_PORT, labelling.first)
        waiting, seen = deque([start]), {start}
        while waiting:
            node, in_port, label = waiting.popleft()
            for arrival in self._decide(number, labelling, node, in_port, label):
                if arrival not in seen:
                    seen.add(arrival)
                    waiting.append(arrival)

    def _decide(
        self, number: int, labelling: Labelling, node: Node, in_port: int, label: int
    ) -> Iterable[tuple[Node, int, int]]:
        """Add the entry of a decision; where packets come to from here."""
        # A packet comes back from the gateway with the label it went in by.
        given = labelling.of[node] if in_port == GATEWAY_OUT_PORT else label
        buckets = []
        for place, alternative in enumerate(node.alternatives):
            carried = labelling.onward(
                alternative, given if place == 0 else labelling.of[alternative]
            )
            buckets.append(self._bucket(alternative, in_port, label, carried))
            if isinstance(alternative, Cross):
                hub, port = self._far[alternative.hub, alternative.fibre]
                assert hub == alternative.then.hub
                yield alternative.then, port, carried
            elif isinstance(alternative, Assess):
                yield alternative.then, GATEWAY_OUT_PORT, carried
        matched = (("eth_type", ETH_MPLS), ("in_port", in_port), ("mpls_label", label))
        actions = self._actions(node.hub, buckets)
        why = cookie(_reason(node, in_port), policy=number, serial=serial_of(self._epoch))
        flow = Flow(Table.SWITCH, PRIORITY_RULE, matched, actions, None, why)
        # To hash every entry would take longer than to make it; two of one port and label are rare.
        if self._switches[node.hub].decided.setdefault((in_port, label), flow) != flow:
            self._add(node.hub, flow)

    def _bucket(self, node: Node, in_port: int, label: int, carried: int) -> Bucket:
        port = HOST_PORT
        actions: tuple[Action, ...] = (pop_label(), output(HOST_PORT))
        if not isinstance(node, Deliver):
            port = GATEWAY_IN_PORT
            if isinstance(node, Cross):
                port = self._port[node.hub, node.fibre]
            send = back_to_sender() if port == in_port else output(port)
            relabel = self._relabelled(node, carried) if carried != label else ()
            actions = (*relabel, decrement_label_ttl(), send)
        return Bucket(watch_port=port, watch_group=None, actions=actions)

    def _relabelled(self, node: Node, label: int) -> tuple[Action, ...]:
        """The same value each time, since many buckets give a label."""
        known = self._relabels.get(label)
        if known is None:
            phase = set_field("mpls_tc", int(node.phase))
            known = self._relabels[label] = (set_field("mpls_label", label), phase)
        return known

    def _actions(self, hub: str, buckets: list[Bucket]) -> tuple[Action, ...]:
        """The only alternative as it is, several as a group; equal groups are one."""
        if len(buckets) == 1:
            return buckets[0].actions
        groups = self._switches[hub].groups
        next_id = self._epoch << GROUP_EPOCH_SHIFT | len(groups) + 1
        return (group(groups.setdefault(tuple(buckets), next_id)),)

    def program(self) -> Program:
        switches = tuple(self._finished(hub) for hub in self._wiring.hubs)
        return Program(switches, tuple(self._links()), tuple(self._labels))

    def _finished(self, hub: HubWire) -> SwitchProgram:
        switch = self._switches[hub.hub]
        return SwitchProgram(
            hub.hub,
            hub.dpid,
            tuple(sorted([*switch.decided.values(), *switch.flows], key=_order)),
            tuple(FastFailover(number, buckets) for buckets, number in switch.groups.items()),
            tuple(switch.meters),
        )

    def _links(self) -> Iterable[WiredLink]:
        for fibre in self._wiring.fibres:
            yield from _both_directions(fibre, self._hubs)


def crosses_border(topology: Topology, fibre: Fibre) -> bool:
    """Whether a fibre leaves, touches or may leave the jurisdiction of one of its ends."""
    near, far = (topology.hub(end).located_in for end in fibre.ends)
    if UNKNOWN_JURISDICTION in (near, far):
        return True
    between = (*fibre.crosses, *fibre.may_cross_codes)
    return near != far or any(code != near for code in between)


def _reason(node: Node, in_port: int) -> Reason:
    if in_port == GATEWAY_OUT_PORT:
        return Reason.FROM_GATEWAY
    if isinstance(node, Assess):
        return Reason.TO_GATEWAY
    return Reason.EGRESS if isinstance(node, Deliver) else Reason.SWITCH


def _both_directions(fibre: FibreWire, hubs: dict[str, HubWire]) -> tuple[WiredLink, WiredLink]:
    a, z = fibre.a, fibre.z
    dpid_a, dpid_z = hubs[a.hub].dpid, hubs[z.hub].dpid
    return (
        WiredLink(dpid_a, a.port, dpid_z, z.port),
        WiredLink(dpid_z, z.port, dpid_a, a.port),
    )


def _order(flow: Flow) -> tuple[int, int, str]:
    return (flow.table, -flow.priority, repr(flow.match))
