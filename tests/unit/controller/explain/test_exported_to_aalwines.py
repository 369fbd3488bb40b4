"""The AalWiNes form, read back by a reader of the tests' own, and by AalWiNes where it is here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.controller.explain.export_registry import FORMATS
from corridor.controller.explain.pipeline import NOWHERE, Output, Packet, Switch
from corridor.controller.forwarding.program import (
    Bucket,
    FastFailover,
    Flow,
    Reason,
    SwitchProgram,
    group,
    output,
    pop_label,
    push_label,
    unknown,
)
from corridor.experiments.run.exporting import write_export
from export_lab import Labelled, acting, entry, exported, spoilt, subject, without

ROOT = Path(__file__).resolve().parents[4]
AALWINES = shutil.which(os.environ.get("AALWINES", "aalwines"))
NAME = r"'[\w.() -]+'"
LINK = rf"(?:\.|{NAME}(?:\.{NAME})?)#(?:\.|{NAME}(?:\.{NAME})?)"
SET = rf"\[\^?{LINK}(?:,{LINK})*\]"
QUERY = re.compile(rf"<\d+> {SET} (?:\.|{SET})\* {SET} <(?:\d+|\.\*)> [0-3] OVER")


@pytest.fixture(scope="module")
def network():
    return Labelled(exported("aalwines")["network.json"])


@pytest.fixture(scope="module")
def expected():
    return exported("aalwines")["expected.json"]


def failed_links(network, dead):
    """Both interfaces of each fibre, and what leads into each gateway."""
    fibres = {near for near in network.links if near[1] in dead["fibres"]}
    return frozenset(fibres | {(hub, "(to gateway)") for hub in dead["gateways"]})


def test_every_hub_and_gateway_is_a_router_where_it_lies(network):
    wiring, topology = subject().wiring, subject().topology
    routers = {one["name"]: one for one in network.said["network"]["routers"]}
    gateways = [f"{hub.hub}.gateway" for hub in wiring.hubs if hub.gateway]
    assert set(routers) == {*(hub.hub for hub in wiring.hubs), *gateways}
    kunming = {"latitude": topology.hub("kunming").lat, "longitude": topology.hub("kunming").lon}
    assert routers["kunming"]["location"] == routers["kunming.gateway"]["location"] == kunming


def test_every_fibre_is_a_link_and_every_gateway_has_two(network):
    wiring = subject().wiring
    ends = {(end.hub, fibre.fibre) for fibre in wiring.fibres for end in (fibre.a, fibre.z)}
    at_gateways = {near for near in network.links if "gateway" in near[1]}
    behind = {near for near in network.links if near[0].endswith(".gateway")}
    assert set(network.links) == ends | at_gateways | behind
    assert len(at_gateways) == len(behind) == 2 * sum(bool(hub.gateway) for hub in wiring.hubs)


def test_rules_name_interfaces_of_their_router_and_numbers_of_its_form(network):
    interfaces = {}
    for router, interface in network.tables:
        interfaces.setdefault(router, set()).add(interface)
    for (router, _), table in network.tables.items():
        for label, rules in table.items():
            assert label.isdigit()
            assert rules
            for rule in rules:
                assert set(rule) == {"out", "priority", "ops"}
                assert rule["out"] in interfaces[router]
                assert rule["ops"]
                assert all(
                    kind in ("pop", "swap", "push")
                    and (value == "" if kind == "pop" else value.isdigit())
                    for one in rule["ops"]
                    for kind, value in one.items()
                )


def test_each_host_has_a_rule_for_a_label_that_no_packet_has(network):
    """Without any rule AalWiNes crashes."""
    hosts = [one for one in network.tables if one[1] == "(host)"]
    rule = {"out": "(host)", "priority": 0, "ops": [{"swap": "0"}]}
    assert [network.tables[one]["0"] for one in hosts] == [[rule]] * len(hosts)
    assert not any("0" in table for place, table in network.tables.items() if place not in hosts)


def test_priorities_count_the_other_links_that_must_have_failed(network):
    found = Counter()
    for table in network.tables.values():
        for rules in table.values():
            before = set()
            for rule in rules:
                assert rule["priority"] == len(before)
                assert rule["out"] not in before
                before.add(rule["out"])
            found[len(rules)] += 1
    assert found[2] > 0
    assert found[3] > 0


def test_each_bucket_that_packets_meet_is_a_rule(network):
    """At kunming, where what comes over a fibre with a label goes to one group."""
    held = subject().tables.switches["kunming"]
    sizes = {one.id: len(one.buckets) for one in held.groups}
    ports = {2: "guian-kunming"}
    asked = 0
    for flow in held.flows:
        match = dict(flow.match)
        if flow.table == 4 and match.get("in_port") in ports and "mpls_label" in match:
            label = str(match["mpls_label"] << 3 | match["mpls_label"] >> 17 & 3)
            rules = network.tables["kunming", ports[match["in_port"]]].get(label)
            groups = [one.arguments[0] for one in flow.actions if one.kind == "group"]
            if rules is not None:
                assert len(rules) == (sizes[groups[0]] if groups else 1), flow
                asked += 1
    assert asked > 3


def test_packets_read_back_go_the_paths_that_walks_are_expected_to_go(network, expected):
    sent = {one["demand"]: one["query"][1:].partition(">")[0] for one in expected["questions"]}
    walked = 0
    for demand in exported("walker")["walker.json"]["demands"]:
        for wanted in demand["expected"]:
            failed = failed_links(network, wanted["dead"])
            routers, got = network.walk(demand["src"], sent[demand["demand"]], failed)
            label = sent[demand["demand"]]
            hubs = [one for one in routers if not one.endswith(".gateway")]
            hubs = [one for at, one in enumerate(hubs) if at == 0 or hubs[at - 1] != one]
            assert hubs == wanted["hubs"], wanted
            gateways = [one.removesuffix(".gateway") for one in routers if one.endswith(".gateway")]
            assert gateways == wanted["gateways"]
            assert (got == (demand["dst"], [label])) == wanted["arrives"]
            walked += 1
    assert walked > 30


def test_every_query_is_of_the_language_and_on_a_line_of_its_own():
    text = FORMATS["aalwines"].write(subject()).files["queries.q"]
    lines = text.splitlines()
    assert len(lines) == len(set(lines))
    assert [line for line in lines if not QUERY.fullmatch(line)] == []


def test_each_kind_of_question_is_asked_with_up_to_three_failures(expected):
    by_kind = {}
    for one in expected["questions"]:
        by_kind.setdefault(one["kind"], Counter())[one["k"]] += 1
    assert set(by_kind) == {
        "arrives",
        "forbidden hub",
        "forbidden fibre",
        "wrong host",
        "gateway bypassed",
        "border before gateway",
        "stop missed",
        "detour",
    }
    assert all(
        len(set(counts.values())) == 1 for kind, counts in by_kind.items() if kind != "arrives"
    )
    assert by_kind["arrives"] == {0: 8, 1: 2, 2: 2, 3: 2}


def test_right_tables_are_expected_to_answer_as_claims_say(expected):
    said = {
        one["where_claims_hold"] == one["by_our_prover"]
        for one in expected["questions"]
        if one["kind"] != "detour"
    }
    assert said == {True}
    detours = [one for one in expected["questions"] if one["kind"] == "detour"]
    assert {one["by_our_prover"] for one in detours} == {True, False}
    assert "violated" not in expected["claims"].values()


def test_what_the_form_has_no_words_for_is_said(expected):
    said = " ".join(expected["left_out"])
    for claim in ("C0", "C3", "C8", "C9", "C11", "C12"):
        assert claim in said
    assert re.search(r"\d+ entries that no packet of a demand meets", said)


def breaches(whole):
    """Kinds of questions, by demand, that are answered otherwise than claims say; at most k."""
    files = FORMATS["aalwines"].write(whole).files
    asked = json.loads(files["expected.json"])["questions"]
    found = {}
    for one in asked:
        if (
            one["where_claims_hold"] is not None
            and one["where_claims_hold"] != one["by_our_prover"]
        ):
            found.setdefault((one["demand"], one["kind"]), one["k"])
    return found


def test_a_missing_entry_is_a_demand_that_does_not_arrive():
    whole = spoilt("guian", without(entry("guian", Reason.LABEL, "export")))
    assert breaches(whole) == {("export", "arrives"): 0}


def test_a_delivery_on_the_way_is_at_a_wrong_host():
    flow = entry("kunming", Reason.TO_GATEWAY, "export")
    whole = spoilt("kunming", acting(flow, actions=(pop_label(), output(1))))
    assert breaches(whole) == {("export", "arrives"): 0, ("export", "wrong host"): 0}


def test_a_gateway_that_is_skipped_is_bypassed_and_the_border_comes_first():
    flow, back = (
        entry("kunming", one, "export") for one in (Reason.TO_GATEWAY, Reason.FROM_GATEWAY)
    )
    whole = spoilt("kunming", acting(flow, actions=back.actions))
    assert breaches(whole) == {
        ("export", "gateway bypassed"): 0,
        ("export", "border before gateway"): 0,
    }


def test_a_bucket_that_sends_nothing_keeps_those_after_it_waiting():
    """AalWiNes would take the next for the first otherwise."""
    buckets = tuple(Bucket(port, None, (output(port),)) for port in (2, 3))
    held = SwitchProgram(
        "a", 1, (Flow(0, 1, (), (group(1),), None, 0),), (FastFailover(1, buckets),)
    )
    packet = Packet((), (("eth_type", 2048),))
    sent = list(Switch(held).send(2, packet))
    assert sent == [Output(NOWHERE, packet, ()), Output(3, packet, (2,))]


def test_buckets_are_live_as_open_vswitch_has_them():
    def sent(*buckets):
        chained = FastFailover(2, (Bucket(4, None, ()), Bucket(None, 2, ())))
        groups = (FastFailover(1, tuple(buckets)), chained)
        held = SwitchProgram("a", 1, (Flow(0, 1, (), (group(1),), None, 0),), groups)
        return [(one.port, one.after) for one in Switch(held).send(9, Packet((), ()))]

    last = Bucket(3, None, (output(3),))
    assert sent(Bucket(None, None, (output(2),)), last) == [(2, ())]
    assert sent(Bucket(None, 2, (output(2),)), last) == [(2, ()), (3, (4,))]
    assert sent(Bucket(None, 7, (output(2),)), last) == [(3, ())]


def test_a_match_that_is_no_exact_value_is_said():
    flow = entry("guian", Reason.LABEL, "export")
    masked = (*flow.match, ("udp_dst", "masked [1, 2]"))
    left_out = FORMATS["aalwines"].write(spoilt("guian", acting(flow, match=masked))).left_out
    assert any(
        "guian: an entry whose match is not an exact value matches no packet" in one
        for one in left_out
    )


def test_an_action_that_is_not_understood_is_said():
    flow = entry("guian", Reason.LABEL, "export")
    whole = spoilt("guian", acting(flow, actions=(push_label(20), unknown("copy_ttl_out"))))
    left_out = FORMATS["aalwines"].write(whole).left_out
    assert any("guian: unknown copy_ttl_out" in one for one in left_out)


@pytest.mark.skipif(
    AALWINES is None, reason="no AalWiNes here: put it on PATH, or name it by AALWINES"
)
@pytest.mark.parametrize("broken", [False, True])
def test_aalwines_answers_as_our_prover_does(broken, tmp_path):
    whole = subject()
    if broken:
        flow, back = (
            entry("kunming", one, "export") for one in (Reason.TO_GATEWAY, Reason.FROM_GATEWAY)
        )
        whole = spoilt("kunming", acting(flow, actions=back.actions))
    write_export(FORMATS["aalwines"].write(replace(whole, scenario="asked")), tmp_path)
    ask = [sys.executable, ROOT / "examples/ask_aalwines.py", tmp_path, AALWINES]
    subprocess.run(ask, check=True, timeout=120, capture_output=True)
    answers = json.loads((tmp_path / "answers.json").read_text())
    assert answers["crashed"] == []
    said = {one["query"]: one["result"] for one in answers["answers"].values()}
    asked = json.loads((tmp_path / "expected.json").read_text())["questions"]
    assert len(said) == len(asked)
    differing = [one for one in asked if said[one["query"]] not in (None, one["by_our_prover"])]
    assert differing == []
