"""Compiles forwarding graphs: pure, from a wiring and the graphs of its demands to a ``Program``.

Pipeline of every switch::

    0 ADMIT     host port: ARP for a declared destination -> answered here
                host port: exact (MAC, IP) binding        -> 1, of IPv6 where a demand sends it
                host port: anything else                  -> dropped, by what is wrong with it
                fibre port: labelled                      -> 4, over a border -> 3
                fibre port: LLDP                          -> controller
                gateway's way out: labelled               -> 4
    1 CLASSIFY  (port, destination, ports): which demand; a blocked one is dropped here
    2 LABEL     (port, destination, ports): meter, push the label of the demand's path -> 4
    3 BORDER    phases that may cross a border            -> 4
    4 SWITCH    (port, label): the decision that the label names here

and every table ends in a drop with its own reason. Nothing floods. The decision of a path becomes
one fast-failover group: a bucket per alternative, live while the port it leaves by is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from corridor.controller.forwarding.disjoint import NOTHING, Sharing, keeping_apart, sharings
from corridor.controller.forwarding.edge import (
    admit_host,
    admit_ports,
    arp_answer,
    classify,
    final_drops,
)
from corridor.controller.forwarding.forwarding_graph import (
    Assess,
    Cross,
    Deliver,
    Earlier,
    ForwardingGraph,
    GraphBuilder,
    Node,
)
from corridor.controller.forwarding.labels import FreePaths, Labelling, Seat, label_graph
from corridor.controller.forwarding.nodes import Used, met_along, reached
from corridor.controller.forwarding.program import (
    LAST_PATH,
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
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.memory import remembered
from corridor.topologies.base.progress import counting
from corridor.topologies.model.addresses import ETH_TYPE, Family
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Fibre, Topology
from corridor.topologies.model.wiring import (
    GATEWAY_IN_PORT,
    GATEWAY_OUT_PORT,
    FibreWire,
    HostEnd,
    HubWire,
    Wiring,
)

ETH_MPLS = 0x8847
PRIORITY_RULE = 100
FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")
MOST_PLANNED = 4
"""States of the network whose paths are remembered."""
MOST_DIRECTIONS = 2**16 - 1
"""Cookies have 16 bits for the number of a direction, and so have numbers of meters."""
GROUP_EPOCH_SHIFT, GROUP_PATH_SHIFT, METER_EPOCH_SHIFT = 27, 10, 16
"""Numbers of groups and meters contain the epoch, so two versions can both be installed.

The number of a group combines its epoch, the direction number of its label, and the port of its
first decision. So it depends on nothing but its direction.
"""


@dataclass(frozen=True)
class DirectionTables:
    """What serves one direction, and no other."""

    graph: ForwardingGraph
    labelling: Labelling | None
    seat: Seat
    meter: int | None
    """The number of the meter that its packets pass."""
    own_meter: Meter | None
    """That meter, at its first hub; None where it is another direction's."""
    flows: dict[str, tuple[Flow, ...]]
    """By hub; without the entries that serve all directions."""
    groups: dict[str, tuple[FastFailover, ...]]

    @property
    def block(self) -> range:
        """The numbers of its labels."""
        return range(self.seat.first, self.seat.first + _count(self.labelling))

    def is_as(self, other: DirectionTables) -> bool:
        """Whether switches hold the same for both."""
        return (
            self.own_meter == other.own_meter
            and self.groups == other.groups
            and self.flows == other.flows
        )


@dataclass(frozen=True)
class Compiled:
    """Tables, and how each intent is served by them."""

    program: Program
    directions: tuple[DirectionTables, ...]
    """In the order of the intents."""
    earlier: tuple[DirectionTables, ...] = ()
    """What each direction had in its other seat, or has. Where it moves back to that, as after a
    repair, its entries are the same objects again."""

    @cached_property
    def graphs(self) -> tuple[ForwardingGraph, ...]:
        return tuple(one.graph for one in self.directions)

    @property
    def seats(self) -> tuple[Seat, ...]:
        return tuple(one.seat for one in self.directions)


