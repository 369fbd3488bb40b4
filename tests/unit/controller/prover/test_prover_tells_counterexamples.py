"""A counterexample is whole: one packet, every hop, why, what must be dead, and how to see it."""

import re
from dataclasses import replace
from itertools import pairwise

from corridor.controller.forwarding.program import (
    Bucket,
    FastFailover,
    Flow,
    Reason,
    Table,
    back_to_sender,
    cookie,
    decrement_label_ttl,
    group,
    label_of,
    match,
    output,
    pop_label,
    set_field,
)
from corridor.controller.intent.intent import intents_of
from corridor.controller.policy.model import DataClass, Demand, PolicySet
from corridor.controller.policy.phase import Phase
from corridor.controller.prover import demand_claims as path_claims_of
from corridor.topologies.model.wiring import HOST_PORT
from mutants import MUTANTS
from mutants.paths import several
from mutants.tool import acting, of
from policy_lab import TODAY, fibre, hub, network, permit
from prover_worlds import NotHereError, atlas_world, compiled


def spoilt(name, k=1, seed=0):
    net = atlas_world(k, seed)
    return net, MUTANTS[name][1](net)


def counterexample(net, held, claim):
    proof = net.prove(held)
    return next(v.counterexample for v in proof.verdicts if v.claim == claim and v.counterexample)


def told(name, k=1, seed=0):
    net, held = spoilt(name, k, seed)
    return net, counterexample(net, held, MUTANTS[name][0])


def test_a_spoofed_packet_is_told_from_its_host_to_its_end():
    net, shown = told("source_address_is_not_checked")
    host = net.wiring.hub(shown.hops[0].hub)
    assert shown.packet["ipv4_src"] != host.host_ip
    assert shown.packet["eth_src"] == host.host_mac
    text = str(shown)
    assert text.startswith("C2 is violated: ")
    assert "sends under another's address and gets onto the fibre to" in text
    assert f"$ ovs-appctl ofproto/trace {host.bridge} 'in_port=1," in text
    assert f"nw_src={shown.packet['ipv4_src']}" in text
    assert f"iface='{host.host_interface}'" in text
    assert [rule.table for rule in shown.hops[0].rules] == [0, 1, 2, 4]


def test_a_broken_clause_is_told_with_its_law_and_where_the_packet_stands():
    _, shown = told("what_owes_a_gateway_crosses_the_border_without")
    (clause,) = shown.clauses
    assert (clause.policy, clause.clause) == ("OUT", "waypoints")
    assert clause.legal_ref == ("CN-24-7b",)
    assert shown.demand == "checkpoints from a1 to c1"
    text = str(shown)
    (where,) = re.findall(r"clause: OUT waypoints: the path is outside CN at (\S+)", text)
    assert where in ("a1-c1", "c1")
    assert "[CN-24-7b]" in text
    hop = shown.hops[-1]
    assert (hop.hub, hop.jurisdiction, hop.state) == ("a1", "CN", "PRE under OUT")
    assert str(hop.label_after) == "16 (PRE, path 16, epoch 0)"
    assert hop.then == "onto a fibre to c1"
    assert [rule.demand for rule in hop.rules] == ["", *["checkpoints"] * 3]


def test_a_detour_says_what_must_be_dead_and_how_to_take_it_down():
    net, shown = told("a_detour_takes_a_fibre_of_an_operator_it_avoids")
    (dead, *_) = shown.failures
    assert (dead.hub, dead.leads_to.split()[0]) == ("a1", net.ports["a1", dead.port][0])
    bucket = next(bucket for hop in shown.hops for bucket in hop.buckets)
    assert f"bucket 1 watches port {dead.port}, which is not live" in bucket
    interface = next(
        end.interface
        for wire in net.wiring.fibres
        for end in (wire.a, wire.z)
        if (end.hub, end.port) == (dead.hub, dead.port)
    )
    assert shown.reproduce[0] == f"ip link set {interface} down"


def test_a_dead_gateway_is_taken_down_by_its_interface():
    net, shown = told("a_dead_gateway_is_gone_past")
    assert [dead.leads_to for dead in shown.failures] == ["the gateway"]
    gateway = net.wiring.hub("a2").gateway
    assert shown.reproduce[0] == f"ip link set {gateway.in_interface} down"


def test_the_fewest_dead_ports_are_told():
    """By whichever detour packets come to b1 they end there, and also while nothing is dead."""
    net = atlas_world(2)
    ends = {
        flow: (acting(flow, pop_label(), output(HOST_PORT)),)
        for hub, flow in net.decisions("pages")
        if hub == "b1"
    }
    assert len(ends) > 1
    shown = counterexample(net, net.rewritten("b1", ends), "C6")
    assert shown.failures == ()
    assert [hop.hub for hop in shown.hops] == ["a1", "a2", "b1"]


def test_what_passes_a_gateway_is_told_on_both_sides():
    net = atlas_world(1)
    hub, flow = net.one_of(
        [
            (at, one)
            for at, one in net.decisions("more")
            if at == "a2" and one.reason is Reason.FROM_GATEWAY
        ]
    )
    held = net.replaced(hub, flow, acting(flow, output(77)))
    shown = counterexample(net, held, "C15")
    first, second = shown.hops
    assert (first.then, second.in_port) == ("into the gateway and back", 1002)
    assert (first.state, second.state) == ("PRE under OUT", "ASSESSED under OUT")


