"""Tables of another controller: what is proven, what is not, what is not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest

from corridor.controller.forwarding.program import (
    GROUP_OF_ALL,
    Action,
    Bucket,
    FastFailover,
    Flow,
    SwitchProgram,
    Value,
    output,
    push_label,
    set_field,
    unknown,
)
from corridor.controller.prover import Proof, Tables, prove_others, tables_of
from corridor.controller.prover.search.headers import UNTAGGED
from corridor.controller.prover.search.tables import Oddity
from corridor.experiments.lab.proof import refuse_endless
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import LoadedScenario, load_scenario
from corridor.topologies.base.errors import PolicyFailure

ETH_IPV4, ETH_ARP, HOST_PORT = 0x0800, 0x0806, 1
NORMAL, FLOOD, ALL = 0xFFFFFFFA, 0xFFFFFFFB, 0xFFFFFFFC
LAWFUL = Path(__file__).resolve().parents[4] / "examples" / "lawful.yaml"
LAW = """
name: law
policies:
- {id: MAY, effect: permit}
- {id: NOT-BY-LAOS, effect: restrict, hard: {avoid: {crosses: LA}}}
"""
DEMANDS = """
schema: 1
name: three
topology: mini
demands:
- {id: train, class: ai_bulk, src: shanghai, dst: guian}
- {id: infer, class: infer, src: bangkok, dst: guian}
- {id: science, class: science, src: karachi, dst: guian}
"""
OF_THE_PIPELINE = {"C0", "C2", "C3", "C13", "C14"}


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("three") / "three.yaml"
    path.write_text(DEMANDS, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def free(three: str) -> tuple[LoadedScenario, Plan]:
    return _planned(three)


@pytest.fixture(scope="module")
def ruled(three: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[LoadedScenario, Plan]:
    """Where nothing may go by Laos, as from Bangkok to Kunming it does by the shortest path."""
    law = tmp_path_factory.mktemp("law") / "law.yaml"
    law.write_text(LAW, encoding="utf-8")
    return _planned(three, policies=str(law))


def _planned(name: str, **asked: str) -> tuple[LoadedScenario, Plan]:
    loaded = load_scenario(name, **asked)
    return loaded, make_plan(loaded, clock="virtual", run_id="c0", seed=1)


def shortest(plan: Plan, own_addresses: bool = True) -> Tables:
    """Entries of each switch for each destination; where a host is to have its ``own_addresses``,
    for its demands' packets alone."""
    graph = nx.Graph()
    for fibre in plan.wiring.fibres:
        ports = {fibre.a.hub: fibre.a.port, fibre.z.hub: fibre.z.port}
        delay = fibre.forward.one_way_delay_ns
        graph.add_edge(fibre.a.hub, fibre.z.hub, ports=ports, delay=delay)
    address = {hub.hub: hub for hub in plan.wiring.hubs}
    declared = {(one.src, one.dst) for one in plan.demands}
    declared |= {(dst, src) for src, dst in declared}
    switches = {}
    for here in plan.wiring.hubs:
        flows = []
        for src, dst in sorted(declared):
            hub_path = nx.shortest_path(graph, src, dst, weight="delay")
            if here.hub not in hub_path:
                continue
            at = hub_path.index(here.hub)
            onward = hub_path[at + 1] if at + 1 < len(hub_path) else None
            port = HOST_PORT if onward is None else graph[here.hub][onward]["ports"][here.hub]
            before = hub_path[at - 1] if at else None
            came = HOST_PORT if before is None else graph[here.hub][before]["ports"][here.hub]
            match = {"in_port": came, "eth_type": ETH_IPV4, "ipv4_dst": address[dst].host_ip}
            match["ipv4_src"] = address[src].host_ip
            if own_addresses and before is None:
                match |= {"eth_src": here.host_mac, "eth_dst": address[dst].host_mac}
                match["vlan_vid"] = UNTAGGED
            flows.append(Flow(0, 10, tuple(sorted(match.items())), (output(port),), None, 0))
        switches[here.hub] = SwitchProgram(here.hub, here.dpid, tuple(flows))
    return Tables(switches)


def with_entry(tables: Tables, hub: str, flow: Flow) -> Tables:
    held = tables.switches[hub]
    more = replace(held, flows=(*held.flows, flow))
    return Tables({**tables.switches, hub: more}, tables.oddities)


