"""Claims about labels: who gives them, what they say, and that they are not shared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from corridor.controller.forwarding.program import (
    Action,
    FastFailover,
    Flow,
    Table,
    Value,
    phase_of,
)
from corridor.controller.policy.phase import Phase
from corridor.controller.prover.edges_claims import is_wiring_check
from corridor.controller.prover.search.claim import Breach, Door, Edge, leaving, shown_at
from corridor.controller.prover.search.core import DOOR
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import ETH_MPLS, UNTAGGED
from corridor.controller.prover.search.lookup import uses
from corridor.controller.prover.search.reach import End, Step
from corridor.controller.prover.search.search import (
    Came,
    Exploration,
    Kind,
    Node,
    PathClaim,
    trace_to,
)
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, is_host_port


class Labels(PathClaim):
    id = "C3"
    sentence = (
        "Only host ports add labels: one to each packet, with an allowed value and the true phase."
    )

    def in_entry(self, network: Network, hub: str, flow: Flow) -> Iterator[str]:
        match = dict(flow.match)
        in_port, label = match.get("in_port"), match.get("mpls_label")
        for action in flow.actions:
            if action.kind == "push_label" and (hub, in_port) not in network.host_at:
                yield "gives labels elsewhere than at the host's port"
            if action.kind == "controller" and not _may_be_fibre(in_port):
                yield "sends more than LLDP of fibres to the controller"
        given = _given(network, hub, flow)
        named = {one for _, one in given} | ({label} if isinstance(label, int) else set[int]())
        for one in sorted(named):
            if (why := _unusable(one)) is not None:
                yield f"uses label {one}, {why}"
        if not given:
            return
        if flow.table != Table.SWITCH and any(kind == "set_field" for kind, _ in given):
            yield "changes labels elsewhere than in the last table"
        if _is_before_gateway(in_port):
            for _, one in given:
                if phase_of(one) is Phase.ASSESSED:
                    yield f"declares assessed ({one}) what has not come from the gateway"

    def in_group(self, _network: Network, _hub: str, group: FastFailover) -> Iterator[str]:
        kinds = {action.kind for bucket in group.buckets for action in bucket.actions}
        if "push_label" in kinds:
            yield "gives labels, which only an entry of a host's port may"
        if "controller" in kinds:
            yield "sends more than LLDP of fibres to the controller"

    def in_step(self, _network: Network, step: Step) -> Iterator[str]:
        packet, end = step.packet, step.end
        if end is End.MISLABELLED:
            yield f"labels are not one deep: {step.note}"
        elif end is End.TO_CONTROLLER:
            yield "reaches the controller"
        elif end is End.DELIVERED and packet.may_be("eth_type", ETH_MPLS):
            yield "reaches a host with its label on"
        elif step.to is not None and packet.label is None:
            yield "leaves without a label that a switch gave"
        elif step.to is not None and packet.label is not None:
            phase = phase_of(packet.label)
            if packet.tc != int(phase):
                says = "one not known" if packet.tc is None else str(packet.tc)
                yield f"has a label that says {phase.name} and traffic class {says}"

    def at_edge(self, _network: Network, edge: Edge) -> Iterator[Breach]:
        for step in leaving(edge.steps):
            sent = step.packet.sent
            for headers in (sent.cut("vlan_vid", UNTAGGED)[1], sent.cut("eth_type", ETH_MPLS)[0]):
                if headers is not None:
                    yield shown_at(step, "a tag or label of the host survives", headers)

    def at_port(self, network: Network, door: Door) -> Iterator[Breach]:
        for step in door.unlabelled:
            if step.packet.label is not None:
                yield shown_at(step, "gives a label to what came in without one")
            elif step.end is End.TO_CONTROLLER and not is_wiring_check(network, step):
                yield shown_at(step, "more than LLDP reaches the controller")
        for step in leaving(door.unnamed):
            yield shown_at(step, "accepts any label")
        for step in leaving(door.unfit):
            yield shown_at(step, "lets over the border what may not cross one")
        for step in leaving(door.unsent):
            label = step.at.packet.label
            if label not in network.resting:
                yield shown_at(step, f"accepts label {label}, which no demand's packets bring here")

    def along_paths(self, _network: Network, seen: Exploration) -> Iterator[Breach]:
        for found in seen.of_kind(Kind.MISLABELLED):
            label, demand = found.step.packet.label, seen.demand
            if label is not None and demand is not None:
                name = demand.permits.name(found.node[1])
                said = f"its label says {phase_of(label).name}, and it is {name}"
                trace = trace_to(seen, found.node, found.step)
                yield Breach(said, found.step.at.hub, None, trace, demand)
        for node, step, came in _assessed_by_no_gateway(seen):
            said = "its label says ASSESSED, and it has passed no gateway"
            yield Breach(said, step.at.hub, None, trace_to(seen, node, step, came), seen.demand)


def _assessed_by_no_gateway(seen: Exploration) -> Iterator[tuple[Node, Step, Came]]:
    """Return the steps that write ASSESSED on a packet that has passed no gateway.

    A detour may go on under another permit, which has been satisfied at an earlier gateway. So the
    port that a packet comes in by does not decide; the path behind the packet does.
    """
    if not any(phase_of(label) is Phase.ASSESSED for label in seen.labels):
        return
    came: Came = {}
    waiting, met = [seen.start], {seen.start}
    while waiting:
        node = waiting.pop()
        for turn in seen.at(node[0]).turns:
            is_met = node[0] == DOOR or not turn.is_narrow or seen.happens(turn.step)
            if is_met and _writes_assessed(turn.step):
                yield node, turn.step, came
        for to, turn in seen.edges[node]:
            if to not in met and turn.step.end is not End.ASSESSED:
                met.add(to)
                came[to] = node, turn
                waiting.append(to)


def _writes_assessed(step: Step) -> bool:
    before, after = step.at.packet.label, step.packet.label
    if after is None or phase_of(after) is not Phase.ASSESSED:
        return False
    return before is None or phase_of(before) is not Phase.ASSESSED


RESERVED = range(16)
"""RFC 3032, 2.1: they mean something else, whatever an entry says."""
OF_SNAP_HEADERS = range(0xAAAA0, 0xAAAAF + 1)
"""What the next hub reads where a label was pushed behind a host's LLC and SNAP header: the octets
AA-AA and four bits of the host's choice."""