def test_each_hop_says_rules_labels_and_where_to():
    _, shown = told("nothing_is_delivered_at_an_end", k=0)
    assert shown.hops[0].label_before is None
    assert all(hop.label_after for hop in shown.hops)
    for hop, following in zip(shown.hops, shown.hops[1:], strict=False):
        assert hop.then in (f"onto a fibre to {following.hub}", "into the gateway and back")
    assert shown.hops[-1].then == "dropped"
    assert shown.hops[-1].rules[-1].reason == "DROP_NOT_SWITCHED"


def test_a_loop_after_a_cut_says_why_the_first_bucket_is_dead():
    for seed in range(9):
        try:
            _, shown = told("packets_go_round_when_a_fibre_is_cut", k=0, seed=seed)
        except NotHereError:
            continue
        assert "loops: " in shown.verdict
        assert any("group 701 takes bucket 2" in b for hop in shown.hops for b in hop.buckets)
        assert len(shown.failures) == 1
        return
    raise AssertionError("no test network has such a path")


def test_a_path_that_uses_what_it_takes_for_dead_is_said_to():
    """Around a fibre found dead, back, and over it: seen only while it goes down or comes up."""
    net = atlas_world(0)
    _, first = net.one_of(
        net.decisions("backup", lambda at, f: at == "a1" and of(f, "in_port") == HOST_PORT)
    )
    over, around = net.port("a1", "a1-a3"), net.port("a1", "a1-a2")
    label = label_of(0, Phase.DOMESTIC, 999)
    turn = (set_field("mpls_label", label), set_field("mpls_tc", int(Phase.DOMESTIC)))
    age = decrement_label_ttl()
    made = FastFailover(
        801,
        (
            Bucket(over, None, (age, output(over))),
            Bucket(around, None, (*turn, age, output(around))),
        ),
    )

    def entry(hub, fibre, *actions):
        matched = match(in_port=net.port(hub, fibre), eth_type=0x8847, mpls_label=label)
        return Flow(Table.SWITCH, 100, matched, actions, None, cookie(Reason.SWITCH))

    back = entry("a2", "a1-a2", age, back_to_sender())
    again = entry("a1", "a1-a2", age, output(over))
    end = entry("a3", "a1-a3", output(HOST_PORT))
    held = several(
        net,
        {
            "a1": {first: (acting(first, group(801)),), None: (again,)},
            "a2": {None: (back,)},
            "a3": {None: (end,)},
        },
        {"a1": made},
    )
    shown = counterexample(net, held, "C3")
    assert [hop.hub for hop in shown.hops] == ["a1", "a2", "a1", "a3"]
    assert [dead.port for dead in shown.failures] == [over]
    assert shown.note == "seen only while a1-a3 goes down or comes up"


def test_an_entry_at_fault_is_shown_with_its_place():
    net, shown = told("a_foreign_entry_is_there")
    assert (shown.rule.reason, shown.rule.cookie) == ("foreign", "0x000000000000002b")
    bridge = net.wiring.hub(shown.hub).bridge
    assert shown.reproduce == (f"ovs-ofctl -O OpenFlow13 dump-flows {bridge} table=0",)
    assert f"verdict: {shown.hub} holds a foreign entry" in str(shown)


def test_a_door_is_shown_by_the_label_that_it_lets_in():
    _, shown = told("a_label_of_yesterday_is_accepted")
    label = shown.packet["mpls_label"]
    assert label >> 19 == 1
    assert str(label) in shown.verdict
    assert f"mpls_label={label}" in shown.reproduce[0]


def test_the_shortest_of_many_is_shown():
    """Every egress without its pop: the nearest end is reported."""
    net = atlas_world(0)
    switches = [
        replace(
            switch,
            flows=tuple(
                acting(flow, output(HOST_PORT)) if flow.reason is Reason.EGRESS else flow
                for flow in switch.flows
            ),
        )
        for switch in net.program.switches
    ]
    shown = counterexample(net, net.with_switches(switches), "C3")
    assert len(shown.hops) == 2


def test_a_path_of_more_hops_than_packets_have_is_refused(monkeypatch):
    monkeypatch.setattr(path_claims_of, "LABEL_TTL", 64)
    number = 66
    names = [f"h{n:02}" for n in range(number)]
    graph = network(
        [hub(name, "CN") for name in names],
        [fibre(f"{a}-{z}", 1) for a, z in pairwise(names)],
    )
    kind = {"id": "any", "origin": "CN", "sensitivity": "general", "basis": "exempt"}
    policies = PolicySet(
        name="lab", classes=(DataClass.model_validate(kind),), policies=(permit("ALL"),)
    )
    demand = {"id": "far", "class": "any", "src": names[0], "dst": names[-1]}
    net = compiled(graph, intents_of(policies, graph, [Demand.model_validate(demand)], TODAY))
    proof = net.prove()
    assert [verdict.claim for verdict in proof.violated] == ["C8"]
    shown = proof.violated[0].counterexample
    assert "its path uses 64 hops of 64" in shown.verdict
    assert len(shown.hops) == 64