def proof_of(tables: Tables, of: tuple[LoadedScenario, Plan]) -> Proof:
    loaded, plan = of
    judged_by = specify(loaded)
    return prove_others(tables, plan.wiring, judged_by.topology, judged_by.intents())


def status(proof: Proof) -> dict[str, str]:
    return {one.claim: one.status for one in proof.verdicts}


def why(proof: Proof, claim: str) -> str:
    return next(one.why for one in proof.verdicts if one.claim == claim)


def test_tables_that_keep_to_declared_packets_and_law_are_proven(free) -> None:
    proof = proof_of(shortest(free[1]), free)
    assert proof.holds, [str(one) for one in proof.verdicts]
    said = status(proof)
    assert {one for one, is_so in said.items() if is_so == "not claimed"} == OF_THE_PIPELINE
    assert {said[one] for one in said.keys() - OF_THE_PIPELINE} == {"proven"}


def test_the_products_own_tables_hold_as_others_too(free, ruled) -> None:
    for one in (free, ruled):
        proof = proof_of(tables_of(one[1].program), one)
        assert proof.holds, [str(one) for one in proof.verdicts]


def test_what_no_demand_sends_is_shown_by_a_packet(free) -> None:
    proof = proof_of(shortest(free[1], own_addresses=False), free)
    (broken,) = proof.violated
    assert broken.claim == "C1"
    assert "a packet without a demand gets onto the fibre" in broken.counterexample.verdict
    assert broken.counterexample.packet["in_port"] == HOST_PORT


def test_an_unlawful_path_is_shown_by_a_packet_of_the_demand_and_its_path(ruled) -> None:
    proof = proof_of(shortest(ruled[1]), ruled)
    broken = {one.claim: one.counterexample for one in proof.violated}
    shown = broken["C5"]
    assert "NOT-BY-LAOS" in [one.policy for one in shown.clauses]
    assert shown.hops[-1].then in ("onto a fibre to kunming", "onto a fibre to bangkok")
    assert shown.packet["ipv4_src"] in ("10.0.0.2", "10.0.0.4")


def test_what_leaves_of_a_demand_that_no_policy_permits_is_shown(three, tmp_path: Path) -> None:
    law = tmp_path / "law.yaml"
    text = LAW.replace("NOT-BY-LAOS", "STAY").replace("avoid: {crosses: LA}", "confine: CN")
    law.write_text(text, encoding="utf-8")
    of = _planned(three, policies=str(law))
    assert next(one for one in of[1].demands if one.id == "infer").status == "BLOCKED"
    proof = proof_of(shortest(of[1]), of)
    broken = {one.claim: one.counterexample for one in proof.violated}
    assert "is blocked (" in broken["C1"].verdict
    assert "train" not in broken["C1"].verdict


def test_a_loop_is_shown(free) -> None:
    tables = shortest(free[1])
    loaded, plan = free
    fibre = next(one for one in plan.wiring.fibres if one.fibre == "shanghai-guian")
    ends = {fibre.a.hub: fibre.a.port, fibre.z.hub: fibre.z.port}
    match = (("eth_type", ETH_IPV4), ("in_port", ends["guian"]))
    turned = Flow(0, 99, match, (Action("in_port", ()),), None, 0)
    back = Flow(
        0, 99, (("eth_type", ETH_IPV4), ("in_port", ends["shanghai"])), turned.actions, None, 0
    )
    tables = with_entry(with_entry(tables, "guian", turned), "shanghai", back)
    said = status(proof_of(tables, (loaded, plan)))
    assert said["C8"] == "violated"


def test_what_goes_to_the_controller_leaves_claims_unproven_and_names_the_entry(free) -> None:
    miss = Flow(0, 0, (), (Action("controller", ()),), None, 0)
    proof = proof_of(with_entry(shortest(free[1]), "shanghai", miss), free)
    said = status(proof)
    assert said["C1"] == "not proven", "what no demand sends comes to the controller"
    assert said["C5"] == "proven", "packets of demands do not"
    assert not proof.holds
    assert "shanghai: table 0 priority 0 foreign [any]" in why(proof, "C1")
    asked = Flow(0, 99, (("in_port", HOST_PORT),), (Action("controller", ()),), None, 0)
    said = status(proof_of(with_entry(shortest(free[1]), "shanghai", asked), free))
    assert {said[one] for one in ("C1", "C4", "C5", "C6", "C7", "C9", "C16")} == {"not proven"}


