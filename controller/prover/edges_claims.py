"""Claims about what hosts may send, and what other doors let in that is not labelled.

They include that cookies say what entries do: what is dropped is counted by what is wrong with it,
and what is served as its demand's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    ETH_IPV4,
    ETH_IPV6,
    Action,
    FastFailover,
    Flow,
    Reason,
    Table,
    epoch_of,
)
from corridor.controller.prover.search.claim import Breach, Door, Edge, TraceStep, leaving, shown_at
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import (
    ARP_REPLY,
    ETH_ARP,
    ETH_LLDP,
    ETH_MPLS,
    IP_PROTO,
    UNTAGGED,
    Allowed,
    Box,
    Condition,
    box,
    outside,
)
from corridor.controller.prover.search.reach import RESERVED_PORTS, End, Step
from corridor.controller.prover.search.search import Exploration, Kind, PathClaim, trace_to
from corridor.topologies.model.addresses import ETH_TYPE, Family
from corridor.topologies.model.wiring import (
    GATEWAY_IN_PORT,
    GATEWAY_OUT_PORT,
    HostEnd,
    is_host_port,
)

_TAKEN_BY_NONE = {
    Table.ADMIT: Reason.DROP_NOT_ADMITTED,
    Table.CLASSIFY: Reason.DROP_UNCLASSIFIED,
    Table.LABEL: Reason.DROP_NO_LABEL,
    Table.BORDER: Reason.DROP_BORDER,
    Table.SWITCH: Reason.DROP_NOT_SWITCHED,
}
"""What the packets are counted as that no other entry of a table takes."""
ETH_MPLS_MULTICAST = 0x8848
BROADCAST = "ff:ff:ff:ff:ff:ff"
_WRONG_TYPES: tuple[tuple[int, Reason], ...] = (
    (ETH_MPLS, Reason.DROP_HOST_LABEL),
    (ETH_MPLS_MULTICAST, Reason.DROP_HOST_LABEL),
    (ETH_LLDP, Reason.DROP_HOST_LLDP),
    (ETH_IPV6, Reason.DROP_IPV6),
    (ETH_ARP, Reason.DROP_SPOOFED_ARP),
)


_DROPS = frozenset([Reason.BFD, *(reason for reason in Reason if reason.is_drop)])


def reason_of(flow: Flow) -> Reason | None:
    """The reason in the cookie of an entry; None where it is not one of ours."""
    if flow.cookie >> 48 != COOKIE_MAGIC:
        return None
    try:
        return flow.reason
    except ValueError:
        return None


def uncounted(flows: Iterable[Flow]) -> Iterator[str]:
    """Tables without a last entry that drops whatever no other takes, and counts it as that."""
    held = {
        (flow.table, reason_of(flow))
        for flow in flows
        if not flow.match and not flow.actions and flow.goto is None
    }
    for table, reason in _TAKEN_BY_NONE.items():
        if (int(table), reason) not in held:
            yield f"does not count as {reason.name} what no entry of table {int(table)} takes"


def misnamed(flow: Flow, groups: Mapping[int, FastFailover]) -> Iterator[str]:
    """Where an entry does something else than the reason in its cookie says."""
    reason = reason_of(flow)
    if reason is None:
        return
    drops = not flow.actions and flow.goto is None
    if drops != (reason in _DROPS):
        yield f"is counted as {reason.name}, and {'drops' if drops else 'serves'}"
    elif not drops and reason is not (due := _does(flow, groups)):
        yield f"is counted as {reason.name} instead of {due.name}"


_SERVES = {
    Table.CLASSIFY: Reason.CLASSIFY,
    Table.LABEL: Reason.LABEL,
    Table.BORDER: Reason.BORDER,
}


def _does(flow: Flow, groups: Mapping[int, FastFailover]) -> Reason:
    """What an entry that does not drop is there for: in the last table, by where it sends while
    nothing fails."""
    if flow.table in _SERVES:
        return _SERVES[Table(flow.table)]
    if flow.table == Table.ADMIT:
        return _admits(flow)
    if dict(flow.match).get("in_port") == GATEWAY_OUT_PORT:
        return Reason.FROM_GATEWAY
    sent_by = {one.arguments[0] for one in _first(flow.actions, groups) if one.kind == "output"}
    if GATEWAY_IN_PORT in sent_by:
        return Reason.TO_GATEWAY
    return Reason.EGRESS if any(map(is_host_port, sent_by)) else Reason.SWITCH


def _admits(flow: Flow) -> Reason:
    if flow.goto is not None:
        return Reason.ADMIT
    is_shown = any(action.kind == "controller" for action in flow.actions)
    return Reason.WIRING_CHECK if is_shown else Reason.ARP_REPLY


def _first(actions: Iterable[Action], groups: Mapping[int, FastFailover]) -> Iterator[Action]:
    """Actions, of groups those of the first bucket; of groups within groups none."""
    for action in actions:
        group = groups.get(int(action.arguments[0])) if action.kind == "group" else None
        yield from group.buckets[0].actions if group and group.buckets else (action,)


def miscounted(network: Network, host: HostEnd, step: Step) -> Iterator[tuple[str, Box]]:
    """What a host's port drops, and counts as what it is not; with the headers."""
    last = step.matched[-1] if step.matched else None
    reason = reason_of(last) if last else None
    if last is not None and reason is None:
        return
    for due, headers in _wrong_with(host, network.families(host.name), step.packet.sent):
        said = f"is counted as {reason.name}" if reason else "is not counted"
        if due is not None and due is not reason:
            yield f"what {host.host} sends {said} instead of {due.name}", headers
        elif due is None and (last is None or reason not in _REASONS_OF_DEMANDS):
            yield f"what {host.host} sends with its own addresses {said}", headers
        elif due is None and last is not None and reason is Reason.DROP_BLOCKED:
            theirs = _packets_of(network, last.policy)
            for strange in outside(headers, theirs):
                whose = network.serves(last) or "nobody"
                yield f"what {whose} does not send is counted as its own", strange


