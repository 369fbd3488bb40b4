"""Assertions of the pytest plugin hold exactly when what they say is so of the tables."""

import re

import pytest

from corridor.controller.policy.model import PolicySet
from corridor.controller.testing import (
    CorridorNetwork,
    assert_blocked,
    assert_delivers_under,
    assert_delivers_up_to,
    assert_keeps,
    assert_never_transits,
    assert_passes,
    assert_stays_within,
    assert_within,
    load_network,
)
from corridor.topologies.base.errors import InputError
from policy_lab import CLASSES, TODAY, corridor, deny, fibre, hub, network, permit, restrict

GATES = {"waypoints": [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}]}
LINKS = ("link", "srlg")


def made(*rules, on=None):
    rules_set = PolicySet(name="lab", policies=rules, classes=CLASSES)
    return CorridorNetwork(on or corridor(), rules_set, TODAY)


def west_to_karachi(*rules, k=0, over=LINKS):
    return made(*(rules or (permit(legal_ref=["CN-24-3"]),))).demand(
        "general", "west", "karachi", k=k, over=over
    )


def gated(k=0, over=LINKS):
    return west_to_karachi(
        permit(), restrict("GATE", hard=GATES, confidence="unsure"), k=k, over=over
    )


def why(assertion, *arguments, **more):
    with pytest.raises(AssertionError) as raised:
        assertion(*arguments, **more)
    return str(raised.value)


def test_transit_counts_hubs_between_the_ends_and_what_fibres_touch():
    demand = west_to_karachi()
    assert_never_transits(demand, "IN")
    assert_never_transits(demand, "OM", "MM")
    assert "gilgit is in PK" in why(assert_never_transits, demand, "PK")
    assert "kash is in CN" in why(assert_never_transits, demand, "CN")


KARAKORAM = {"avoid": {"srlgs": "corridor:karakoram"}}


def test_any_hard_clause_of_a_policy_may_be_asked_for():
    demand = west_to_karachi()
    assert_keeps(demand, {"no_return": "CN", "path": "CN+ PK+", "via": [{"hubs": "gilgit"}]})
    assert_keeps(west_to_karachi(permit(hard=KARAKORAM), k=2), KARAKORAM)
    said = why(assert_keeps, demand, {"hops": 5, **KARAKORAM})
    assert '"avoid: no fibre of shared risk corridor:karakoram" does not hold' in said
    assert "because  kash-gilgit is of shared risk corridor:karakoram" in said
    said = why(assert_keeps, demand, {"via": [{"hubs": "mumbai"}]})
    assert "karachi is reached before hub mumbai" in said
    india = {"avoid": {"any_of": {"located_in": "IN"}}}
    assert "mumbai is any hub in IN" in why(assert_keeps, west_to_karachi(k=1), india)


@pytest.mark.parametrize(
    ("hard", "says"),
    [
        ({"avoid": {"srlgs": "corridor:karakorum"}}, 'no shared-risk group is called "corridor:ka'),
        ({"avoid": {"cabel": "smw4"}}, "hard.avoid.cabel: Extra inputs"),
        ({"path": "west ("}, "a hub, jurisdiction, @role or <fibre> is expected here"),
        ({"max_one_way": "3ms"}, "use assert_within"),
        ({}, "restricts nothing"),
    ],
)
def test_a_clause_that_is_none_is_an_input_error(hard, says):
    with pytest.raises(InputError, match=re.escape(says)):
        assert_keeps(west_to_karachi(), hard)


def test_transit_counts_under_any_failure_that_is_bridged():
    said = why(assert_never_transits, west_to_karachi(k=1), "IN")
    assert said.splitlines()[0] == 'general from west to karachi: "never transits IN" does not hold'
    assert "  because  mumbai is in IN" in said
    assert "  path     west CN > kun CN > mandalay MM > mumbai IN" in said
    assert "  dead     link:west-kash" in said
    assert "  packet   10.0.0.1 (west) to 10.0.0.8 (karachi), udp" in said
    assert "  permit   P [CN-24-3]" in said


def test_a_group_of_jurisdictions_may_be_named():
    assert "asean" in why(assert_never_transits, gated(), "asean")
    assert_never_transits(west_to_karachi(), "asean")


def test_transit_through_what_an_operator_runs():
    demand = west_to_karachi()
    assert "operated by SCO" in why(assert_never_transits, demand, operated_by="SCO")
    assert "may be" in why(assert_never_transits, gated(), operated_by="PTCL")
    assert_never_transits(gated(), operated_by=["PTCL"], unknown_operator="accept")


