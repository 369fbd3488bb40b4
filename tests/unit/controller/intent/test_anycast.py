"""A demand that may go to any of several hubs is served by the nearest lawful one of them."""

from __future__ import annotations

from typing import Any

import pytest

from corridor.controller.intent import anycast
from corridor.controller.intent.anycast import Settled, Settler, settle
from corridor.controller.intent.intent import intents_of
from corridor.controller.policy.model import DemandEntry, Policy, PolicySet
from corridor.controller.policy.permitted_paths import lawful_route
from corridor.controller.policy.semantics import Failures, rule
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.topology import Topology
from policy_lab import CLASSES, TODAY, fibre, hub, network, permit, restrict

PAIR = ["near", "far"]


def star() -> Topology:
    """Two hubs in CN and one in PK around a source; one that no fibre leads to."""
    return network(
        [
            hub("src", "CN"),
            hub("near", "CN", role="western"),
            hub("far", "CN", role="western"),
            hub("away", "PK", role="foreign"),
            hub("alone", "XX", role="western"),
        ],
        [fibre("src-near", 2, crosses=("HK",)), fibre("src-far", 5), fibre("src-away", 1)],
    )


def settled(dst: Any, *policies: Policy, on: Topology | None = None, **more: Any) -> Settled:
    failures = more.pop("failures", Failures())
    rules = PolicySet(name="lab", policies=policies or (permit(),), classes=CLASSES)
    plain = {"id": "one", "class": "general", "src": "src", "dst": dst, **more}
    return settle(rules, on or star(), DemandEntry.model_validate(plain), TODAY, failures)


def chosen(dst: Any, *policies: Policy, **more: Any) -> str:
    found = settled(dst, *policies, **more)
    assert found.choice is not None
    assert found.choice.chosen == found.demand.dst
    return found.demand.dst


def test_a_demand_to_one_hub_goes_there_and_nothing_is_chosen():
    assert settled("far") == Settled(settled("far").demand)
    assert settled("far").demand.dst == "far"


@pytest.mark.parametrize(
    "dst", [PAIR, {"hubs": PAIR}, {"role": "western"}, {"located_in": "CN"}, {"outside": "PK"}]
)
def test_the_nearest_of_those_that_are_selected_serves_it(dst):
    assert chosen(dst) == "near"


def test_one_that_policies_forbid_is_passed_over_and_told():
    found = settled(PAIR, permit(), restrict(hard={"avoid": {"crosses": "HK"}})).choice
    assert found.chosen == "far"
    assert found.why.startswith("the nearest, 5.00 ms one way; policies allow 1 of 2")
    assert "nearer by fibre is near: R avoid: " in found.why


def test_of_equally_near_ones_the_first_by_id_serves_it():
    twins = network(
        [hub("src", "CN"), hub("b", "CN"), hub("a", "CN")], [fibre("src-b", 3), fibre("src-a", 3)]
    )
    assert chosen(["b", "a"], on=twins) == "a"


def test_the_source_never_serves_itself():
    found = settled({"located_in": "CN"}).choice
    assert found.among == ("far", "near")
    assert settled(["src", "far"]).choice.among == ("far",)


def test_what_is_not_known_to_be_selected_is_not():
    assert "alone" not in settled({"outside": "PK"}).choice.among


def test_a_hub_from_which_no_answer_may_come_waits_behind_one_from_which_it_may():
    deaf = restrict(match={"src": {"hubs": "near"}}, hard={"avoid": {"crosses": "HK"}})
    assert chosen(PAIR, permit(), deaf) == "near"
    assert chosen(PAIR, permit(), deaf, returns="same-class") == "far"
    both = restrict(match={"dst": {"hubs": "src"}}, hard={"terminate": {"only": "PK"}})
    found = settled(PAIR, permit(), both, returns="same-class").choice
    assert found.chosen == "near"
    assert "answers may from none" in found.why


def test_where_none_is_lawful_it_is_blocked_towards_the_nearest_by_fibre():
    found = settled(PAIR, permit(), restrict(hard={"terminate": {"only": "PK"}}))
    assert (found.demand.dst, found.may_go) == ("near", False)
    assert found.choice.why.startswith("policies allow none of 2, and it is the nearest by fibre")
    assert all(f"{name}: R terminate: " in found.choice.why for name in PAIR)


def test_of_many_that_are_forbidden_only_some_are_told():
    names = [f"h{number}" for number in range(9)]
    wide = network(
        [hub("src", "CN"), *(hub(name, "CN") for name in names)],
        [fibre(f"src-{name}", 1) for name in names],
    )
    why = settled(names, restrict(hard={"hops": 1}), on=wide).choice.why
    assert "h2: " in why
    assert "h3: " not in why
    assert why.endswith("and 6 more")


def test_where_no_fibre_leads_to_any_it_is_down():
    found = settled({"hubs": "alone"})
    assert (found.demand.dst, found.may_go) == ("alone", False)
    assert found.choice.why == "no fibre leads to any of 1"


def test_what_has_failed_is_done_without():
    assert chosen(PAIR, failures=Failures(links=frozenset({"src-near"}))) == "far"
    assert chosen(PAIR, failures=Failures(hubs=frozenset({"near"}))) == "far"


def test_a_selector_that_selects_nothing_is_refused_with_a_way_out():
    with pytest.raises(InputError, match="no hub of lab but its source certainly is that") as told:
        settled({"role": "coastal"})
    assert "corridor topology show lab" in told.value.hint


def test_intents_of_a_policy_file_go_to_the_hub_that_is_chosen():
    rules = PolicySet(name="lab", policies=(permit(),), classes=CLASSES)
    plain = {"id": "one", "class": "general", "src": "src", "dst": PAIR, "returns": "same-class"}
    there, back = intents_of(rules, star(), [DemandEntry.model_validate(plain)], TODAY)
    assert (there.pair, back.pair) == (("src", "near"), ("near", "src"))


def test_a_policy_is_matched_with_the_hub_that_is_chosen():
    only_near = restrict("N", match={"dst": {"hubs": "near"}}, hard={"hops": 3})
    rules = PolicySet(name="lab", policies=(permit(), only_near), classes=CLASSES)
    found = rule(rules, star(), settled(PAIR, permit(), only_near).demand, TODAY)
    assert [one.id for one in found.restricts] == ["N"]


def test_what_many_demands_ask_alike_is_searched_once(monkeypatch):
    asked: list[tuple[str, str]] = []

    def counted(applicable_policies, failures):
        asked.append((applicable_policies.demand.src, applicable_policies.demand.dst))
        return lawful_route(applicable_policies, failures)

    monkeypatch.setattr(anycast, "lawful_route", counted)
    settler = Settler(PolicySet(name="lab", policies=(permit(),), classes=CLASSES), star(), TODAY)
    for name in ("one", "two", "three"):
        plain = {"id": name, "class": "general", "src": "src", "dst": PAIR}
        assert settler.settle(DemandEntry.model_validate(plain)).demand.dst == "near"
    assert sorted(asked) == [("src", "far"), ("src", "near")]