def miscounted_at_door(step: Step, *, is_fibre: bool) -> Iterator[tuple[str, Box]]:
    """What any other port drops, of what has no label, and counts as what it is not."""
    last = step.matched[-1] if step.matched else None
    reason = reason_of(last) if last else None
    if last is not None and reason is None:
        return
    bfd, others = _split(step.packet.sent, _BFD if is_fibre else ())
    for headers, due in ((bfd, (Reason.BFD,)), *((one, _NO_LABELS) for one in others)):
        if headers is not None and reason not in due:
            said = f"is counted as {reason.name}" if reason else "is not counted"
            yield f"what has no label {said} instead of {due[0].name}", headers


_BFD: tuple[Condition, ...] = (
    ("eth_type", ETH_IPV4),
    ("ip_proto", IP_PROTO["udp"]),
    ("udp_dst", 3784),
)
"""RFC 5881, 4: Open vSwitch takes such frames for itself, and counts them where they would go."""
_NO_LABELS = (Reason.DROP_NOT_ADMITTED,)


def _split(sent: Box, by: tuple[Condition, ...]) -> tuple[Box | None, list[Box]]:
    """Headers that meet all conditions, and others; no condition is met by none."""
    left: Box | None = sent if by else None
    others: list[Box] = [] if by else [sent]
    for condition in by:
        left, other = left.cut(*condition) if left else (None, None)
        others += [other] if other is not None else []
    return left, others


_REASONS_OF_DEMANDS = (Reason.DROP_UNCLASSIFIED, Reason.DROP_BLOCKED, Reason.DROP_NO_LABEL)


def _packets_of(network: Network, number: int) -> tuple[Box, ...]:
    known = network.demands
    return known[number - 1].packets if 0 < number <= len(known) else ()