def test_what_lies_in_an_unknown_jurisdiction_may_be_anywhere():
    line = network(
        [hub("west", "CN"), hub("mid", "XX"), hub("karachi", "PK")],
        [fibre("west-mid", 1), fibre("mid-karachi", 1)],
    )
    demand = made(permit(), on=line).demand("general", "west", "karachi")
    assert "may be" in why(assert_never_transits, demand, "IN")


def test_staying_within():
    assert_stays_within(west_to_karachi(), "CN", "PK")
    assert_stays_within(west_to_karachi(), "PK", "CN")
    assert "west is in CN, outside PK" in why(assert_stays_within, west_to_karachi(), "PK")
    said = why(assert_stays_within, west_to_karachi(k=1), "CN", "PK")
    assert "mandalay is in MM, outside CN, PK" in said


def test_passing_gateways_means_that_the_traffic_goes_through_one():
    assert_passes(gated(k=2, over=("link", "gateway")), "gateways", before="border")
    said = why(assert_passes, west_to_karachi(), "gateways", before="border")
    assert '"passes an international gateway before the border" does not hold' in said
    assert "the path is outside CN at gilgit" in said
    by_kun = west_to_karachi(
        permit(hard={"avoid": {"operated_by": "SCO", "unknown_operator": "accept"}})
    )
    assert_passes(by_kun, "kun")
    assert "karachi is reached" in why(assert_passes, by_kun, "gateways")


def test_passing_a_hub_means_coming_to_it():
    demand = gated()
    assert_passes(demand, "mumbai")
    assert_passes(demand, ["mumbai", "gilgit"])
    assert_passes(demand, {"located_in": "IN"})
    assert_passes(demand, "kun", before="border")
    said = why(assert_passes, demand, "mumbai", before="border")
    assert "the path is outside CN at mandalay" in said
    assert "karachi is reached before hub gilgit" in why(assert_passes, demand, "gilgit")
    assert '"passes hub gilgit" does not hold' in why(assert_passes, demand, "gilgit")


def test_the_path_is_told_through_gateways():
    said = why(assert_never_transits, gated(), "IN")
    assert "  path     west CN > kun (gateway) = kun CN > mandalay MM > mumbai IN" in said
    assert "  clause   GATE waypoints, which cites no law (uncertain)" in said


def test_delivery_under_given_failures():
    demand = west_to_karachi(k=1)
    assert_delivers_under(demand)
    assert_delivers_under(demand, ["link:west-kash"])
    assert_delivers_under(demand, "srlg:corridor:karakoram")
    assert_delivers_under(demand, ["corridor:karakoram"])
    said = why(assert_delivers_under, demand, ["link:gilgit-karachi", "link:mumbai-karachi"])
    assert '"delivers under link:gilgit-karachi and link:mumbai-karachi" does not hold' in said
    assert "its switches bridge 1 of link, srlg" in said


def test_a_drop_names_the_clause_that_forbids_to_go_on():
    rules = {"located_in": ["MM"], "operated_by": ["SCO"], "unknown_operator": "accept"}
    lawful = restrict("NOT-THERE", hard={"avoid": rules}, legal_ref=["CN-DSL-31"])
    demand = west_to_karachi(permit(), lawful, k=1)
    said = why(assert_delivers_under, demand, "link:coast-karachi")
    assert "at coast it is dropped" in said
    assert "the shortest path is forbidden by NOT-THERE avoid" in said
    assert "[CN-DSL-31]" in said


def test_a_drop_where_nothing_leads_on_says_so():
    line = network([hub("west", "CN"), hub("karachi", "PK")], [fibre("west-karachi", 1)])
    demand = made(permit(), on=line).demand("general", "west", "karachi", k=1)
    assert "no fibre leads on" in why(assert_delivers_under, demand, "link:west-karachi")
    assert "an end is dead" in why(assert_delivers_under, demand, "hub:karachi")


def test_delivery_up_to_k_failures_leaves_the_ends_alone():
    assert_delivers_up_to(west_to_karachi(k=1), 1, over=LINKS)
    assert_delivers_up_to(west_to_karachi(k=1, over=("link", "srlg", "hub")), k=1)
    assert_delivers_up_to(west_to_karachi(), k=0)
    said = why(assert_delivers_up_to, west_to_karachi(), k=1)
    assert '"delivers under any 1 failure" does not hold' in said
    assert "its switches bridge nothing" in said
    said = why(assert_delivers_up_to, west_to_karachi(k=1), k=2, over=LINKS)
    assert '"delivers under any 2 failures" does not hold' in said
    assert said.count("link:") + said.count("srlg:") >= 2


