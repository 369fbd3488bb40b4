"""Tables for demands of IPv6: what they match, their proof, and changes that violate claims."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
)
from corridor.controller.forwarding.program import (
    Action,
    Flow,
    Program,
    Reason,
    Table,
    pop_label,
)
from corridor.controller.intent.intent import ALL_KINDS, ANY_PACKET, Intent, Selector
from corridor.controller.intent.specification import Direction, Specification
from corridor.controller.openflow import decoding, encoding
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import Demand
from corridor.controller.prover import prove, tables_of
from corridor.controller.second_opinion import Declared, Sample, compare
from corridor.topologies.base.codec import to_plain
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.wiring import wire
from openflow_network import IPV6, OpenFlowNetwork, Packet

MINI = load_topology("mini")
WIRING = wire(MINI, ipv6=True)
NOBODY = "fd00:c0da::a00:63"
UDP = Selector("udp", dst_port=862)


def demand(name: str, family: str, **more: str) -> Demand:
    ends = {"src": "shanghai", "dst": "karachi"}
    return Demand.model_validate(
        {"id": name, "class": "unclassified", "family": family} | ends | more
    )


def specified(*demands: Demand, selector: Selector = ANY_PACKET) -> Specification:
    directions = [Direction(demand=one, selectors=(selector,)) for one in demands]
    policies = load_policies("none", MINI)
    return Specification(
        topology=MINI,
        policies=policies,
        as_of=date(2026, 12, 1),
        directions=tuple(directions),
        k=0,
        over=ALL_KINDS,
    )


def compiled(specification: Specification) -> tuple[Program, tuple[Intent, ...]]:
    graphs = build_forwarding_graphs(MINI, specification.intents())
    program = compile_forwarding_graphs(WIRING, MINI, graphs).program
    return program, tuple(graph.intent for graph in graphs)


BOTH = specified(demand("old", "ipv4"), demand("new", "ipv6"))
PROGRAM, INTENTS = compiled(BOTH)


def sent(src: str = "shanghai", dst: str = "karachi", **more: Any) -> Packet:
    near, far = WIRING.host(src), WIRING.host(dst)
    fields = {"eth_src": near.host_mac, "eth_dst": far.host_mac, "eth_type": IPV6}
    fields |= {"ipv6_src": near.ip("ipv6"), "ipv6_dst": far.ip("ipv6"), "ip_dscp": 0}
    fields |= {"ip_proto": 17, "udp_src": 5, "udp_dst": 862}
    return Packet.of(**(fields | more))


def fate(packet: Packet, program: Program = PROGRAM, hub: str = "shanghai") -> Any:
    return OpenFlowNetwork(program, WIRING).send(hub, packet, 1)


def test_a_packet_of_ipv6_arrives_as_it_was_sent():
    packet = sent()
    ((hub, arrived),) = fate(packet).delivered
    assert (hub, arrived.fields, arrived.labels) == ("karachi", packet.fields, ())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ipv6_src": NOBODY}, Reason.DROP_SPOOFED_IP),
        ({"ipv6_src": "fe80::1"}, Reason.DROP_SPOOFED_IP),
        ({"eth_src": "02:00:00:00:00:66"}, Reason.DROP_SPOOFED_MAC),
        ({"eth_dst": "ff:ff:ff:ff:ff:ff"}, Reason.DROP_BROADCAST),
        ({"ipv6_dst": NOBODY}, Reason.DROP_UNCLASSIFIED),
        ({"ipv6_dst": "ff02::1", "eth_dst": "33:33:00:00:00:01"}, Reason.DROP_UNCLASSIFIED),
        ({"vlan_vid": 0x1042}, Reason.DROP_TAGGED),
    ],
)
def test_what_is_not_of_the_demand_is_dropped_by_what_is_wrong_with_it(changed, reason):
    assert fate(sent(**changed)).dropped == [("shanghai", reason)]


def test_hosts_that_send_no_ipv6_have_no_entries_for_it():
    assert fate(sent("guian", "karachi"), hub="guian").dropped == [("guian", Reason.DROP_IPV6)]
    only, _ = compiled(specified(demand("old", "ipv4")))
    plain = compile_forwarding_graphs(
        wire(MINI), MINI, build_forwarding_graphs(MINI, specified(demand("old", "ipv4")).intents())
    ).program
    assert only == plain
    assert "ipv6" not in repr(plain.switches)


def test_addresses_of_ipv6_are_not_asked_for():
    program, _ = compiled(specified(demand("new", "ipv6")))
    assert not [flow for flow in entries(program) if flow.reason is Reason.ARP_REPLY]


def test_ports_of_ipv6_distinguish_demands():
    one = specified(demand("new", "ipv6"), selector=UDP)
    program, _ = compiled(one)
    assert fate(sent(), program).delivered
    assert fate(sent(udp_dst=863), program).dropped == [("shanghai", Reason.DROP_UNCLASSIFIED)]


def entries(program: Program) -> list[Flow]:
    return [flow for switch in program.switches for flow in switch.flows]


def proven(program: Program, intended: Program | None = None) -> dict[str, str]:
    proof = prove(tables_of(program), WIRING, MINI, INTENTS, intended)
    return {one.claim: one.status for one in proof.verdicts}


def test_tables_of_both_versions_are_proven_and_the_second_opinion_agrees():
    assert "violated" not in proven(PROGRAM, PROGRAM).values()
    opinion = compare(Declared.of(BOTH), held(PROGRAM), WIRING, sample=Sample(sets=10))
    assert opinion.agrees, str(opinion)


def held(program: Program) -> dict[str, Any]:
    return {
        "switches": {one.hub: to_plain(one.flows) for one in program.switches},
        "groups": {one.hub: to_plain(one.groups) for one in program.switches},
    }


def changed(change: Any) -> Program:
    switches = []
    for switch in PROGRAM.switches:
        flows = tuple(one for flow in switch.flows for one in change(switch.hub, flow))
        switches.append(replace(switch, flows=flows))
    made = replace(PROGRAM, switches=tuple(switches))
    assert made != PROGRAM
    return made


def is_of(flow: Flow, table: Table, eth_type: int = IPV6) -> bool:
    return flow.table == table and ("eth_type", eth_type) in flow.match


def without(flow: Flow, *names: str) -> Flow:
    return replace(flow, match=tuple(one for one in flow.match if one[0] not in names))


def acting(flow: Flow, action: Action) -> Flow:
    actions = tuple(action if one.kind == action.kind else one for one in flow.actions)
    return replace(flow, actions=actions)


def any_source(_hub, flow):
    is_admitted = is_of(flow, Table.ADMIT) and flow.goto == Table.CLASSIFY
    yield without(flow, "ipv6_src") if is_admitted else flow


def any_mac(_hub, flow):
    is_admitted = is_of(flow, Table.ADMIT) and flow.goto == Table.CLASSIFY
    yield replace(without(flow, "eth_src"), priority=105) if is_admitted else flow


def any_destination(_hub, flow):
    is_marked = is_of(flow, Table.CLASSIFY) or is_of(flow, Table.LABEL)
    yield without(flow, "ipv6_dst") if is_marked else flow


def delivered_as_ipv4(_hub, flow):
    yield acting(flow, pop_label()) if pop_label(IPV6) in flow.actions else flow


def ipv4_delivered_as_ipv6(_hub, flow):
    yield acting(flow, pop_label(IPV6)) if pop_label() in flow.actions else flow


def taken_for_the_other_demand(_hub, flow):
    as_old = flow.cookie & ~(0xFFFF << 32) | 1 << 32
    yield replace(flow, cookie=as_old) if is_of(flow, Table.CLASSIFY) else flow


def counted_as_what_it_is_not(_hub, flow):
    wrong = flow.cookie & ~(0xFFFF << 16) | Reason.DROP_IPV6 << 16
    is_false = flow.reason is Reason.DROP_SPOOFED_IP and ("eth_type", IPV6) in flow.match
    yield replace(flow, cookie=wrong) if is_false else flow


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        (any_source, "C2"),
        (any_mac, "C2"),
        (any_destination, "C1"),
        (delivered_as_ipv4, "C2"),
        (ipv4_delivered_as_ipv6, "C2"),
        (taken_for_the_other_demand, "C2"),
        (counted_as_what_it_is_not, "C1"),
    ],
)
def test_each_change_of_an_entry_violates_its_claim(change, claim):
    assert proven(changed(change))[claim] == "violated"


@pytest.mark.parametrize("change", [delivered_as_ipv4, ipv4_delivered_as_ipv6])
def test_the_second_opinion_sees_packets_that_are_taken_for_the_other_version(change):
    opinion = compare(Declared.of(BOTH), held(changed(change)), WIRING, sample=Sample(sets=10))
    assert not opinion.agrees


@pytest.mark.parametrize("text", ["FD00::1", "fd00:0::1", "10.0.0.1", "fd00::g", ""])
def test_an_address_that_is_not_in_its_one_form_is_not_understood(text):
    def written(_hub: str, flow: Flow) -> Any:
        match = tuple((name, text if name == "ipv6_src" else value) for name, value in flow.match)
        yield replace(flow, match=match)

    assert proven(changed(written))["T0"] == "violated"


def test_entries_of_ipv6_are_read_back_from_octets_as_they_were_sent():
    for flow in entries(PROGRAM):
        octets = encoding.entry(flow, 7)
        match_at = 8 + encoding._ENTRY.size
        _, at = decoding._match(octets[match_at:])
        meter, actions, goto = decoding._instructions(octets[match_at + at :])
        fields, _ = decoding._match(octets[match_at:])
        assert (tuple(sorted(fields.items())), meter, actions, goto) == (
            flow.match,
            flow.meter,
            flow.actions,
            flow.goto,
        )