def _wrong_with(
    host: HostEnd, families: Iterable[Family], sent: Box
) -> Iterator[tuple[Reason | None, Box]]:
    """Headers by what is wrong with them before it is asked whose data they are; None where nothing
    is."""
    left, tagged = sent.cut("vlan_vid", UNTAGGED)
    yield from _some(Reason.DROP_TAGGED, tagged)
    for family in families:
        packets, left = left.cut("eth_type", ETH_TYPE[family]) if left else (None, None)
        yield from _wrong_with_packets(host, family, packets)
    for eth_type, reason in _WRONG_TYPES:
        wrong, left = left.cut("eth_type", eth_type) if left else (None, None)
        yield from _some(reason, wrong)
    yield from _some(Reason.DROP_NOT_ADMITTED, left)


def _wrong_with_packets(
    host: HostEnd, family: Family, packets: Box | None
) -> Iterator[tuple[Reason | None, Box]]:
    wrong, left = packets.cut("eth_dst", BROADCAST) if packets else (None, None)
    yield from _some(Reason.DROP_BROADCAST, wrong)
    left, wrong = left.cut("eth_src", host.host_mac) if left else (None, None)
    yield from _some(Reason.DROP_SPOOFED_MAC, wrong)
    left, wrong = left.cut(f"{family}_src", host.ip(family)) if left else (None, None)
    yield from _some(Reason.DROP_SPOOFED_IP, wrong)
    yield from _some(None, left)


def _some(reason: Reason | None, headers: Box | None) -> Iterator[tuple[Reason | None, Box]]:
    if headers is not None:
        yield reason, headers


class ClosedWorld(PathClaim):
    id = "C1"
    sentence = (
        "The first switch drops and counts packets without a demand or a permitted path; "
        "none is duplicated."
    )

    def in_switch(self, network: Network, hub: str) -> Iterator[Breach]:
        for said in uncounted(network.held(hub).flows):
            yield Breach(said, hub)

    def in_entry(self, network: Network, hub: str, flow: Flow) -> Iterator[str]:
        yield from reserved(flow.actions)
        yield from misnamed(flow, network.lookups[hub].groups)
        if copies(flow.actions) + (flow.goto is not None) > 1:
            yield "copies a packet"

    def in_group(self, _network: Network, _hub: str, group: FastFailover) -> Iterator[str]:
        for bucket in group.buckets:
            yield from reserved(bucket.actions)
            if copies(bucket.actions) > 1:
                yield "copies a packet"

    def in_step(self, _network: Network, step: Step) -> Iterator[str]:
        if step.end is End.UNCONTROLLED:
            yield f"is out of control: {step.note}"

    def at_edge(self, network: Network, edge: Edge) -> Iterator[Breach]:
        allowed = [one for demand in network.demands_from[edge.host] for one in demand.packets]
        allowed += network.questions(edge.host)
        declared = Allowed(allowed)
        for step in leaving(edge.steps):
            for rest in declared.outside(step.packet.sent):
                yield shown_at(step, f"what no demand sends gets {what(step)}", rest)
        for step in edge.steps:
            if step.end.is_drop:
                for said, headers in miscounted(network, network.hosts[edge.host], step):
                    yield shown_at(step, said, headers)

    def at_port(self, network: Network, door: Door) -> Iterator[Breach]:
        for step in leaving(door.unlabelled):
            if not is_wiring_check(network, step):
                yield shown_at(step, f"what is not labelled gets {what(step)}")
        is_fibre = (door.hub, door.port) in network.cables
        if is_fibre and door.unlabelled and not any(map(_to_controller, door.unlabelled)):
            yield Breach(f"does not show the controller LLDP of port {door.port}", door.hub)
        for step in door.unlabelled:
            if step.end.is_drop:
                for said, headers in miscounted_at_door(step, is_fibre=is_fibre):
                    yield shown_at(step, said, headers)

    def along_paths(self, _network: Network, seen: Exploration) -> Iterator[Breach]:
        """A demand that is allowed no path, and yet leaves; or whose permits are not known."""
        demand = seen.demand
        if demand is None:
            return
        if not seen.delivers and demand.is_blocked:
            yield from _blocked(seen, demand)
            yield from _not_as_blocked(seen, demand)
        yield from deaths(seen, self.id)


