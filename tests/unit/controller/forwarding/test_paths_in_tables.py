"""Tables follow forwarding graphs: same fibres, gateways and drops, whatever has failed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.forwarding.compiler import crosses_border
from corridor.controller.forwarding.forwarding_graph import Assess
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.forwarding.program import Reason, Table, phase_of
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.intent.specification import failures_of
from corridor.controller.policy.phase import Phase
from corridor.controller.prover.search.declared_network import is_over_border
from corridor.topologies.model.wiring import GATEWAY_OUT_PORT, HOST_PORT
from openflow_network import IPV4, Packet
from paths_lab import anything_failed, nodes, served_together
from policy_lab import applicable_policies, corridor, fibre, hub, network, permit, restrict
from tables_lab import Laid

ROOT = Path(__file__).resolve().parents[4]
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
GATES = {"waypoints": [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}]}


def gated(*rules, over=("link", "srlg", "hub", "gateway"), k=1):
    """West to Karachi through a gateway."""
    rules = rules or (permit(hard=GATES),)
    return Laid(corridor(), [Intent(applicable_policies(*rules), protection=Protection(k, over))])


def fate_of(made, *names, **changes):
    failures = failures_of(made.graph, names)
    sent = made.packet("west", "karachi", **changes)
    return made.while_failed(failures).send("west", sent)


@FEW
@given(served_together(), st.integers(0, 2**32))
def test_a_packet_goes_as_its_path_says_whatever_has_failed(intents, seed):
    graph = intents[0].applicable_policies.topology
    made = Laid(graph, intents)
    chance = Random(seed)
    for _ in range(10):
        failures = anything_failed(graph, chance)
        switches = made.while_failed(failures)
        for planned in made.graphs:
            src, dst = planned.intent.pair
            if failures.hubs & {src, dst}:
                continue
            expected = trace_packet(planned, graph, failures)
            fate = switches.send(src, made.packet(src, dst))
            assert tuple(fate.fibres) == expected.path.fibres, f"{failures}\n{fate}"
            assert tuple(fate.gateways) == expected.gateways, f"{failures}\n{fate}"
            assert len(fate.delivered) == int(expected.delivered), f"{failures}\n{fate}"
            assert fate.copies == 1
            if fate.dropped:
                assert fate.dropped[0][0] == expected.path.dst


@FEW
@given(served_together())
def test_whatever_is_labelled_says_its_phase_in_the_traffic_class(intents):
    made = Laid(intents[0].applicable_policies.topology, intents)
    labels = {use.label: use.phase for use in made.program.labels}
    for switch in made.program.switches:
        taken = [flow.actions for flow in switch.flows]
        taken += [bucket.actions for group in switch.groups for bucket in group.buckets]
        for actions in taken:
            told = [
                action.arguments
                for action in actions
                if action.kind == "push_label" or action.arguments[:1] == ("mpls_label",)
            ]
            classes = [a.arguments[1] for a in actions if a.arguments[:1] == ("mpls_tc",)]
            assert classes == [labels[given[-1]] for given in told]


@FEW
@given(served_together())
def test_what_may_not_cross_a_border_is_dropped_behind_it(intents):
    made = Laid(intents[0].applicable_policies.topology, intents)
    for wire in made.wiring.fibres:
        over = crosses_border(made.graph, made.graph.fibre(wire.fibre))
        for end in (wire.a, wire.z):
            for phase in Phase:
                stray = Packet((("eth_type", IPV4),), (0xFFFFF,), label_tc=phase)
                fate = made.network.send(end.hub, stray, port=end.port)
                stopped = over and not phase.may_cross_borders
                reason = Reason.DROP_BORDER if stopped else Reason.DROP_NOT_SWITCHED
                assert fate.dropped == [(end.hub, reason)]


@FEW
@given(served_together())
def test_each_place_decides_once(intents):
    """A label means one decision at a hub, whichever port it comes by; none is met twice."""
    made = Laid(intents[0].applicable_policies.topology, intents)
    for switch in made.program.switches:
        places = [flow.match for flow in switch.flows if flow.table == Table.SWITCH and flow.match]
        assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("near", "far", "crosses", "over"),
    [
        ("CN", "CN", (), False),
        ("CN", "CN", ("CN",), False),
        ("CN", "CN", ("HK",), True),
        ("CN", "HK", (), True),
        ("CN", "XX", (), True),
        ("CN", "CN", ("XX",), True),
    ],
)
def test_a_fibre_is_over_a_border_unless_it_certainly_stays(near, far, crosses, over):
    joined = network([hub("a", near), hub("b", far)], [fibre("a-b", 1, crosses=crosses)])
    assert crosses_border(joined, joined.fibre("a-b")) is over
    assert is_over_border(joined, joined.fibre("a-b")) is over


@pytest.mark.parametrize(("code", "over"), [("CN", False), ("HK", True), ("XX", True)])
def test_a_fibre_that_may_leave_is_over_a_border_to_compiler_and_prover(code, over):
    doubt = ({"code": code, "why": "a strait"},)
    joined = network([hub("a", "CN"), hub("b", "CN")], [fibre("a-b", 1, may_cross=doubt)])
    assert crosses_border(joined, joined.fibre("a-b")) is over
    assert is_over_border(joined, joined.fibre("a-b")) is over


def test_a_packet_goes_through_the_gateway_before_the_border():
    fate = fate_of(gated())
    assert fate.fibres == ["west-kun", "kun-mandalay", "mandalay-mumbai", "mumbai-karachi"]
    assert fate.gateways == ["kun"]


def test_it_comes_back_from_the_gateway_with_the_label_it_went_in_by():
    made = gated()
    (through,) = (
        flow
        for switch in made.program.switches
        for flow in switch.flows
        if flow.reason is Reason.FROM_GATEWAY
        if switch.hub == "kun" and _first_label(made) == dict(flow.match)["mpls_label"]
    )
    assert dict(through.match)["in_port"] == GATEWAY_OUT_PORT
    before, past = _first_label(made), _label_given_by(made, "kun", through)
    assert (phase_of(before), phase_of(past)) == (Phase.PRE, Phase.ASSESSED)


def _first_label(made):
    (pushed,) = (
        action.arguments[0]
        for switch in made.program.switches
        for flow in switch.flows
        for action in flow.actions
        if action.kind == "push_label"
    )
    return pushed


def _label_given_by(made, hub_id, flow):
    (switch,) = (one for one in made.program.switches if one.hub == hub_id)
    groups = {group.id: group for group in switch.groups}
    actions = [
        inner
        for action in flow.actions
        for inner in (
            groups[action.arguments[0]].buckets[0].actions if action.kind == "group" else (action,)
        )
    ]
    (label,) = (a.arguments[1] for a in actions if a.arguments[:1] == ("mpls_label",))
    return label


def test_a_dead_gateway_is_passed_by_to_another_and_never_without():
    fate = fate_of(gated(), "gateway:kun")
    assert [name for name, _ in fate.delivered] == ["karachi"]
    assert fate.gateways == ["coast"]
    fate = fate_of(gated(), "gateway:kun", "gateway:coast")
    assert fate.delivered == []
    assert fate.gateways == []
    assert "kun-mandalay" not in fate.fibres, "dropped before the border"


def test_an_unprotected_gateway_stops_what_it_cannot_assess():
    fate = fate_of(gated(over=("link",)), "gateway:kun")
    assert fate.dropped == [("kun", Reason.TO_GATEWAY)]


def test_a_detour_behind_the_border_keeps_what_was_assessed():
    fate = fate_of(gated(over=("link",)), "link:kun-mandalay")
    assert [name for name, _ in fate.delivered] == ["karachi"]
    assert fate.gateways == ["kun"], "once is enough"


def test_a_bounced_packet_goes_back_by_the_port_it_came_by():
    there = network(
        [hub("west", "CN"), hub("mid", "CN"), hub("karachi", "CN")],
        [fibre("west-mid", 1), fibre("mid-karachi", 1), fibre("west-karachi", 9)],
    )
    made = Laid(there, [Intent(applicable_policies(permit(), on=there), protection=Protection(1))])
    fate = fate_of(made, "link:mid-karachi")
    assert fate.fibres == ["west-mid", "west-mid", "west-karachi"]


def test_a_group_of_risk_is_left_at_once():
    twins = network(
        [hub("west", "CN"), hub("karachi", "CN"), hub("mid", "CN")],
        [
            fibre("west-karachi", 1, srlgs=("ditch",)),
            fibre("west-karachi.2", 2, srlgs=("ditch",)),
            fibre("west-mid", 5),
            fibre("karachi-mid", 5),
        ],
    )
    intent = Intent(applicable_policies(permit(), on=twins), protection=Protection(1, ("srlg",)))
    made = Laid(twins, [intent])
    assert fate_of(made, "srlg:ditch").fibres == ["west-mid", "karachi-mid"]
    assert fate_of(made, "link:west-karachi").fibres == ["west-mid", "karachi-mid"]


def test_a_detour_that_would_be_unlawful_is_not_taken():
    rules = {"located_in": ["MM"], "operated_by": ["SCO"], "unknown_operator": "accept"}
    made = gated(permit(hard=GATES), restrict(hard={"avoid": rules}))
    assert fate_of(made).fibres == ["west-coast", "coast-karachi"]
    fate = fate_of(made, "link:coast-karachi")
    assert fate.delivered == []
    assert fate.dropped[0][0] == "coast"


def test_all_fibres_to_a_border_go_through_the_border_table():
    made = gated()
    for switch in made.program.switches:
        admitted = {
            dict(flow.match)["in_port"]: flow.goto
            for flow in switch.flows
            if flow.table == Table.ADMIT and flow.goto in (Table.SWITCH, Table.BORDER)
        }
        for wire in made.wiring.fibres:
            for end in (wire.a, wire.z):
                if end.hub == switch.hub:
                    over = crosses_border(made.graph, made.graph.fibre(wire.fibre))
                    assert admitted.pop(end.port) == (Table.BORDER if over else Table.SWITCH)
        assert admitted == {GATEWAY_OUT_PORT: Table.SWITCH}


def test_only_hubs_that_assess_get_a_gateways_ports():
    made = gated()
    assess = {
        node.hub for planned in made.graphs for node in nodes(planned) if isinstance(node, Assess)
    }
    assert {one.hub for one in made.wiring.hubs if one.gateway} == assess == {"kun", "coast"}


def test_delivery_depends_on_nothing_that_may_fail():
    made = gated()
    arrivals = [
        flow
        for switch in made.program.switches
        if switch.hub == "karachi"
        for flow in switch.flows
        if flow.reason is Reason.EGRESS and dict(flow.match)["in_port"] != HOST_PORT
    ]
    assert arrivals
    assert all([a.kind for a in flow.actions] == ["pop_label", "output"] for flow in arrivals)


DIGEST = """
import hashlib, json, sys
from datetime import date
from corridor.controller.forwarding.compiler import build_forwarding_graphs
from corridor.controller.forwarding.compiler import compile_forwarding_graphs, gateways_of
from corridor.controller.intent.intent import Protection, intents_of
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import Demand
from corridor.topologies.formats.load import load_topology
from corridor.topologies.base.codec import to_plain
from corridor.topologies.model.wiring import wire

topology = load_topology("pan-asia")
ends = [("guian", "karachi"), ("urumqi", "bangkok"), ("shanghai", "riyadh"), ("guian", "beijing")]
demands = [
    Demand.model_validate({"id": f"d{n}", "class": "cn-personal-contract", "src": a, "dst": z})
    for n, (a, z) in enumerate(ends)
]
intents = intents_of(
    load_policies("pan-asia", topology), topology, demands, date(2026, 1, 1), Protection(1)
)
graphs = build_forwarding_graphs(topology, intents)
wiring = wire(topology, gateways=gateways_of(graphs))
program = compile_forwarding_graphs(wiring, topology, graphs).program
print(hashlib.sha256(json.dumps(to_plain(program)).encode()).hexdigest())
"""


def test_the_same_input_gives_the_same_program_in_any_process():
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / ".package")},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "4711")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 2 * hashlib.sha256().digest_size