def gateways_of(graphs: Iterable[ForwardingGraph]) -> frozenset[str]:
    """Hubs whose gateway some path passes."""
    decisions = chain.from_iterable(reached(graph.first) for graph in graphs)
    return frozenset(node.hub for node in decisions if isinstance(node, Assess))


def build_forwarding_graphs(
    topology: Topology,
    intents: Iterable[Intent],
    failures: Failures = NO_FAILURES,
    earlier: Earlier | None = None,
) -> tuple[ForwardingGraph, ...]:
    """How each intent can be served without what has failed, in order.

    Those that are to be disjoint share as little as can be; nothing, where there are such paths.
    A state of the network that returns, as after a repair, is not planned again. ``earlier`` paths
    over the same topology are used again where they would be planned again.
    """
    return _planned(topology, tuple(intents), failures, earlier=earlier)


@remembered(MOST_PLANNED, helping=frozenset({"earlier"}))
def _planned(
    topology: Topology,
    intents: tuple[Intent, ...],
    failures: Failures,
    *,
    earlier: Earlier | None,
) -> tuple[ForwardingGraph, ...]:
    builder = GraphBuilder(topology, failures)
    off = keeping_apart(builder, topology, intents)
    known = earlier.still_first(topology, failures) if earlier is not None else {}

    def graph(intent: Intent) -> ForwardingGraph:
        was = known.get(intent.id)
        if was is not None and was.serves_alike(intent):
            return was if was.intent is intent else replace(was, intent=intent)
        return builder.graph(intent, off.get(intent.id, NOTHING))

    return tuple(map(graph, counting(intents, "paths planned")))


class GraphsOnDemand:
    """How intents are served while nothing has failed, as of ``build_forwarding_graphs``: their
    paths, and the whole graph with its detours of those that are asked for."""

    def __init__(self, topology: Topology, intents: Iterable[Intent]) -> None:
        self._builder, self._topology = GraphBuilder(topology), topology
        self._intents = {intent.id: intent for intent in intents}
        off = keeping_apart(self._builder, topology, tuple(self._intents.values()))
        self._off = {name: off.get(name, NOTHING) for name in self._intents}
        self._used = {
            name: self._builder.first_path(one, self._off[name])
            for name, one in self._intents.items()
        }

    def is_served(self, name: str) -> bool:
        """Whether an intent has a path, by its id."""
        return self._used[name] is not None

    def meets(self, name: str, failures: Failures) -> bool:
        """Whether the packets of an intent find anything of this dead."""
        used = self._used[name]
        return used is not None and not (
            failures.gateways.isdisjoint(used.gateways)
            and all(failures.spare(self._topology.fibre(one)) for one in used.fibres)
        )

    def graph(self, name: str) -> ForwardingGraph:
        """With its detours."""
        return self._builder.graph(self._intents[name], self._off[name])


def still_shared(topology: Topology, graphs: Iterable[ForwardingGraph]) -> list[Sharing]:
    """What paths of disjoint demands share nevertheless while nothing fails."""
    served = [graph for graph in graphs if graph.first is not None]
    used = [Used(0, 0, *met_along(graph.first)) for graph in served]
    return sharings(topology, [graph.intent for graph in served], used)


def compile_forwarding_graphs(
    wiring: Wiring,
    topology: Topology,
    graphs: Sequence[ForwardingGraph],
    *,
    epoch: int = 0,
    seats: Sequence[Seat] | None = None,
) -> Compiled:
    """Tables that serve each direction's intent exactly so, and let nothing else pass.

    Directions have the ``seats`` that are named; else all are of one ``epoch``, their labels one
    after another.

    Raises InputError where packets of two intents cannot be distinguished.
    """
    draft = Draft(wiring, topology, graphs)
    if seats is not None:
        return draft.compiled([draft.direction(number, seats) for number in draft.counted])
    free = FreePaths()
    seats = [Seat(epoch, free.take(draft.count(number))) for number in draft.counted]
    return draft.compiled([draft.direction(number, seats) for number in draft.numbers])


