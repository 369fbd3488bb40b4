"""Explanations hold what routes, verdicts and tables say, and name who said so."""

from datetime import date

import pytest

from corridor.controller.explain import explain
from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.intent.specification import elements, failures_of
from corridor.controller.policy.model import PolicySet
from policy_lab import (
    CLASSES,
    TODAY,
    applicable_policies,
    corridor,
    demand,
    deny,
    fibre,
    hub,
    network,
    permit,
    restrict,
)

GATES = {"waypoints": [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}]}


def explained(*rules, about=None, on=None, k=0, day: date = TODAY):
    topology = on or corridor()
    asked = Intent(
        applicable_policies(*rules, about=about, on=topology, day=day),
        protection=Protection(k) if k else Protection(),
    )
    rules_set = PolicySet(name="lab", policies=rules, classes=CLASSES)
    return explain(GraphBuilder(topology).graph(asked), rules_set, day)


def test_the_shortest_path_costs_nothing():
    found = explained(permit(legal_ref=["CN-24-3", "our own file"]))
    assert (found.status, found.costs_ns, found.costs_km) == ("UP", 0, 0)
    assert found.forbids_shortest == found.clauses == ()
    assert found.passage.hubs == ("west", "kash", "gilgit", "karachi")
    assert found.passage.crosses == ("CN", "PK")
    assert found.passage.phases == ("EXEMPT",) * 4
    assert found.passage.gateways == ()
    rule, text = found.permit.legal
    assert rule.citation == (
        "Provisions on Promoting and Regulating Cross-Border Data Flows, CAC Order 16, art 3"
    )
    assert (text.id, text.citation) == ("", "our own file")


def test_a_clause_costs_what_the_path_is_longer_than_without_it():
    found = explained(permit(), restrict("GATE", hard=GATES, confidence="unsure"))
    (cost,) = found.clauses
    assert (cost.policy, cost.clause, cost.confidence) == ("GATE", "waypoints", "unsure")
    assert cost.says == "pass an international gateway before the border"
    assert cost.costs_ns == found.costs_ns == 3_000_000
    assert cost.without.hubs == found.shortest.hubs == ("west", "kash", "gilgit", "karachi")
    assert found.passage.gateways == ("kun",)
    assert found.passage.phases == ("PRE", *["ASSESSED"] * 4)
    (ground,) = found.forbids_shortest
    assert (ground.policy, ground.element, ground.confidence) == ("GATE", "gilgit", "unsure")
    assert "(uncertain)" in str(ground)


def test_clauses_that_cost_only_together_are_both_named():
    found = explained(permit(hard=GATES), restrict("GATE", hard=GATES))
    assert [cost.costs_ns for cost in found.clauses] == [0, 0]
    assert found.costs_ns == 3_000_000
    assert [ground.policy for ground in found.forbids_shortest] == ["P", "GATE"]


def test_the_dearest_clause_comes_first():
    avoid = {"avoid": {"operated_by": "SCO", "unknown_operator": "accept"}}
    budget = restrict("SOON", hard={"max_one_way": "50ms"})
    found = explained(
        permit(hard=avoid), restrict("END", hard={"terminate": {"only": "PK"}}), budget
    )
    assert [(cost.policy, cost.clause) for cost in found.clauses] == [
        ("P", "avoid"),
        ("END", "terminate"),
        ("SOON", "max_one_way"),
    ]
    assert [cost.says for cost in found.clauses] == [
        "nothing run by SCO (unknown operators: accept)",
        "end in PK",
        "at most 50ms one way",
    ]


@pytest.mark.parametrize(
    ("hard", "words"),
    [
        ({"confine": ["CN", "PK", "OM"]}, "stay within CN, PK, OM"),
        (
            {"avoid": {"located_in": "VN", "crosses": ["RU", "TW"]}},
            "no hub in VN; no fibre that touches RU, TW",
        ),
        (
            {"waypoints": [{"any_of": {"hubs": "kun"}}, {"any_of": {"located_in": "PK"}}]},
            "pass hub kun, then any hub in PK",
        ),
    ],
)
def test_clauses_are_said_in_words(hard, words):
    (cost,) = explained(permit(hard=hard)).clauses
    assert cost.says == words