@pytest.mark.parametrize(
    "odd",
    [
        Flow(
            0,
            99,
            (("ipv4_dst", "masked ['10.0.0.0', '255.0.0.0']"), ("eth_type", ETH_IPV4)),
            (output(2),),
            None,
            0,
        ),
        Flow(0, 99, (("eth_type", ETH_IPV4),), (unknown("OFPActionSetQueue"),), None, 0),
    ],
    ids=["a mask", "an action that is not known"],
)
def test_an_entry_that_cannot_be_expressed_is_named_and_nothing_is_proven(free, odd) -> None:
    proof = proof_of(with_entry(shortest(free[1]), "guian", odd), free)
    said = status(proof)
    assert said["T0"] == "violated"
    assert "proven" not in said.values(), said
    assert "guian: table 0 priority 99" in why(proof, "C5")


def test_entries_that_time_out_leave_nothing_proven(free) -> None:
    tables = shortest(free[1])
    odd = Oddity("guian", "an entry of table 0 says timeouts_s = [10, 0]")
    said = status(proof_of(Tables(tables.switches, (odd,)), free))
    assert "proven" not in said.values(), said


def test_floods_are_copies_but_those_of_questions(free) -> None:
    flood = Flow(0, 99, (("eth_type", ETH_ARP),), (output(FLOOD),), None, 0)
    assert proof_of(with_entry(shortest(free[1]), "guian", flood), free).holds
    flood = Flow(0, 99, (("eth_type", ETH_IPV4),), (output(FLOOD),), None, 0)
    proof = proof_of(with_entry(shortest(free[1]), "guian", flood), free)
    said = status(proof)
    assert said["C1"] == "violated"
    assert said["C5"] == "not proven"


def test_empty_tables_bring_nothing_anywhere(free) -> None:
    switches = {hub.hub: SwitchProgram(hub.hub, hub.dpid, ()) for hub in free[1].wiring.hubs}
    said = status(proof_of(Tables(switches), free))
    assert {one for one, is_so in said.items() if is_so == "violated"} == {"C9", "C16", "C17"}


def test_rates_and_protection_are_asked_of_others_tables_too(tmp_path: Path) -> None:
    scenario = tmp_path / "one.yaml"
    scenario.write_text(
        "schema: 1\nname: one\ntopology: mini\nprotect: {k: 1, over: [link]}\ndemands:\n"
        "- {id: a, class: dr, src: shanghai, dst: guian, guarantee: {cir: 50Mbit}}\n"
    )
    of = _planned(str(scenario))
    said = status(proof_of(shortest(of[1]), of))
    assert {one for one, is_so in said.items() if is_so == "violated"} == {"C9", "C12"}


def unproven(proof: Proof) -> set[str]:
    return {one.claim for one in proof.verdicts if one.status == "not proven"}


def rewritten(tables: Tables, hub: str, *actions: Action) -> Tables:
    """What a hub's host gets is written over first."""
    held = tables.switches[hub]
    flows = tuple(
        replace(one, actions=(*actions, *one.actions))
        if one.actions == (output(HOST_PORT),)
        else one
        for one in held.flows
    )
    return Tables({**tables.switches, hub: replace(held, flows=flows)})


def met_first(plan: Plan, hub: str, src: str, **match: Value) -> Flow:
    """An entry for what one host sends that drops it."""
    at = next(one for one in plan.wiring.hubs if one.hub == src)
    fields = {"eth_type": ETH_IPV4, "ipv4_src": at.host_ip, **match}
    return Flow(0, 99, tuple(sorted(fields.items())), (), None, 0)


@pytest.mark.parametrize("match", [{"ip_proto": 6}, {"ip_proto": 17, "udp_dst": 5}, {"ip_dscp": 9}])
def test_where_packets_of_a_demand_are_told_apart_what_one_of_them_shows_proves_nothing(
    free, match
) -> None:
    odd = met_first(free[1], "guian", "shanghai", **match)
    proof = proof_of(with_entry(shortest(free[1]), "guian", odd), free)
    assert {"C9", "C10", "C11", "C12"} <= unproven(proof)
    assert "guian: table 0 priority 99 foreign [" in why(proof, "C9")
    assert "distinguishes packets of train, of which only one is followed" in why(proof, "C9")


