"""Tables that are right under other policies are wrong under these, by the clause that differs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from corridor.controller.prover.search import declared_demands
from corridor.controller.prover.search.claim import Breach
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.prover.search.declared_network import Network
from corridor.topologies.model.topology import PossibleCrossing
from policy_lab import permit
from prover_worlds import (
    GATEWAY_FIRST,
    POLICIES,
    Spoilt,
    atlas,
    atlas_intents,
    atlas_world,
    compiled,
)


def others(policies, k=1):
    """Tables as they would be under other policies."""
    return compiled(atlas(), atlas_intents(k, policies=policies))


def judged(net, k=1):
    """By the policies there are."""
    proof = net.prove(Spoilt(net.tables, net.program, atlas_intents(k)))
    return {verdict.claim: verdict for verdict in proof.violated}


def without(name):
    return [policy for policy in POLICIES if policy.id != name]


def instead(name, **more):
    return [permit(name, **more) if policy.id == name else policy for policy in POLICIES]


@pytest.mark.parametrize(
    ("policies", "claim", "said"),
    [
        (without("NO-IN"), "C5", "NO-IN avoid: x1 is in IN"),
        (without("NO-SCO"), "C5", "NO-SCO avoid: a1-c1 is operated by SCO"),
        (without("NEVER"), "C1", "NEVER deny: denies core"),
        (
            instead("OUT", match={"class": "important"}),
            "C7",
            "OUT waypoints: the path is outside CN at c1",
        ),
        (instead("KEPT", match={"class": "kept"}), "C6", "KEPT terminate: c1 is in PK"),
        (instead("SEALED", match={"class": "sealed"}), "C4", "SEALED confine: "),
        (instead("KEPT", match={"class": "kept"}), "C1", "kept is blocked"),
    ],
)
def test_what_a_policy_forbids_is_found_by_its_clause(policies, claim, said):
    violated = judged(others(policies))
    assert said in violated[claim].counterexample.verdict


def test_a_path_for_what_no_path_is_left_for_is_a_breach():
    """Confined to a country that its destination is not in."""
    violated = judged(others(instead("SEALED", match={"class": "sealed"})))
    assert {"C1", "C4"} <= set(violated)


def test_a_budget_is_held_to_whatever_fails():
    """While all is well packets are quick enough; around a dead fibre they are not."""
    strict = instead("QUICK", match={"class": "quick"}, hard={"max_one_way": "5ms"})
    net = atlas_world(1)
    intents = atlas_intents(1, policies=strict)
    proof = net.prove(Spoilt(net.tables, net.program, intents))
    (verdict,) = proof.violated
    assert verdict.claim == "C11"
    assert verdict.counterexample.failures
    assert "QUICK max_one_way: one way takes 6ms, more than 5ms" in str(verdict.counterexample)


@dataclass
class Exact:
    """As the exact search reports."""

    breaches: dict[str, tuple[Breach, ...]] = field(
        default_factory=lambda: dict.fromkeys(("C9", "C10", "C11", "C12"), ())
    )
    admissions: tuple[()] = ()


def test_the_exact_search_may_say_that_no_protected_failure_leads_there():
    strict = instead("QUICK", match={"class": "quick"}, hard={"max_one_way": "5ms"})
    net = atlas_world(1)
    held = Spoilt(net.tables, net.program, atlas_intents(1, policies=strict))
    status = {one.claim: one for one in net.prove(held, exact=Exact()).verdicts}
    assert (status["C11"].status, status["C11"].why[:9]) == ("proven", "under the")
    assert status["C9"].status == status["C10"].status == status["C12"].status == "proven"
    late = Exact()
    late.breaches["C11"] = (Breach("calls arrive late", "b2"),)
    status = {one.claim: one for one in net.prove(held, exact=late).verdicts}
    assert status["C11"].counterexample.verdict == "calls arrive late"


def test_each_policy_that_forbids_something_is_shown_to():
    proof = atlas_world(1).prove()
    known = {one.policy: one for one in proof.witnesses}
    assert set(known) == {"NO-IN", "NO-SCO", "NEVER"}
    assert known["NO-SCO"].hubs == ("a1", "c1")
    assert "x1" in known["NO-IN"].hubs
    assert (known["NEVER"].demand, known["NEVER"].hubs) == ("core", ())


def test_what_policies_forbid_is_searched_again_only_for_demands_that_they_rule_otherwise(
    monkeypatch,
):
    asked, deciding = [], declared_demands.deciding
    monkeypatch.setattr(
        declared_demands, "deciding", lambda one, on: asked.append(one) or deciding(one, on)
    )
    net = atlas_world(1)
    network = Network(net.tables, net.wiring, net.topology, net.intents)
    assert {one.policy for one in network.witnesses} == {"NO-IN", "NO-SCO", "NEVER"}
    first = len(asked)
    ruled = atlas_intents(1, policies=without("NO-SCO"))
    intents = (*net.intents[:-1], ruled[-1])
    asked.clear()
    found = network.with_demands(intents, [network]).witnesses
    assert len(asked) < first
    assert all(one in ruled[-1].applicable_policies.automata for one in asked)
    assert found == Network(net.tables, net.wiring, net.topology, intents).witnesses


def test_a_restriction_that_keeps_nothing_back_is_noticed():
    """The tables were made without it, and take the path that it is there to forbid."""
    violated = judged(others(without("NO-SCO")))
    verdict = violated["C16"].counterexample.verdict
    assert verdict == "NO-SCO keeps pages from a1 to c1 from nothing: it goes a1 - c1"


def test_a_second_permit_makes_lawful_what_the_first_does_not_allow():
    """The union: what leaves one permit's path may still be on another's."""
    both = [*POLICIES, permit("ALSO", match={"class": "home"}, preference=200)]
    intents = atlas_intents(1, policies=both)
    net = compiled(atlas(), intents)
    number = next(n for n, one in enumerate(intents, start=1) if one.id == "backup")
    permits = Demand(number, intents[number - 1], atlas(), {
        hub.hub: hub for hub in net.wiring.hubs
    }).permits  # fmt: skip
    assert net.prove().holds
    assert {int(phase) for phase in permits.phases(permits.start)} == {2, 3}


def doubtful(fibre, *codes):
    """The atlas, on which a fibre may come under more jurisdictions."""
    known = atlas()
    doubts = tuple(PossibleCrossing(code=code, why="sources differ") for code in codes)
    fibres = tuple(
        one.model_copy(update={"may_cross": doubts}) if one.id == fibre else one
        for one in known.fibres
    )
    return known.model_copy(update={"fibres": fibres})


CROSSING = [
    permit("HOME", match={"class": "home"}, hard={"confine": ["CN"]}),
    permit("FREE", match={"class": "general"}, hard={"avoid": {"crosses": ["IN"]}}),
    permit("OUT", match={"class": "important"}, hard={"waypoints": GATEWAY_FIRST}),
]


@pytest.mark.parametrize(
    ("fibre", "code", "claim", "said"),
    [
        ("a1-a3", "HK", "C4", "HOME confine: a1-a3 may cross HK, outside CN"),
        ("a1-c1", "IN", "C5", "FREE avoid: a1-c1 may cross IN"),
        ("a1-a2", "HK", "C7", "OUT waypoints: the path may be outside CN at a1-a2"),
    ],
)
def test_tables_that_rely_on_what_a_fibre_may_cross_are_found(fibre, code, claim, said):
    """They are right on a map that has no doubt, which is the compiler's mistake here."""
    certain = others(CROSSING)
    net = replace(certain, topology=doubtful(fibre, code))
    intents = atlas_intents(1, policies=CROSSING, on=net.topology)
    proof = net.prove(Spoilt(certain.tables, certain.program, intents))
    violated = {verdict.claim: verdict for verdict in proof.violated}
    assert said in violated[claim].counterexample.verdict