def deaths(seen: Exploration, claim: str) -> Iterator[Breach]:
    """Where the last permit dies, by a clause of this claim."""
    for found in seen.of_kind(Kind.DEATH):
        if found.death is not None and found.death.claim == claim:
            trace = trace_to(seen, found.node, found.step)
            hub, said = found.step.at.hub, str(found.death)
            yield Breach(said, hub, None, trace, seen.demand, found.death.violations)


def _blocked(seen: Exploration, demand: Demand) -> Iterator[Breach]:
    refused = demand.permits.refused
    for turn in seen.door.turns:
        if not turn.step.end.is_drop:
            because = refused or "no path is left of those that its permits allow"
            said = f"{demand.id} is blocked ({because}), and gets {what(turn.step)}"
            violations = refused.violations if refused else ()
            yield Breach(said, demand.src, None, (TraceStep(turn.step),), demand, violations)


def _to_controller(step: Step) -> bool:
    return step.end is End.TO_CONTROLLER


def _not_as_blocked(seen: Exploration, demand: Demand) -> Iterator[Breach]:
    """Packets of a blocked demand that are dropped as something else."""
    for turn in seen.door.turns:
        matched = turn.step.matched
        if turn.step.end.is_drop and not (matched and reason_of(matched[-1]) is _BLOCKED):
            said = f"{demand.id} is blocked, and not counted so"
            yield Breach(said, demand.src, None, (TraceStep(turn.step),), demand)


_BLOCKED = Reason.DROP_BLOCKED