def test_an_entry_that_takes_no_packet_of_a_demand_tells_none_apart(free) -> None:
    odd = met_first(free[1], "guian", "shanghai", ipv4_src="10.9.9.9", ip_proto=6)
    assert proof_of(with_entry(shortest(free[1]), "guian", odd), free).holds


def test_disjoint_paths_are_not_proven_where_packets_are_told_apart(tmp_path: Path) -> None:
    scenario = tmp_path / "two.yaml"
    scenario.write_text(
        "schema: 1\nname: two\ntopology: mini\n"
        "disjoint:\n- {demands: [a, b], over: [link]}\ndemands:\n"
        "- {id: a, class: dr, src: shanghai, dst: guian}\n"
        "- {id: b, class: dr2, src: karachi, dst: bangkok}\n"
    )
    of = _planned(str(scenario))
    tables = shortest(of[1])
    odd = met_first(of[1], "shanghai", "shanghai", in_port=HOST_PORT, ip_proto=6)
    assert status(proof_of(tables, of))["C18"] == "proven"
    assert "C18" in unproven(proof_of(with_entry(tables, "shanghai", odd), of))


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ((set_field("ipv4_dst", "10.0.0.99"),), "another ipv4_dst"),
        ((set_field("eth_dst", "02:00:00:00:00:99"),), "another eth_dst"),
        ((push_label(1000),), "a label"),
    ],
)
def test_what_arrives_other_than_it_was_sent_has_not_arrived_for_certain(
    free, actions, said
) -> None:
    proof = proof_of(rewritten(shortest(free[1]), "guian", *actions), free)
    assert unproven(proof) == {"C9", "C10", "C16", "C17"}
    assert f"may arrive with {said}" in why(proof, "C16")


def test_what_is_garbled_of_the_packets_that_are_told_apart_is_found_too(free) -> None:
    odd = met_first(free[1], "guian", "shanghai", ip_proto=6)
    odd = replace(odd, actions=(set_field("ipv4_dst", "10.0.0.99"), output(HOST_PORT)))
    proof = proof_of(with_entry(shortest(free[1]), "guian", odd), free)
    assert {"C9", "C16", "C17"} <= unproven(proof)


def test_gateways_that_drop_what_lacks_the_products_labels_leave_arrival_unproven() -> None:
    of = _planned(str(LAWFUL))
    proof = proof_of(tables_of(of[1].program), of)
    assert unproven(proof) == {"C9", "C16", "C17"}
    assert "passes only the labels that the product gives" in why(proof, "C16")


def test_an_entry_to_a_group_that_was_not_read_leaves_nothing_proven(free) -> None:
    odd = met_first(free[1], "guian", "shanghai", ip_dscp=46)
    odd = replace(odd, actions=(Action("group", (9,)),))
    proof = proof_of(with_entry(shortest(free[1]), "guian", odd), free)
    said = status(proof)
    assert said["T0"] == "violated"
    assert "proven" not in said.values(), said
    assert "uses group 9, which the switch did not report" in why(proof, "C5")


def test_a_bucket_to_a_group_that_was_not_read_leaves_nothing_proven(free) -> None:
    tables = shortest(free[1])
    group = FastFailover(1, (Bucket(2, None, (Action("group", (9,)),)),))
    held = replace(tables.switches["guian"], groups=(group,))
    said = status(proof_of(Tables({**tables.switches, "guian": held}), free))
    assert "proven" not in said.values(), said


def test_what_comes_as_questions_and_is_made_something_else_is_what_no_demand_sends(free) -> None:
    match = (("eth_type", ETH_ARP), ("in_port", HOST_PORT))
    plain = Flow(0, 99, match, (output(2),), None, 0)
    assert proof_of(with_entry(shortest(free[1]), "bangkok", plain), free).holds
    labelled = replace(plain, actions=(push_label(5000), output(2)))
    popped = replace(plain, actions=(push_label(5000), Action("pop_label", ()), output(2)))
    for odd in (labelled, popped):
        proof = proof_of(with_entry(shortest(free[1]), "bangkok", odd), free)
        assert [one.claim for one in proof.violated] == ["C1"]