def test_delay_is_one_way_and_of_what_arrives():
    demand = west_to_karachi(k=1)
    assert_within(demand, "12ms")
    assert "it takes 12ms" in why(assert_within, demand, "11.9ms")
    assert_within(demand, "17ms", ["link:kash-gilgit"])
    assert "it takes 17ms" in why(assert_within, demand, "16ms", "link:kash-gilgit")
    assert "it takes 31ms" in why(assert_within, demand, "20ms", up_to=1, over=LINKS)
    assert_within(demand, "31ms", up_to=1, over=LINKS)
    unprotected = west_to_karachi()
    assert_within(unprotected, "12ms", up_to=2)
    assert "dropped" in why(assert_within, unprotected, "1s", "link:west-kash")


def test_blocked_by_whom():
    none = west_to_karachi(permit("NOT-THIS", match={"class": "important"}))
    assert_blocked(none)
    assert_blocked(none, by="default deny")
    denied = west_to_karachi(permit(), deny("NO"))
    assert_blocked(denied, by="NO")
    kept = west_to_karachi(
        permit(),
        restrict("STAY", hard={"confine": "CN"}),
        restrict("END", hard={"terminate": {"only": "CN"}}),
    )
    assert_blocked(kept, by="STAY")
    assert_blocked(kept, by="END")
    said = why(assert_blocked, kept, by="P")
    assert '"is blocked by P" does not hold' in said
    assert "but by" in said
    assert "STAY confine" in said
    said = why(assert_blocked, west_to_karachi())
    assert "it is delivered at karachi" in said
    assert "permit   P [CN-24-3]" in said


def test_where_no_fibre_leads_nothing_is_blocked():
    islands = network([hub("west", "CN"), hub("karachi", "PK")], [])
    demand = made(permit(), on=islands).demand("general", "west", "karachi")
    assert "DOWN" in why(assert_blocked, demand)


@pytest.mark.parametrize(
    ("assertion", "arguments"),
    [
        (assert_never_transits, ["IN"]),
        (assert_stays_within, ["CN"]),
        (assert_passes, ["gateways"]),
        (assert_delivers_under, []),
        (assert_within, ["1s"]),
    ],
)
def test_a_blocked_demand_shows_nothing(assertion, arguments):
    said = why(assertion, west_to_karachi(deny("NO", legal_ref=["CN-DSL-31"])), *arguments)
    assert "it is BLOCKED, so that no packet shows it" in said
    assert "NO deny: denies" in said
    assert "[CN-DSL-31]" in said


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda: made(permit()).demand("generl", "west", "karachi"), "general"),
        (lambda: made(permit()).demand("general", "wst", "karachi"), "west"),
        (lambda: made(permit()).demand("general", "west", "karachi", k=1, over=["lnik"]), "link"),
        (lambda: assert_never_transits(west_to_karachi(), "asaen"), "asean"),
        (lambda: assert_never_transits(west_to_karachi(), operated_by="PTC"), "PTCL"),
        (lambda: assert_stays_within(west_to_karachi(), "asaen"), "asean"),
        (lambda: assert_passes(west_to_karachi(), "mumbia"), "mumbai"),
        (lambda: assert_delivers_under(west_to_karachi(), "link:west-kush"), "west-kash"),
        (lambda: assert_delivers_up_to(west_to_karachi(), 1, over=["hubs"]), "hub"),
        (lambda: assert_within(west_to_karachi(), "12"), "18ms"),
    ],
)
def test_a_name_that_nothing_has_is_no_failed_assertion_but_an_error(wrong, hint):
    with pytest.raises((InputError, ValueError)) as raised:
        wrong()
    assert not isinstance(raised.value, AssertionError)
    assert hint in f"{raised.value}{getattr(raised.value, 'hint', '')}"


def test_networks_are_loaded_by_name_and_on_a_day():
    loaded = load_network("mini", "none", "2026-01-01")
    demand = loaded.demand("unclassified", "shanghai", "guian")
    assert_within(demand, "100ms")
    with pytest.raises(InputError):
        load_network("mini", "nonesuch", "2026-01-01")


@pytest.mark.parametrize("dst", [["karachi", "kun"], {"located_in": "CN", "gateway": True}])
def test_a_demand_to_any_of_several_hubs_is_one_to_the_nearest_lawful(dst):
    found = made(permit()).demand("general", "west", dst)
    assert repr(found) == "general from west to kun"
    assert_passes(found, "kun")


@pytest.mark.parametrize(
    ("dst", "said"),
    [
        (["karach"], 'did you mean "karachi"'),
        ({"rol": "western"}, "dst"),
        ({"hubs": "west"}, "certainly is that"),
    ],
)
def test_a_selector_that_means_nothing_is_refused(dst, said):
    with pytest.raises(InputError, match=said):
        made(permit()).demand("general", "west", dst)