@pytest.mark.parametrize(("fibre", "code"), [("a1-a3", "HK"), ("a1-c1", "IN"), ("a1-a2", "HK")])
def test_tables_made_for_a_map_with_doubts_do_not_rely_on_them(fibre, code):
    intents = atlas_intents(1, policies=CROSSING, on=doubtful(fibre, code))
    assert compiled(doubtful(fibre, code), intents).prove().holds


@pytest.mark.parametrize(
    ("hard", "preference", "broken"),
    [
        ({"avoid": {"located_in": ["IN"]}}, 0, {"C16"}),
        ({"avoid": {"located_in": ["IN"]}}, 1, set()),
        ({"avoid": {"located_in": ["IN"]}}, 2, set()),
        ({"confine": ["PK"]}, 0, set()),
    ],
    ids=["has a path", "is equal", "is tried later", "has no path"],
)
def test_nothing_goes_by_a_permit_while_one_that_is_tried_before_has_a_path(
    hard, preference, broken
):
    """``calls`` go by India, which the other permit avoids."""
    choice = without("QUICK")
    used = permit("USED", match={"class": "quick"}, preference=1)
    net = others([*choice, used])
    other = permit("OTHER", match={"class": "quick"}, hard=hard, preference=preference)
    intents = atlas_intents(1, policies=[*choice, used, other])
    proof = net.prove(Spoilt(net.tables, net.program, intents))
    assert {verdict.claim for verdict in proof.violated} == broken
    for verdict in proof.violated:
        assert "arrive by another permit than OTHER" in verdict.counterexample.verdict
