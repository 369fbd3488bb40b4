"""Paths to tables: pure, from a wiring and the paths of its demands to a ``Program``.

Pipeline of every switch::

    0 ADMIT     host port: ARP for a declared destination -> answered here
                host port: exact (MAC, IP) binding        -> 1
                fibre port: labelled                      -> 3
                fibre port: LLDP                          -> controller
    1 CLASSIFY  (port, destination)                       -> 2
    2 LABEL     (port, destination): push the path's label -> 3
    3 SWITCH    (port, label): out by the next fibre, or pop and deliver

and every table ends in a drop with its own reason. Nothing floods.
"""

from __future__ import annotations

from collections.abc import Iterable

from controller.paths import Path
from controller.program import (
    FINAL_DROP,
    Flow,
    LabelledPath,
    Program,
    Reason,
    SwitchProgram,
    Table,
    WiredLink,
    back_to_sender,
    cookie,
    decrement_label_ttl,
    match,
    output,
    pop_label,
    push_label,
    set_field,
    to_controller,
)
from topologies.errors import InputError
from topologies.wiring import HOST_PORT, FibreWire, HubWire, Wiring

ETH_IPV4, ETH_ARP, ETH_MPLS, ETH_LLDP = 0x0800, 0x0806, 0x8847, 0x88CC
UNTAGGED = 0
ARP_REQUEST, ARP_REPLY = 1, 2
FIRST_LABEL = 16  # RFC 3032: 0 to 15 are reserved
LAST_LABEL = 2**20 - 1
PRIORITY_RULE, PRIORITY_DROP = 100, 0


def compile_paths(wiring: Wiring, paths: Iterable[Path]) -> Program:
    """Tables that carry each path's pair of hubs along exactly that path, and nothing else."""
    labelled = _labelled(paths)
    ports = _ports(wiring)
    flows: dict[str, list[Flow]] = {hub.hub: _drops() for hub in wiring.hubs}
    hubs = {hub.hub: hub for hub in wiring.hubs}
    for name in hubs:
        flows[name] += _admit_fibres(name, ports)
    for name in dict.fromkeys(path.hubs[0] for path in labelled):
        flows[name].append(_admit_host(hubs[name]))
    for path in labelled:
        src, dst = hubs[path.hubs[0]], hubs[path.hubs[-1]]
        flows[src.hub] += _ingress(src, dst, path)
        for name, flow in _label_switched(path, ports):
            flows[name].append(flow)
    switches = tuple(
        SwitchProgram(hub.hub, hub.dpid, tuple(sorted(flows[hub.hub], key=_order)))
        for hub in wiring.hubs
    )
    return Program(switches, tuple(_links(wiring, hubs)), labelled)


def _labelled(paths: Iterable[Path]) -> tuple[LabelledPath, ...]:
    distinct = list(dict.fromkeys(paths))
    if FIRST_LABEL + len(distinct) - 1 > LAST_LABEL:
        raise InputError(f"{len(distinct)} paths do not fit the label space of {LAST_LABEL}")
    pairs = {(path.src, path.dst) for path in distinct}
    if len(pairs) < len(distinct):
        raise InputError("two paths join the same pair of hubs; one pair has one path here")
    return tuple(
        LabelledPath(label, path.hubs, path.fibres)
        for label, path in enumerate(distinct, start=FIRST_LABEL)
    )


def _ports(wiring: Wiring) -> dict[str, dict[str, int]]:
    """Hub to fibre to port number."""
    ports: dict[str, dict[str, int]] = {hub.hub: {} for hub in wiring.hubs}
    for fibre in wiring.fibres:
        ports[fibre.a.hub][fibre.fibre] = fibre.a.port
        ports[fibre.z.hub][fibre.fibre] = fibre.z.port
    return ports


def _drops() -> list[Flow]:
    return [
        Flow(table, PRIORITY_DROP, (), (), None, cookie(reason))
        for table, reason in FINAL_DROP.items()
    ]