def test_another_permit_would_have_been_preferred():
    home = permit("HOME", preference=1, hard={"confine": "CN"}, legal_ref=["CN-DSL-3"])
    found = explained(home, permit("P"), permit("LATER", preference=200))
    assert (found.status, found.permit.policy) == ("ALT", "P")
    preferred, later = found.unused
    assert (preferred.policy, preferred.matches, preferred.passage) == ("HOME", True, None)
    assert preferred.why.startswith("leaves no path: HOME confine: gilgit is in PK, outside CN")
    assert (later.policy, later.why) == ("LATER", "is tried after P")
    assert later.passage.one_way_ns == found.passage.one_way_ns


def test_permits_that_do_not_match_say_what_they_miss_the_nearest_first():
    found = explained(
        deny("D"),
        permit("ABROAD", match={"origin": "PK"}),
        permit("CLASS", match={"class": "important"}),
        permit("HERE", match={"class": "general", "src": {"hubs": "kun"}}),
        permit("OFF", match={"class": "general"}, enabled=False),
        permit("SOON", match={"class": "general"}, valid_from="2027-01-01"),
        permit(
            "OVER",
            match={"class": "general", "dst": {"located_in": "CN"}},
            valid_until="2025-01-01",
        ),
        permit("MATCHES"),
    )
    assert found.status == "BLOCKED"
    assert [(one.policy, one.why) for one in found.unused] == [
        ("HERE", "is for data from hub kun, not from west"),
        ("OFF", "is switched off"),
        ("SOON", "begins on 2027-01-01"),
        ("OVER", "is for data to any hub in CN, not to karachi; ended on 2025-01-01"),
        ("CLASS", "is for class important, not general"),
        ("ABROAD", "is for data from PK, not from CN"),
    ]


def test_a_blocked_demand_says_what_died_by_whose_law_and_what_would_help():
    found = explained(permit(), restrict("STAY", hard={"confine": "CN"}, legal_ref=["CN-DSL-CORE"]))
    assert (found.status, found.permit, found.passage, found.costs_ns) == (
        "BLOCKED",
        None,
        None,
        None,
    )
    (ground,) = found.forbids_shortest
    assert (ground.policy, ground.clause, ground.element) == ("STAY", "confine", "gilgit")
    assert [rule.id for rule in ground.legal] == ["CN-DSL-CORE"]
    assert found.shortest.one_way_ns == 12_000_000
    assert [(one.what, one.one_way_ns) for one in found.remedies] == [("STAY confine", 12_000_000)]
    assert found.outages == ()


def test_nothing_leads_there():
    islands = network([hub("west", "CN"), hub("karachi", "PK")], [])
    found = explained(permit(), on=islands)
    assert (found.status, found.shortest) == ("DOWN", None)


def test_a_class_that_policies_do_not_know_is_blocked_and_has_no_origin():
    found = explained(permit(), about=demand("nonsense"))
    assert (found.status, found.origin, found.unused) == ("BLOCKED", (), ())


def test_an_outage_tells_where_it_is_found_and_where_packets_go_at_once_and_later():
    found = explained(permit(), k=1)
    first, *_ = found.outages
    assert first.dead == ("link:west-kash", "hub:kash")
    assert (first.found_at, first.delivered, first.protected) == ("west", True, True)
    assert first.at_once.hubs == ("west", "kun", "mandalay", "mumbai", "karachi")
    assert first.at_once == first.again.passage or first.again.passage.phases
    behind = next(one for one in found.outages if "srlg:corridor:karakoram" in one.dead)
    assert behind.found_at == "kash"
    assert behind.at_once.one_way_ns == 17_000_000, "back to west first"
    assert behind.again.passage.one_way_ns == 15_000_000
    assert [one.found_at for one in found.outages] == ["west", "kash", "gilgit"]


def test_an_outage_without_protection_drops_and_says_what_is_planned_anew():
    found = explained(permit())
    assert all(not one.delivered and not one.protected for one in found.outages)
    assert all(one.forbids is None for one in found.outages), "no clause forbids it"
    assert all(one.again.passage is not None for one in found.outages)
    assert found.permit.k == 0


def test_an_outage_that_policies_forbid_to_go_around_names_the_clause():
    rules = {"located_in": ["MM"], "operated_by": ["SCO"], "unknown_operator": "accept"}
    found = explained(permit(), restrict("NOT-THERE", hard={"avoid": rules}), k=1)
    (cut,) = [one for one in found.outages if "link:coast-karachi" in one.dead]
    assert not cut.delivered
    assert cut.at_once.hubs[-1] == "coast"
    assert cut.forbids.policy == "NOT-THERE"
    assert cut.again.passage is None
    assert cut.again.because[0].policy == "NOT-THERE"