def _refuse_clashes(graphs: Iterable[ForwardingGraph]) -> None:
    for one, other in clashes(graph.intent for graph in graphs):
        raise InputError(
            f"demands {one.id} and {other.id} join the same hosts, and nothing distinguishes them",
            "bind each to a protocol and port",
        )


def _count(labelling: Labelling | None) -> int:
    return len(labelling.at) if labelling is not None else 0


def _let_in_bps(graph: ForwardingGraph) -> int | None:
    return graph.intent.let_in_bps(graph.permit) if graph.permit else None


def meter_owners(graphs: Iterable[ForwardingGraph]) -> dict[int, int]:
    """By number of a metered direction, that of the one whose meter it passes: the first of its
    aggregate that starts at the same hub."""
    first: dict[tuple[str, str], int] = {}
    return {
        number: first.setdefault((graph.intent.pair[0], graph.intent.pays_as), number)
        for number, graph in enumerate(graphs, start=1)
        if _let_in_bps(graph) is not None
    }


class Draft:
    """A program in the making."""

    def __init__(
        self, wiring: Wiring, topology: Topology, graphs: Sequence[ForwardingGraph]
    ) -> None:
        """Raises InputError where packets of two intents cannot be distinguished, and where there
        are too many."""
        if len(graphs) > MOST_DIRECTIONS:
            raise InputError(
                f"{len(graphs):,} directions are declared, and tables have numbers for "
                f"{MOST_DIRECTIONS:,}",
                "declare fewer demands",
            )
        _refuse_clashes(graphs)
        self._wiring, self.graphs = wiring, graphs
        self._labellings: dict[int, Labelling | None] = {}
        self.owners = meter_owners(graphs)
        self._hubs = {hub.hub: hub for hub in wiring.hubs}
        self._hosts = {host.name: host for host in wiring.hosts}
        self._port: dict[tuple[str, str], int] = {}
        self._far: dict[tuple[str, str], tuple[str, int]] = {}
        for wire in wiring.fibres:
            for near, far in ((wire.a, wire.z), (wire.z, wire.a)):
                self._port[near.hub, wire.fibre] = near.port
                self._far[near.hub, wire.fibre] = (far.hub, far.port)
        intents = [one.intent for one in graphs]
        pairs = tuple(one.hosts for one in intents if one.family == "ipv4")
        ipv6 = frozenset(one.hosts[0] for one in intents if one.family == "ipv6")
        self._shared = shared_flows(wiring, topology, pairs, ipv6)

    @property
    def numbers(self) -> Sequence[int]:
        """Of all directions."""
        return range(1, len(self.graphs) + 1)

    @property
    def counted(self) -> Iterator[int]:
        """The same, where paths are labelled: each is reported as progress."""
        return counting(self.numbers, "paths compiled")

    def count(self, number: int) -> int:
        """How many labels a direction needs."""
        return _count(self._labelling(number))

    def direction(self, number: int, seats: Sequence[Seat]) -> DirectionTables:
        """The tables of one direction, whose number is in every cookie."""
        graph, labelling = self.graphs[number - 1], self._labelling(number)
        seat, meter, src = seats[number - 1], self.meter(number, seats), graph.intent.pair[0]
        sender, receiver = (self._hosts[name] for name in graph.intent.hosts)
        made = _Direction(self._port, self._far, number, seat, (sender, receiver))
        label = seat.base + labelling.first if labelling is not None else None
        made.mark(graph.intent, label, meter)
        if labelling is not None:
            made.switch(labelling)
        own = self.own_meter(number, seats)
        return DirectionTables(graph, labelling, seat, meter, own, *made.finished(src))

    def _labelling(self, number: int) -> Labelling | None:
        if number not in self._labellings:
            graph = self.graphs[number - 1]
            self._labellings[number] = label_graph(graph) if graph.first is not None else None
        return self._labellings[number]

    def meter(self, number: int, seats: Sequence[Seat]) -> int | None:
        """The number of the meter that packets of a direction pass."""
        owner = self.owners.get(number)
        return None if owner is None else seats[owner - 1].epoch << METER_EPOCH_SHIFT | owner

    def own_meter(self, number: int, seats: Sequence[Seat]) -> Meter | None:
        """A meter of what its edge lets in, with the burst that passes in a tenth of a second."""
        meter, let_in_bps = self.meter(number, seats), _let_in_bps(self.graphs[number - 1])
        if meter is None or let_in_bps is None or self.owners[number] != number:
            return None
        rate_kbps = -(-let_in_bps // 1000)
        return Meter(meter, rate_kbps, max(rate_kbps // 10, 1))

    def compiled(
        self,
        directions: Sequence[DirectionTables],
        before: Program | None = None,
        earlier: tuple[DirectionTables, ...] = (),
    ) -> Compiled:
        """Switches whose tables are those of the program ``before`` are the same objects."""
        return Compiled(self._program(directions, before), tuple(directions), earlier)

    def _program(self, directions: Sequence[DirectionTables], before: Program | None) -> Program:
        groups: dict[str, list[FastFailover]] = {hub: [] for hub in self._hubs}
        meters: dict[str, list[Meter]] = {hub: [] for hub in self._hubs}
        served: dict[str, list[Flow]] = {hub: [] for hub in self._hubs}
        labels: list[LabelUse] = []
        for one in directions:
            for hub, some in one.flows.items():
                served[hub] += some
            for hub, used in one.groups.items():
                groups[hub] += used
            if one.own_meter is not None:
                meters[one.graph.intent.pair[0]].append(one.own_meter)
            if one.labelling is not None:
                labels += one.labelling.uses(one.seat.base)
        known = {switch.hub: switch for switch in before.switches} if before else {}
        switches = []
        for hub, wire in self._hubs.items():
            flows, was = [*served[hub], *self._shared[hub]], known.get(hub)
            aids = tuple(groups[hub]), tuple(meters[hub])
            if (
                was is None
                or (was.groups, was.meters) != aids
                or len(flows) != len(was.flows)
                or {*map(id, flows)} != {*map(id, was.flows)}
            ):
                was = SwitchProgram(hub, wire.dpid, tuple(sorted(flows, key=_order)), *aids)
            switches.append(was)
        return Program(tuple(switches), tuple(self._links()), tuple(labels))

    def _links(self) -> Iterable[WiredLink]:
        for fibre in self._wiring.fibres:
            yield from _both_directions(fibre, self._hubs)


class _Direction:
    """The tables of one direction in the making."""

    def __init__(
        self,
        port: Mapping[tuple[str, str], int],
        far: Mapping[tuple[str, str], tuple[str, int]],
        number: int,
        seat: Seat,
        ends: tuple[HostEnd, HostEnd],
    ) -> None:
        self._port, self._far = port, far
        self._src, self._dst = ends
        self._number, self._serial, self._base = number, serial_of(seat.epoch), seat.base
        self._group_base = seat.epoch << GROUP_EPOCH_SHIFT
        self._marks: tuple[Flow, ...] = ()
        self._decided: dict[str, dict[tuple[int, int], Flow]] = {}
        """Entries of the last table, by port and label."""
        self._twins: dict[str, dict[Flow, None]] = {}
        self._groups: dict[str, dict[tuple[Bucket, ...], int]] = {}
        self._relabels: dict[int, tuple[Action, ...]] = {}
        self._pop = pop_label()

    def finished(
        self, src: str
    ) -> tuple[dict[str, tuple[Flow, ...]], dict[str, tuple[FastFailover, ...]]]:
        flows = {hub: tuple(decided.values()) for hub, decided in self._decided.items()}
        for hub, twins in self._twins.items():
            flows[hub] += tuple(twins)
        flows[src] = (*flows.get(src, ()), *self._marks)
        groups = {
            hub: tuple(FastFailover(number, buckets) for buckets, number in some.items())
            for hub, some in self._groups.items()
        }
        return flows, groups

    def mark(self, intent: Intent, label: int | None, meter: int | None) -> None:
        """The entries of its edge."""
        ends, given = (self._src, self._dst), (label, meter, self._serial, intent.dscp)
        self._pop = pop_label(ETH_TYPE[intent.family])
        self._marks = tuple(
            classify(self._number, ends, intent.selectors, *given, family=intent.family)
        )

    def switch(self, labelling: Labelling) -> None:
        """One SWITCH entry for each place that a packet of the intent may reach, from its source
        on."""
        assert labelling.graph.first is not None
        start = (labelling.graph.first, self._src.port, labelling.first)
        waiting, seen = deque([start]), {start}
        while waiting:
            node, in_port, label = waiting.popleft()
            for arrival in self._decide(labelling, node, in_port, label):
                if arrival not in seen:
                    seen.add(arrival)
                    waiting.append(arrival)

    def _decide(
        self, labelling: Labelling, node: Node, in_port: int, label: int
    ) -> Iterable[tuple[Node, int, int]]:
        """Add the entry of a decision; where packets come to from here, by labels without base."""
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
        matched = (("eth_type", ETH_MPLS), ("in_port", in_port), ("mpls_label", self._base + label))
        actions = self._actions(node.hub, buckets, in_port, label)
        why = cookie(_reason(node, in_port), policy=self._number, serial=self._serial)
        flow = Flow(Table.SWITCH, PRIORITY_RULE, matched, actions, None, why)
        # To hash every entry would take longer than to make it; two of one port and label are rare.
        if self._decided.setdefault(node.hub, {}).setdefault((in_port, label), flow) != flow:
            self._twins.setdefault(node.hub, {})[flow] = None

    def _bucket(self, node: Node, in_port: int, label: int, carried: int) -> Bucket:
        port = self._dst.port
        actions: tuple[Action, ...] = (self._pop, output(port))
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
            given = set_field("mpls_label", self._base + label)
            known = self._relabels[label] = (given, phase)
        return known

    def _actions(
        self, hub: str, buckets: list[Bucket], in_port: int, label: int
    ) -> tuple[Action, ...]:
        """The only alternative as it is, several as a group; equal groups are one."""
        if len(buckets) == 1:
            return buckets[0].actions
        path = self._base + label & LAST_PATH
        number = self._group_base | path << GROUP_PATH_SHIFT | in_port
        return (group(self._groups.setdefault(hub, {}).setdefault(tuple(buckets), number)),)


def shared_flows(
    wiring: Wiring,
    topology: Topology,
    pairs: tuple[tuple[str, str], ...],
    ipv6: frozenset[str] = frozenset(),
) -> dict[str, tuple[Flow, ...]]:
    """By hub, the entries that serve all directions, given the hosts at the ends of those of IPv4,
    and the hosts that send IPv6."""
    borders: dict[str, list[int]] = {hub.hub: [] for hub in wiring.hubs}
    inland: dict[str, list[int]] = {hub.hub: [] for hub in wiring.hubs}
    for wire in wiring.fibres:
        over = crosses_border(topology, topology.fibre(wire.fibre))
        for end in (wire.a, wire.z):
            (borders if over else inland)[end.hub].append(end.port)
    ports = {hub: (tuple(inland[hub]), tuple(borders[hub])) for hub in borders}
    return _shared(wiring, ports, pairs, ipv6)


@remembered(MOST_PLANNED)
def _shared(
    wiring: Wiring,
    ports: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]],
    pairs: tuple[tuple[str, str], ...],
    ipv6: frozenset[str],
) -> dict[str, tuple[Flow, ...]]:
    """By hub, the entries that serve all directions, given its inland ports and those over a
    border, the hosts at the ends of all directions, and those that send IPv6."""
    hubs = {hub.hub: hub for hub in wiring.hubs}
    flows = {
        hub: dict.fromkeys(
            (
                *final_drops(),
                *admit_ports(*ports[hub]),
                *chain.from_iterable(
                    admit_host(host, FAMILIES if host.name in ipv6 else FAMILIES[:1])
                    for host in wire.attached
                ),
            )
        )
        for hub, wire in hubs.items()
    }
    hosts = {host.name: host for host in wiring.hosts}
    for src, dst in pairs:
        flows[hosts[src].hub][arp_answer(hosts[src], hosts[dst])] = None
    return {hub: tuple(some) for hub, some in flows.items()}


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
