"""Whether cookies say what entries do: what is dropped is counted by what is wrong with it, and
what is served as its demand's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    Action,
    FastFailover,
    Flow,
    Reason,
    Table,
)
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import (
    ETH_ARP,
    ETH_IPV4,
    ETH_LLDP,
    ETH_MPLS,
    IP_PROTO,
    UNTAGGED,
    Box,
    Condition,
    outside,
)
from corridor.controller.prover.search.reach import Step
from corridor.topologies.model.wiring import (
    GATEWAY_IN_PORT,
    GATEWAY_OUT_PORT,
    HOST_PORT,
    HubWire,
)

_TAKEN_BY_NONE = {
    Table.ADMIT: Reason.DROP_NOT_ADMITTED,
    Table.CLASSIFY: Reason.DROP_UNCLASSIFIED,
    Table.LABEL: Reason.DROP_NO_LABEL,
    Table.BORDER: Reason.DROP_BORDER,
    Table.SWITCH: Reason.DROP_NOT_SWITCHED,
}
"""What the packets are counted as that no other entry of a table takes."""
ETH_IPV6, ETH_MPLS_MULTICAST = 0x86DD, 0x8848
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
    return Reason.EGRESS if HOST_PORT in sent_by else Reason.SWITCH


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


def miscounted(network: Network, host: HubWire, step: Step) -> Iterator[tuple[str, Box]]:
    """What a host's port drops, and counts as what it is not; with the headers."""
    last = step.matched[-1] if step.matched else None
    reason = reason_of(last) if last else None
    if last is not None and reason is None:
        return
    for due, headers in _wrong_with(host, step.packet.sent):
        said = f"is counted as {reason.name}" if reason else "is not counted"
        if due is not None and due is not reason:
            yield f"what {host.host} sends {said} instead of {due.name}", headers
        elif due is None and (last is None or reason not in _OF_DEMANDS):
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


_OF_DEMANDS = (Reason.DROP_UNCLASSIFIED, Reason.DROP_BLOCKED, Reason.DROP_NO_LABEL)


def _packets_of(network: Network, number: int) -> tuple[Box, ...]:
    known = network.demands
    return known[number - 1].packets if 0 < number <= len(known) else ()


def _wrong_with(host: HubWire, sent: Box) -> Iterator[tuple[Reason | None, Box]]:
    """Headers by what is wrong with them before it is asked whose data they are; None where nothing
    is."""
    left, tagged = sent.cut("vlan_vid", UNTAGGED)
    yield from _some(Reason.DROP_TAGGED, tagged)
    ipv4, left = left.cut("eth_type", ETH_IPV4) if left else (None, None)
    yield from _wrong_with_ipv4(host, ipv4)
    for eth_type, reason in _WRONG_TYPES:
        wrong, left = left.cut("eth_type", eth_type) if left else (None, None)
        yield from _some(reason, wrong)
    yield from _some(Reason.DROP_NOT_ADMITTED, left)


def _wrong_with_ipv4(host: HubWire, ipv4: Box | None) -> Iterator[tuple[Reason | None, Box]]:
    wrong, left = ipv4.cut("eth_dst", BROADCAST) if ipv4 else (None, None)
    yield from _some(Reason.DROP_BROADCAST, wrong)
    left, wrong = left.cut("eth_src", host.host_mac) if left else (None, None)
    yield from _some(Reason.DROP_SPOOFED_MAC, wrong)
    left, wrong = left.cut("ipv4_src", host.host_ip) if left else (None, None)
    yield from _some(Reason.DROP_SPOOFED_IP, wrong)
    yield from _some(None, left)


def _some(reason: Reason | None, headers: Box | None) -> Iterator[tuple[Reason | None, Box]]:
    if headers is not None:
        yield reason, headers