def _unusable(label: int) -> str | None:
    """Why no demand may have a label; None if one may."""
    if label in RESERVED:
        return "which RFC 3032 reserves"
    return "which hosts can make with a SNAP header" if label in OF_SNAP_HEADERS else None


def _is_before_gateway(port: Value | None) -> bool:
    """Whether packets at a port have passed no gateway, as some have that come by any port."""
    return port is None or port == GATEWAY_IN_PORT or is_host_port(port)


def _may_be_fibre(port: Value | None) -> bool:
    return not (port == GATEWAY_OUT_PORT or _is_before_gateway(port))


class Separation(PathClaim):
    id = "C14"
    sentence = "No label carries packets of two demands."

    def along_paths(self, _network: Network, _seen: Exploration) -> Iterator[Breach]:
        yield from ()

    def among(self, explored: Sequence[Exploration]) -> Iterator[Breach]:
        if sum(len(seen.labels) for seen in explored) == len(
            frozenset[int]().union(*(seen.labels for seen in explored))
        ):
            return
        owner: dict[int, Exploration] = {}
        for seen in explored:
            for label in sorted(seen.labels):
                first = owner.setdefault(label, seen)
                if first is not seen:
                    yield _shared(label, first, seen)


def _shared(label: int, first: Exploration, seen: Exploration) -> Breach:
    ids = [one.demand.id if one.demand else "nobody" for one in (first, seen)]
    node, step = next(
        (node, turn.step)
        for node in seen.edges
        for turn in seen.at(node[0]).turns
        if label in (turn.step.packet.label, turn.step.at.packet.label)
    )
    said = f"label {label} carries packets of {ids[0]} and of {ids[1]}"
    return Breach(said, step.at.hub, None, trace_to(seen, node, step), seen.demand)


def _given(network: Network, hub: str, flow: Flow) -> list[tuple[str, int]]:
    """Labels that an entry writes, itself or by its groups, and by which kind of action."""
    groups, waiting, seen = network.lookups[hub].groups, [flow.actions], set[Value]()
    found: list[tuple[str, int]] = []
    while waiting:
        actions = waiting.pop()
        found += _written(actions)
        for number in uses(actions, "group"):
            if number not in seen and number in groups:
                seen.add(number)
                waiting += [bucket.actions for bucket in groups[number].buckets]
    return found


def _written(actions: Iterable[Action]) -> Iterator[tuple[str, int]]:
    for action in actions:
        arguments = action.arguments
        if action.kind == "push_label" and isinstance(arguments[0], int):
            yield action.kind, arguments[0]
        elif arguments[:1] == ("mpls_label",) and isinstance(arguments[1], int):
            yield action.kind, arguments[1]