def _admit_fibres(hub: str, ports: dict[str, dict[str, int]]) -> list[Flow]:
    flows = []
    for port in sorted(ports[hub].values()):
        labelled = match(in_port=port, eth_type=ETH_MPLS)
        lldp = match(in_port=port, eth_type=ETH_LLDP)
        flows += [
            Flow(Table.ADMIT, PRIORITY_RULE, labelled, (), Table.SWITCH, cookie(Reason.ADMIT)),
            Flow(
                Table.ADMIT,
                PRIORITY_RULE,
                lldp,
                (to_controller(),),
                None,
                cookie(Reason.WIRING_CHECK),
            ),
        ]
    return flows


def _admit_host(hub: HubWire) -> Flow:
    binding = match(
        in_port=HOST_PORT,
        vlan_vid=UNTAGGED,
        eth_type=ETH_IPV4,
        eth_src=hub.host_mac,
        ipv4_src=hub.host_ip,
    )
    return Flow(Table.ADMIT, PRIORITY_RULE, binding, (), Table.CLASSIFY, cookie(Reason.ADMIT))


def _ingress(src: HubWire, dst: HubWire, path: LabelledPath) -> list[Flow]:
    packet = match(in_port=HOST_PORT, eth_type=ETH_IPV4, ipv4_dst=dst.host_ip)
    return [
        _arp_answer(src, dst),
        Flow(Table.CLASSIFY, PRIORITY_RULE, packet, (), Table.LABEL, cookie(Reason.CLASSIFY)),
        Flow(
            Table.LABEL,
            PRIORITY_RULE,
            packet,
            (push_label(path.label),),
            Table.SWITCH,
            cookie(Reason.LABEL),
        ),
    ]


def _arp_answer(asker: HubWire, target: HubWire) -> Flow:
    """The switch answers for ``target``: the question never leaves the hub."""
    question = match(
        in_port=HOST_PORT,
        vlan_vid=UNTAGGED,
        eth_type=ETH_ARP,
        eth_src=asker.host_mac,
        arp_op=ARP_REQUEST,
        arp_sha=asker.host_mac,
        arp_spa=asker.host_ip,
        arp_tpa=target.host_ip,
    )
    answer = (
        set_field("eth_src", target.host_mac),
        set_field("eth_dst", asker.host_mac),
        set_field("arp_op", ARP_REPLY),
        set_field("arp_sha", target.host_mac),
        set_field("arp_spa", target.host_ip),
        set_field("arp_tha", asker.host_mac),
        set_field("arp_tpa", asker.host_ip),
        back_to_sender(),
    )
    return Flow(Table.ADMIT, PRIORITY_RULE, question, answer, None, cookie(Reason.ARP_REPLY))


def _label_switched(
    path: LabelledPath, ports: dict[str, dict[str, int]]
) -> Iterable[tuple[str, Flow]]:
    last = len(path.hubs) - 1
    for position, hub in enumerate(path.hubs):
        came_by = HOST_PORT if position == 0 else ports[hub][path.fibres[position - 1]]
        matched = match(in_port=came_by, eth_type=ETH_MPLS, mpls_label=path.label)
        if position == last:
            actions, reason = (pop_label(), output(HOST_PORT)), Reason.EGRESS
        else:
            next_port = ports[hub][path.fibres[position]]
            actions, reason = (decrement_label_ttl(), output(next_port)), Reason.SWITCH
        yield hub, Flow(Table.SWITCH, PRIORITY_RULE, matched, actions, None, cookie(reason))


def _links(wiring: Wiring, hubs: dict[str, HubWire]) -> Iterable[WiredLink]:
    for fibre in wiring.fibres:
        yield from _both_directions(fibre, hubs)


def _both_directions(fibre: FibreWire, hubs: dict[str, HubWire]) -> tuple[WiredLink, WiredLink]:
    a, z = fibre.a, fibre.z
    dpid_a, dpid_z = hubs[a.hub].dpid, hubs[z.hub].dpid
    return (
        WiredLink(dpid_a, a.port, dpid_z, z.port),
        WiredLink(dpid_z, z.port, dpid_a, a.port),
    )


def _order(flow: Flow) -> tuple[int, int, str]:
    return (flow.table, -flow.priority, repr(flow.match))
