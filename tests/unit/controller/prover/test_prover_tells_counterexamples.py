"""A counterexample is whole: one packet, every hop, why, and how to see it."""

import json
from dataclasses import replace

import pytest
from openflow_network import OpenFlowNetwork, Packet
from prover_lab import MUTANTS, acting, correct, outlet, proof_of
from random_topologies import fibre, topology

from controller.compiler import compile_paths
from controller.paths import Path
from controller.program import (
    Bucket,
    FastFailover,
    Program,
    Reason,
    decrement_label_ttl,
    group,
    output,
)
from controller.prover import prove, tables_of
from topologies.load import load_topology
from topologies.wiring import wire


@pytest.fixture
def tables():
    return correct(load_topology("mini"), [("shanghai", "guian"), ("karachi", "guian")])


def counterexample(proof, claim):
    return next(v.counterexample for v in proof.verdicts if v.claim == claim and v.counterexample)


def test_a_spoofed_packet_is_told_from_its_host_to_its_end(tables):
    shown = counterexample(proof_of(tables, MUTANTS["source_address_is_not_checked"][1]), "C2")
    host = tables.wiring.hub(shown.hops[0].hub)
    assert shown.packet["ipv4_src"] != host.host_ip
    assert shown.packet["eth_src"] == host.host_mac
    text = str(shown)
    assert text.startswith("C2 does not hold: ")
    assert "sends under another's address and gets onto the fibre to" in text
    assert f"$ ovs-appctl ofproto/trace {host.bridge} 'in_port=1," in text
    assert f"nw_src={shown.packet['ipv4_src']}" in text
    assert f"iface='{host.host_interface}'" in text
    assert [rule.table for rule in shown.hops[0].rules] == [0, 1, 2, 3]


def test_each_hop_says_rules_labels_and_where_to(tables):
    shown = counterexample(proof_of(tables, MUTANTS["nothing_is_delivered_at_an_end"][1]), "C9")
    labels = [(hop.label_before, hop.label_after) for hop in shown.hops]
    assert labels[0][0] is None
    assert {after for _, after in labels} == {labels[0][1]}
    for hop, following in zip(shown.hops, shown.hops[1:], strict=False):
        assert hop.then == f"onto a fibre to {following.hub}"
    assert shown.hops[-1].then == "dropped"
    assert shown.hops[-1].rules[-1].reason == "DROP_NOT_SWITCHED"


def test_the_packet_shown_really_does_it(tables):
    """The software switches do with it what was told."""
    for name in ("source_mac_is_not_checked", "packets_go_out_by_another_fibre"):
        claim, mutation = MUTANTS[name]
        held = mutation(tables)
        shown = counterexample(prove(held, tables.wiring, tables.program), claim)
        program = Program(tuple(held.switches.values()), tables.program.links, tables.program.paths)
        fields = {name: value for name, value in shown.packet.items() if name != "in_port"}
        fate = OpenFlowNetwork(program, tables.wiring).send(shown.hops[0].hub, Packet.of(**fields))
        way = [line.split(" ")[0] for line in fate.story if not line.startswith(" ")]
        assert way[: len(shown.hops)] == [hop.hub for hop in shown.hops]


def test_a_loop_after_a_cut_says_why_the_first_bucket_is_dead():
    graph = topology(3, [fibre("f0", 0, 1, 1), fibre("f1", 1, 2, 1)])
    tables = correct(graph, [("hub0", "hub2")])
    shown = counterexample(
        proof_of(tables, MUTANTS["packets_go_round_when_a_fibre_is_cut"][1]), "C8"
    )
    bucket = next(bucket for hop in shown.hops for bucket in hop.buckets)
    assert "group 1 takes bucket 2: bucket 1 watches port" in bucket
    assert "which is not live" in bucket
    assert "goes round: " in shown.verdict
    port = bucket.partition("watches port ")[2].partition(",")[0]
    assert shown.reproduce[0] == f"ip link set c0s2p{port} down"


def test_an_entry_at_fault_is_shown_with_its_place(tables):
    shown = counterexample(proof_of(tables, MUTANTS["a_foreign_entry_is_there"][1]), "C0")
    assert (shown.rule.reason, shown.rule.cookie) == ("foreign", "0x000000000000002b")
    bridge = tables.wiring.hub(shown.hub).bridge
    assert shown.reproduce == (f"ovs-ofctl -O OpenFlow13 dump-flows {bridge} table=0",)
    assert f"verdict: {shown.hub} holds a foreign entry" in str(shown)


@pytest.mark.parametrize("name", MUTANTS)
def test_every_counterexample_is_plain_json(tables, name):
    proof = proof_of(tables, MUTANTS[name][1])
    told = json.loads(json.dumps(proof.to_json()))
    assert told["holds"] is False
    for verdict in told["verdicts"]:
        shown = verdict["counterexample"]
        assert (shown is None) == (verdict["status"] != "violated")
        assert shown is None or shown["verdict"]


def test_the_shortest_of_many_is_shown(tables):
    """Every egress stripped of its pop: the nearest pair's way is told."""
    program = tables.program
    switches = tuple(
        replace(
            switch,
            flows=tuple(
                acting(flow, output(1)) if flow.reason is Reason.EGRESS else flow
                for flow in switch.flows
            ),
        )
        for switch in program.switches
    )
    proof = prove(tables_of(replace(program, switches=switches)), tables.wiring, program)
    shortest = min(len(path.hubs) for path in program.paths)
    assert len(counterexample(proof, "C3").hops) == shortest


def test_a_way_of_more_hops_than_packets_have_is_refused():
    hubs = 66
    graph = topology(hubs, [fibre(f"f{n}", n, n + 1, 1) for n in range(hubs - 1)])
    path = Path(tuple(f"hub{n}" for n in range(hubs)), tuple(f"f{n}" for n in range(hubs - 1)))
    wiring = wire(graph)
    program = compile_paths(wiring, (path, path.reversed()))
    proof = prove(tables_of(program), wiring, program)
    assert [verdict.claim for verdict in proof.violated] == ["C8"]
    assert "spends 64 hops of 64" in counterexample(proof, "C8").verdict


def test_a_sound_detour_drawn_by_hand_is_proven():
    graph = topology(3, [fibre("f0", 0, 1, 1), fibre("f1", 1, 2, 1), fibre("f2", 0, 2, 9)])
    tables = correct(graph, [("hub0", "hub1")])
    hub, flow = tables.pick(Reason.SWITCH, where=lambda hub, _: hub == "hub0")
    out, spare = outlet(flow), tables.other_port("hub0", outlet(flow))
    buckets = (Bucket(out, None, (output(out),)), Bucket(spare, None, (output(spare),)))
    protected = acting(flow, decrement_label_ttl(), group(1))
    held = tables.replaced(hub, flow, protected, groups=(FastFailover(1, buckets),))
    intended = replace(tables.program, switches=tuple(held.switches.values()))
    proof = prove(held, tables.wiring, intended)
    assert proof.holds, proof.violated
    assert proof.counts.groups == 1