class Binding(PathClaim):
    id = "C2"
    sentence = (
        "A host sends only with its own addresses and only as its own demands; "
        "packets arrive unchanged."
    )

    def in_step(self, _network: Network, step: Step) -> Iterator[str]:
        if step.end is End.DELIVERED and not is_host_port(step.at.port):
            yield from _arrives_changed(step)

    def at_edge(self, network: Network, edge: Edge) -> Iterator[Breach]:
        host = network.hosts[edge.host]
        own_ipv4 = box(eth_src=host.host_mac, ipv4_src=host.host_ip)
        own_ipv6 = box(eth_src=host.host_mac, ipv6_src=host.ip("ipv6"))
        own_arp = box(eth_src=host.host_mac, arp_sha=host.host_mac, arp_spa=host.host_ip)
        by_type = ((ETH_IPV4, own_ipv4), (ETH_IPV6, own_ipv6), (ETH_ARP, own_arp))
        for step in leaving(edge.steps):
            for eth_type, own in by_type:
                sent = step.packet.sent.cut("eth_type", eth_type)[0]
                for forged in outside(sent, (own,)) if sent else ():
                    said = f"{host.host} sends under another's address and gets {what(step)}"
                    yield shown_at(step, said, forged)
            dscp, is_arp = step.packet.value("ip_dscp"), _is_arp(step)
            sent_on = step.packet.label is not None or (step.end is End.DELIVERED and not is_arp)
            if sent_on and dscp != network.marks(step.matched):
                yield shown_at(
                    step, f"{host.host} chooses the treatment of its packets by its DSCP"
                )
            if step.end is End.DELIVERED and is_arp:
                yield from _answer(network, edge, step)
            elif step.end is End.DELIVERED:
                yield from (shown_at(step, said) for said in _arrives_changed(step))
        for asked in network.questions(edge.host):
            if not any(_answers(step, asked) for step in edge.steps):
                target = asked.known["arp_tpa"]
                yield Breach(f"{host.host} gets no address of {target}", edge.hub)

    def along_paths(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        demand = seen.demand
        if demand is None:
            return
        for turn in seen.door.turns:
            for said in _strange(network, demand, turn.step):
                yield Breach(said, demand.src, None, (TraceStep(turn.step),), demand)
        eth_type = ETH_TYPE[demand.intent.family]
        for found in seen.of_kind(Kind.DELIVERED):
            if found.step.packet.value("eth_type") not in (eth_type, None):
                trace = trace_to(seen, found.node, found.step)
                said = f"packets of {demand.id} arrive as those of another protocol"
                yield Breach(said, found.step.at.hub, None, trace, demand)
        for found in seen.of_kind(Kind.MISTAKEN):
            for turn in seen.at(found.node[0]).turns:
                for said in _strange(network, demand, turn.step):
                    trace = trace_to(seen, found.node, turn.step)
                    yield Breach(said, turn.step.at.hub, None, trace, demand)


def _strange(network: Network, demand: Demand, step: Step) -> Iterator[str]:
    """How entries that a demand's packets meet say that they are another's, or of another epoch."""
    given = step.packet.label if step.at.packet.label is None else step.at.packet.label
    for flow in step.matched:
        if flow.table not in _OF_DEMANDS or not flow.match:
            continue
        if flow.policy != demand.number:
            yield f"packets of {demand.id} are taken for {network.serves(flow) or "nobody's"}"
        elif given is not None and flow.serial != epoch_of(given) + 1:
            yield f"packets of {demand.id} are taken for those of another epoch"


_MAY_CHANGE = frozenset({"ip_dscp", "eth_type"})
"""What is written where a packet enters, and what popping a label says."""
_OF_DEMANDS = (Table.CLASSIFY, Table.LABEL, Table.SWITCH)


def _answers(step: Step, asked: Box) -> bool:
    returns = step.end is End.DELIVERED and step.port == step.at.port
    return returns and step.packet.sent.meet(asked) is not None


def _is_arp(step: Step) -> bool:
    return step.packet.sent.known.get("eth_type") == ETH_ARP


def _arrives_changed(step: Step) -> Iterator[str]:
    changed = sorted({name for name, _ in step.packet.written} - _MAY_CHANGE)
    if changed:
        yield f"arrives with another {', '.join(changed)}"


def _answer(network: Network, edge: Edge, step: Step) -> Iterator[Breach]:
    """An answer to ARP must say what is so, and go to who asks."""
    asker, sent = network.hosts[edge.host], step.packet.sent.known
    asked = sent.get("arp_tpa")
    target = next((host for host in network.hosts.values() if host.host_ip == asked), None)
    if target is None:
        return
    if step.port != step.at.port:
        yield shown_at(step, f"the answer for {target.host} goes to another host")
    truth = {
        "eth_src": target.host_mac,
        "eth_dst": asker.host_mac,
        "arp_op": ARP_REPLY,
        "arp_sha": target.host_mac,
        "arp_spa": target.host_ip,
        "arp_tha": asker.host_mac,
        "arp_tpa": asker.host_ip,
    }
    for name, value in truth.items():
        if step.packet.value(name) != value:
            yield shown_at(step, f"the answer for {target.host} has a wrong {name}")


def reserved(actions: Iterable[Action]) -> Iterator[str]:
    for action in actions:
        if action.kind == "output" and action.arguments[0] in RESERVED_PORTS:
            yield f"sends to {RESERVED_PORTS[int(action.arguments[0])]}, out of control"


_SENDING = frozenset({"output", "in_port", "controller", "group"})


def copies(actions: Iterable[Action]) -> int:
    return sum(action.kind in _SENDING for action in actions)


def is_wiring_check(network: Network, step: Step) -> bool:
    """LLDP of a fibre, which the controller wants to see."""
    at = step.at
    is_fibre = (at.hub, at.port) in network.cables
    is_lldp = step.packet.value("eth_type") == ETH_LLDP
    return step.end is End.TO_CONTROLLER and is_fibre and is_lldp


def what(step: Step) -> str:
    """Where a step leads, in words."""
    if step.end is End.CROSSED and step.to is not None:
        return f"onto the fibre to {step.to.hub}"
    return step.end.value
