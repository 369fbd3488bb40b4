"""The prover's sets of headers against single packets pushed through software switches.

The switches come from the specification and share no code with the prover. Tables are
correct or spoilt at random; every packet of a small world is sent from every host.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st
from openflow_network import ARP, IPV4, LLDP, MPLS, Fate, OpenFlowNetwork, Packet
from prover_lab import Correct, correct
from random_topologies import fibre, ordered_pairs, topologies, topology

from controller.program import (
    Bucket,
    FastFailover,
    Flow,
    Program,
    Reason,
    decrement_label_ttl,
    group,
    output,
    push_label,
    set_field,
)
from controller.prover import prove, tables_of
from controller.prover.network import Network
from controller.prover.reach import End, Exploration, Step, explore
from topologies.wiring import HOST_PORT

VLAN_66 = 0x1000 | 66
STRANGER, NOWHERE = "02:00:00:00:00:66", "10.0.99.1"


def packets(tables: Correct, hub: str) -> list[Packet]:
    """Every mixture of own, others' and nobody's addresses, types and tags."""
    me = tables.wiring.hub(hub)
    ips = [host.host_ip for host in tables.wiring.hubs] + [NOWHERE]
    macs = [me.host_mac, STRANGER]
    made = []
    for mac, vlan, target in product(macs, (0, VLAN_66), ips):
        base = {"eth_src": mac, "eth_dst": STRANGER, "vlan_vid": vlan}
        for source in (me.host_ip, ips[0], NOWHERE):
            made.append(Packet.of(**base, eth_type=IPV4, ipv4_src=source, ipv4_dst=target))
            for op, sha in product((1, 2), macs):
                fields = {"arp_op": op, "arp_sha": sha, "arp_spa": source}
                fields |= {"arp_tha": STRANGER, "arp_tpa": target}
                made.append(Packet.of(**base, eth_type=ARP, **fields))
    for vlan, kind in product((0, VLAN_66), (LLDP, 0x86DD)):
        made.append(Packet.of(eth_src=me.host_mac, eth_dst=STRANGER, vlan_vid=vlan, eth_type=kind))
    return made


def takes(step: Step, packet: Packet) -> bool:
    """Whether the headers of a step include this one packet."""
    fields = dict(packet.fields)
    sent = step.packet.sent
    return all(fields.get(name) == value for name, value in sent.equal) and not any(
        fields.get(name) == value for name, value in sent.unequal
    )


def steps_of(seen: Exploration, packet: Packet, *, without_failures: bool) -> list[Step]:
    """All that the prover says happens to this one packet, from the door on."""
    found, waiting, been = [], [seen.door], set()
    while waiting:
        place = waiting.pop()
        been.add(place)
        for step in seen.steps.get(place, ()):
            if takes(step, packet) and (step.without_failures or not without_failures):
                found.append(step)
                if step.to is not None and step.to not in been:
                    waiting.append(step.to)
    return found


def predicted(steps, network: Network) -> tuple[set, set, set, set]:
    delivered = {
        (step.at.hub, step.packet.label)
        for step in steps
        if step.end is End.DELIVERED and step.at.port != HOST_PORT
    }
    returned = {
        step.at.hub for step in steps if step.end is End.DELIVERED and step.at.port == HOST_PORT
    }
    controller = {step.at.hub for step in steps if step.end is End.TO_CONTROLLER}
    crossed = {
        network.cables[step.at.hub, step.port].fibre for step in steps if step.end is End.CROSSED
    }
    return delivered, returned, controller, crossed


def sent(switches: OpenFlowNetwork, hub: str, packet: Packet, port: int = HOST_PORT) -> Fate | str:
    """What becomes of a packet, or what about it no switch would put up with."""
    try:
        return switches.send(hub, packet, port)
    except AssertionError as refused:
        return str(refused)


def observed(fate: Fate) -> tuple[set, set, set, set]:
    delivered = {
        (hub, packet.labels[-1] if packet.labels else None) for hub, packet in fate.delivered
    }
    returned = {hub for hub, _ in fate.returned}
    return delivered, returned, set(fate.to_controller), set(fate.fibres)


def labelled(flow: Flow) -> bool:
    return "mpls_label" in dict(flow.match)


APPLIES: dict[str, Callable[[Flow], bool]] = {
    "delete": lambda _: True,
    "widen": lambda flow: len(flow.match) > 1,
    "shadow": lambda flow: len(flow.match) > 1,
    "output": labelled,
    "label": lambda flow: flow.reason is Reason.LABEL,
    "group": labelled,
}


@st.composite
def spoilt(draw: st.DrawFn, tables: Correct) -> Program:
    """The program with up to three entries changed at random, some into groups.

    The last drops stay: they are C0's, and the software switches insist on them.
    """
    program = tables.program
    for kind in draw(st.lists(st.sampled_from(list(APPLIES)), max_size=3)):
        found = [
            (switch, flow)
            for switch in program.switches
            for flow in switch.flows
            if flow.priority and APPLIES[kind](flow)
        ]
        if not found:
            continue
        switch, flow = draw(st.sampled_from(found))
        ports = tables.fibre_ports(switch.hub)
        new, groups = draw(changed(kind, flow, ports, len(switch.groups) + 1))
        flows = (*(one for one in switch.flows if one != flow), *new)
        after = replace(switch, flows=flows, groups=(*switch.groups, *groups))
        switches = tuple(after if one.hub == switch.hub else one for one in program.switches)
        program = replace(program, switches=switches)
    return program


@st.composite
def changed(draw: st.DrawFn, kind: str, flow: Flow, ports: list[int], number: int):
    """What an entry is replaced by, and the groups that this takes."""
    if kind == "delete":
        return (), ()
    if kind in ("widen", "shadow"):
        name, _ = draw(st.sampled_from([one for one in flow.match if one[0] != "eth_type"]))
        match = tuple(one for one in flow.match if one[0] != name)
        wide = replace(flow, match=match, priority=draw(st.sampled_from([50, 200])))
        drop = replace(wide, actions=(), goto=None)
        return ((wide,) if kind == "widen" else (flow, drop)), ()
    if kind == "label":
        return (replace(flow, actions=(push_label(draw(st.integers(16, 20))),)),), ()
    if kind == "output":
        out = output(draw(st.sampled_from([HOST_PORT, *ports])))
        kept = tuple(one for one in flow.actions if one.kind != "output")
        return (replace(flow, actions=(*kept, out)),), ()
    outs = draw(st.lists(st.sampled_from(ports), min_size=1, unique=True))
    turn = draw(st.sampled_from([(), (set_field("mpls_label", 17),)]))
    buckets = tuple(
        Bucket(port, None, (*(turn if rank else ()), output(port)))
        for rank, port in enumerate(outs)
    )
    grouped = replace(flow, actions=(decrement_label_ttl(), group(number)))
    return (grouped,), (FastFailover(number, buckets),)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_single_packets_meet_what_the_prover_says(data):
    graph = data.draw(topologies(max_hubs=4, max_extra=2))
    tables = correct(graph, data.draw(ordered_pairs(graph)))
    agree(tables, data.draw(spoilt(tables)))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_is_cut_no_packet_leaves_what_the_prover_found(data):
    """Groups of random ports everywhere, on rings, where each hub has two ways."""
    hubs = data.draw(st.integers(3, 4))
    ring = [fibre(f"f{n}", n, (n + 1) % hubs, 1) for n in range(hubs)]
    tables = correct(topology(hubs, ring), [("hub0", "hub1"), ("hub0", "hub2")])
    switches = []
    for switch in tables.program.switches:
        flows, groups = list(switch.flows), []
        for position, flow in enumerate(flows):
            if flow.reason is Reason.SWITCH:
                ports = tables.fibre_ports(switch.hub)
                (flows[position],), made = data.draw(changed("group", flow, ports, len(groups) + 1))
                groups += made
        switches.append(replace(switch, flows=tuple(flows), groups=tuple(groups)))
    agree(tables, replace(tables.program, switches=tuple(switches)))


def agree(tables: Correct, program: Program) -> None:
    """Every packet of every host, with up to two fibres cut: exactly so, or within the search."""
    network = Network(tables_of(program), tables.wiring, tables.program)
    proof = prove(tables_of(program), tables.wiring, tables.program)
    doors = {
        hub.hub: (explore(network, hub.hub, HOST_PORT), packets(tables, hub.hub))
        for hub in tables.wiring.hubs
    }
    fibres = [fibre.fibre for fibre in tables.wiring.fibres]
    cuts = [frozenset(cut) for k in (0, 1, 2) for cut in combinations(fibres, k)][:6]
    for down in cuts:
        switches = OpenFlowNetwork(program, tables.wiring, down)
        for hub, (seen, some) in doors.items():
            for packet in some:
                fate = sent(switches, hub, packet)
                if isinstance(fate, str):
                    # A loop, chance between entries, no last entry: none of it may be proven.
                    cut_off = "sends into nothing" in fate and down
                    assert cut_off or not proof.holds, fate
                    continue
                steps = steps_of(seen, packet, without_failures=not down)
                said, happened = predicted(steps, network), observed(fate)
                if down:
                    for may, did in zip(said, happened, strict=True):
                        assert did <= may, f"{packet} with {set(down)} cut\n{fate}"
                else:
                    assert said == happened, f"{packet}\n{fate}"


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_a_fibre_brings_meets_what_the_prover_says(data):
    graph = data.draw(topologies(max_hubs=4, max_extra=2))
    tables = correct(graph, data.draw(ordered_pairs(graph)))
    program = data.draw(spoilt(tables))
    network = Network(tables_of(program), tables.wiring, tables.program)
    switches = OpenFlowNetwork(program, tables.wiring)
    for hub, port in network.cables:
        seen = explore(network, hub, port)
        for label in [*(path.label for path in tables.program.paths), 900_000]:
            inner = {"eth_src": STRANGER, "eth_dst": STRANGER, "eth_type": IPV4}
            packet = Packet.of(labels=(label,), **inner, ipv4_src=NOWHERE, ipv4_dst=NOWHERE)
            outer = Packet.of(**(inner | {"eth_type": MPLS, "mpls_label": label}))
            fate = sent(switches, hub, packet, port)
            if isinstance(fate, str):
                continue
            steps = steps_of(seen, outer, without_failures=True)
            first = {step.at.hub for step in steps if step.end is End.DELIVERED}
            said = bool(first) or any(step.end is End.CROSSED for step in steps)
            happened = bool(fate.fibres) or hub in {at for at, _ in fate.delivered}
            assert said == happened, f"{hub} port {port}: {packet}\n{fate}"


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_proof_that_holds_is_true_of_every_packet(data):
    """Of spoilt tables too, where spoiling changed nothing that matters: C0 aside."""
    graph = data.draw(topologies(max_hubs=4, max_extra=2))
    tables = correct(graph, data.draw(ordered_pairs(graph)))
    program = data.draw(spoilt(tables))
    proof = prove(tables_of(program), tables.wiring, tables.program)
    if {verdict.claim for verdict in proof.violated} - {"C0"}:
        return
    switches = OpenFlowNetwork(program, tables.wiring)
    ways = {(path.hubs[0], path.hubs[-1]): list(path.fibres) for path in tables.program.paths}
    by_ip = {host.host_ip: host.hub for host in tables.wiring.hubs}
    for host in tables.wiring.hubs:
        for packet in packets(tables, host.hub):
            fields = dict(packet.fields)
            own = fields["eth_src"] == host.host_mac and fields["vlan_vid"] == 0
            own = own and fields.get("ipv4_src") == host.host_ip
            target = by_ip.get(fields.get("ipv4_dst", ""))
            fate = switches.send(host.hub, packet)
            way = ways.get((host.hub, target)) if own else None
            assert fate.fibres == (way or []), f"{packet}\n{fate}"
            assert not fate.to_controller, f"{packet}\n{fate}"
            assert [hub for hub, _ in fate.delivered] == ([target] if way else []), fate