def test_a_chain_of_tables_too_long_to_follow_is_said_and_nothing_proven(free) -> None:
    chain = [Flow(table, 99, (), (), table + 1, 0) for table in range(250)]
    tables = shortest(free[1])
    for one in chain:
        tables = with_entry(tables, "karachi", one)
    proof = proof_of(tables, free)
    said = status(proof)
    assert {said[one] for one in said.keys() - OF_THE_PIPELINE} == {"not proven"}
    assert why(proof, "C5") == "a chain of tables or groups is too long to be followed"


def test_where_packets_go_round_nobody_says_how_long_they_take(free) -> None:
    tables, ends = shortest(free[1]), {}
    for fibre in free[1].wiring.fibres:
        if fibre.fibre == "shanghai-guian":
            ends = {fibre.a.hub: fibre.a.port, fibre.z.hub: fibre.z.port}
    for hub, port in ends.items():
        match = (("eth_type", ETH_IPV4), ("in_port", port))
        tables = with_entry(tables, hub, Flow(0, 99, match, (Action("in_port", ()),), None, 0))
    proof = proof_of(tables, free)
    assert status(proof)["C11"] == "not proven"
    assert "may loop, for an unknown time" in why(proof, "C11")


def test_an_entry_that_imitates_the_products_cookies_is_foreign(free) -> None:
    odd = Flow(0, 99, (("in_port", HOST_PORT),), (Action("controller", ()),), None, 0xC0DA << 48)
    proof = proof_of(with_entry(shortest(free[1]), "shanghai", odd), free)
    assert "table 0 priority 99 foreign [" in why(proof, "C5")


def asked_by_arp(plan: Plan, fibre: str, hub: str, *actions: Action) -> Flow:
    """An entry of a hub for ARP that comes to it by a fibre."""
    wire = next(one for one in plan.wiring.fibres if one.fibre == fibre)
    (port,) = (end.port for end in (wire.a, wire.z) if end.hub == hub)
    match = (("eth_type", ETH_ARP), ("in_port", port))
    return Flow(0, 99, match, actions, None, 0)


def sent_by_arp(plan: Plan, fibre: str, hub: str) -> Flow:
    """An entry that sends ARP of a hub's host along a fibre."""
    wire = next(one for one in plan.wiring.fibres if one.fibre == fibre)
    (port,) = (end.port for end in (wire.a, wire.z) if end.hub == hub)
    match = (("eth_type", ETH_ARP), ("in_port", HOST_PORT))
    return Flow(0, 99, match, (output(port),), None, 0)


@pytest.mark.parametrize(
    "actions",
    [(push_label(5000), output(HOST_PORT)), (push_label(5000), Action("pop_label", ()), output(1))],
    ids=["a label", "IPv4"],
)
def test_what_is_made_something_else_at_a_later_hub_is_what_no_demand_sends(free, actions) -> None:
    plan = free[1]
    first = sent_by_arp(plan, "shanghai-guian", "shanghai")
    tables = with_entry(shortest(plan), "shanghai", first)
    kept = asked_by_arp(plan, "shanghai-guian", "guian", output(HOST_PORT))
    assert proof_of(with_entry(tables, "guian", kept), free).holds
    proof = proof_of(with_entry(tables, "guian", replace(kept, actions=actions)), free)
    (broken,) = proof.violated
    assert broken.claim == "C1"
    assert "comes as ARP, and gets to the host" in broken.counterexample.verdict
    assert [hop.hub for hop in broken.counterexample.hops] == ["shanghai", "guian"]


def test_questions_that_go_round_are_shown_and_do_not_grow_by_themselves(free) -> None:
    plan = free[1]
    first = sent_by_arp(plan, "shanghai-guian", "shanghai")
    tables = with_entry(shortest(plan), "shanghai", first)
    for hub in ("shanghai", "guian"):
        back = asked_by_arp(plan, "shanghai-guian", hub, Action("in_port", ()))
        tables = with_entry(tables, hub, back)
    proof = proof_of(tables, free)
    assert [one.claim for one in proof.violated] == ["C8"]
    assert not proof.endless