def test_an_outage_of_the_only_gateway_is_forbidden_by_its_waypoint():
    one_gate = network(
        [hub("west", "CN"), hub("gate", "CN", intl_gateway=True), hub("karachi", "PK")],
        [fibre("west-gate", 1), fibre("gate-karachi", 1), fibre("west-karachi", 9)],
    )
    found = explained(permit(hard=GATES), on=one_gate, k=1)
    (dead,) = [one for one in found.outages if "gateway:gate" in one.dead]
    assert (dead.found_at, dead.delivered, dead.forbids.clause) == ("gate", False, "waypoints")


@pytest.mark.parametrize(
    ("src", "phases"), [("west", ("PRE", "PASSED")), ("kun", ("PASSED", "PASSED"))]
)
def test_a_path_that_is_planned_again_names_its_gateways_whatever_phases_are_called(src, phases):
    unnamed = {"waypoints": [{"any_of": "gateways", "before": "border"}]}
    found = explained(permit(hard=unnamed), about=demand(src=src), k=1)
    (cut,) = [one for one in found.outages if "link:mandalay-mumbai" in one.dead]
    assert (found.passage.gateways, found.passage.phases[:2]) == (("kun",), phases)
    assert cut.again.passage.gateways == ("kun",)


def test_of_equal_permits_the_one_with_the_shorter_path_is_in_use_whatever_they_are_called():
    sea = {"avoid": {"operated_by": "SCO", "unknown_operator": "accept"}}
    for names in (("A", "B"), ("B", "A")):
        found = explained(permit(names[0], hard=sea), permit(names[1]), k=1)
        assert found.permit.policy == names[1]
        (other,) = found.unused
        assert (other.policy, other.why) == (
            names[0],
            f"ranks equal to {names[1]}, whose path is not longer",
        )


@pytest.mark.parametrize("rules", [(permit(),), (permit(), restrict("GATE", hard=GATES))])
@pytest.mark.parametrize("k", [0, 1, 2])
def test_outages_are_those_of_every_element_that_a_packet_meets_dead(rules, k):
    topology = corridor()
    asked = Intent(
        applicable_policies(*rules, on=topology), protection=Protection(k) if k else Protection()
    )
    graph = GraphBuilder(topology).graph(asked)
    found = explained(*rules, on=topology, k=k)
    failures = {name: failures_of(topology, (name,)) for name in elements(topology)}
    met = {
        name
        for name, failed in failures.items()
        if failed.hubs.isdisjoint(asked.pair) and trace_packet(graph, topology, failed).found
    }
    assert {name for outage in found.outages for name in outage.dead} == met
    assert met


def test_outages_of_the_ends_are_not_told():
    found = explained(permit(), k=1)
    told = {name for outage in found.outages for name in outage.dead}
    assert not told & {"hub:west", "hub:karachi"}


def test_an_outage_may_bring_another_permit_into_use():
    sea = permit(
        "SEA",
        preference=1,
        hard={
            "confine": ["CN", "OM", "PK"],
            "avoid": {"operated_by": "SCO", "unknown_operator": "accept"},
        },
    )
    found = explained(sea, permit("LAND"), k=1)
    assert found.permit.policy == "SEA"
    (cut,) = [one for one in found.outages if "link:coast-karachi" in one.dead]
    assert (cut.delivered, cut.permit, cut.again.permit) == (True, "LAND", "LAND")


def test_answers_are_a_demand_of_their_own():
    topology = corridor()
    rules = PolicySet(name="lab", policies=(permit(),), classes=CLASSES)
    about = demand().model_copy(update={"returns": "same-class"})
    there, back = (
        GraphBuilder(topology).graph(Intent(applicable_policies(permit(), about=one)))
        for one in (about, about.returning())
    )
    found = explain(there, rules, TODAY, back)
    assert (found.answers.demand, found.answers.status, found.answers.permit) == (
        "demand.return",
        "UP",
        "P",
    )
    blocked = explain(
        there, rules, TODAY, GraphBuilder(topology).graph(Intent(applicable_policies(about=about)))
    )
    assert (blocked.answers.status, blocked.answers.permit) == ("BLOCKED", "")