@pytest.mark.parametrize("port", [FLOOD, ALL, NORMAL, None])
def test_floods_on_a_map_with_loops_become_ever_more(free, port) -> None:
    tables = shortest(free[1])
    for hub, held in tables.switches.items():
        ends = (end for one in free[1].wiring.fibres for end in (one.a, one.z))
        ports = [end.port for end in ends if end.hub == hub]
        buckets = [Bucket(None, None, (GROUP_OF_ALL,))]
        buckets += [Bucket(None, None, (output(one),)) for one in (HOST_PORT, *ports)]
        action = Action("group", (7,)) if port is None else output(port)
        flood = Flow(0, 99, (("eth_type", ETH_ARP),), (action,), None, 0)
        groups = (FastFailover(7, tuple(buckets)),) if port is None else ()
        held = replace(held, flows=(*held.flows, flood), groups=groups)
        tables = Tables({**tables.switches, hub: held})
    proof = proof_of(tables, free)
    assert status(proof)["C8"] in ("violated", "not proven")
    assert {"guian", "kunming"} <= set(proof.endless.split(", "))
    with pytest.raises(PolicyFailure, match=r"nothing is sent: .* copy packets that loop"):
        refuse_endless(proof)


def test_floods_along_a_tree_end(free) -> None:
    plan = free[1]
    tables = shortest(plan)
    tree = nx.Graph()
    for fibre in plan.wiring.fibres:
        ends = {fibre.a.hub: fibre.a.port, fibre.z.hub: fibre.z.port}
        tree.add_edge(fibre.a.hub, fibre.z.hub, ports=ends)
    tree = nx.minimum_spanning_tree(tree)
    for hub in tables.switches:
        ports = {HOST_PORT, *(tree[hub][far]["ports"][hub] for far in tree[hub])}
        for came in ports:
            match = (("eth_type", ETH_ARP), ("in_port", came))
            out = tuple(map(output, sorted(ports - {came})))
            tables = with_entry(tables, hub, Flow(0, 99, match, out, None, 0))
    proof = proof_of(tables, free)
    assert proof.holds, [str(one) for one in proof.verdicts]
    refuse_endless(proof)


def carrying_arp(plan: Plan) -> Tables:
    """As ``shortest``, with ARP by the address that is asked for."""
    tables = shortest(plan)
    for hub, held in tables.switches.items():
        more = []
        for flow in held.flows:
            match = dict(flow.match)
            asked = (("arp_tpa", match["ipv4_dst"]), ("eth_type", ETH_ARP))
            more.append(Flow(0, 20, (*asked, ("in_port", match["in_port"])), flow.actions, None, 0))
        flows = (*held.flows, *dict.fromkeys(more))
        tables = Tables({**tables.switches, hub: replace(held, flows=flows)})
    return tables


def proof_by_tcp(tables: Tables, of: tuple[LoadedScenario, Plan]) -> Proof:
    loaded, plan = of
    judged_by = specify(loaded)
    pairs = {("shanghai", "guian")}
    return prove_others(tables, plan.wiring, judged_by.topology, judged_by.intents(), pairs)


def test_tcp_begins_where_questions_and_answers_arrive(free) -> None:
    assert proof_by_tcp(carrying_arp(free[1]), free).holds


@pytest.mark.parametrize(
    ("fibre", "hub", "actions", "said"),
    [
        ("shanghai-guian", "guian", (), "guian: nothing hears that shanghai asks by ARP"),
        (
            "shanghai-guian",
            "guian",
            (set_field("arp_tpa", "10.9.9.9"), output(HOST_PORT)),
            "guian: nothing hears that shanghai asks by ARP",
        ),
        ("shanghai-guian", "shanghai", (), "shanghai: no answer comes back when shanghai asks"),
    ],
    ids=["swallowed", "rewritten", "the answer swallowed"],
)
def test_where_arp_is_swallowed_at_a_later_hub_arrival_is_not_proven(
    free, fibre, hub, actions, said
) -> None:
    tables = with_entry(carrying_arp(free[1]), hub, asked_by_arp(free[1], fibre, hub, *actions))
    assert proof_of(tables, free).holds, "without TCP no host asks"
    proof = proof_by_tcp(tables, free)
    assert unproven(proof) == {"C16", "C17"}
    assert said in why(proof, "C16")


def test_who_answers_is_not_asked_where_the_controller_may(free) -> None:
    tables = carrying_arp(free[1])
    told = asked_by_arp(free[1], "shanghai-guian", "guian", Action("controller", ()))
    assert proof_by_tcp(with_entry(tables, "guian", told), free).holds
