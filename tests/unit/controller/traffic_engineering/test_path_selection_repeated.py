"""Paths selected again while a network runs: for now, then for the next failure; shortfalls."""

from __future__ import annotations

import queue
from datetime import timedelta

import pytest

from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.intent.specification import Specification, failures_of
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.policy.model import Bandwidth
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.reconcile.jobs import Follow
from corridor.controller.traffic_engineering import reoptimisation
from corridor.controller.traffic_engineering.fit_rates import (
    fits,
    fits_current_failures,
    is_worse_as_is,
    overloaded_links,
    total_overload,
    with_feasible_paths,
    with_picks,
)
from corridor.controller.traffic_engineering.reoptimisation import (
    Question,
    chosen_ahead,
    chosen_for_all,
    chosen_now,
)
from corridor.experiments.live_network.status_text import network
from corridor.topologies.model.wiring import wire
from fake_switches import FakeBeside, Lab
from lab_views import ask, status
from rates_lab import CUT, MINI, NEXT, TWO, loaded, picks, spec

NETWORK = wire(MINI, run_id="c0", seed=1)


def fibres(specification: Specification, without: Failures = NO_FAILURES) -> dict[str, tuple]:
    builder = GraphBuilder(MINI, without)
    return {one.id: builder.graph(one).route.path.fibres for one in specification.intents()}


def moved(before: Specification, after: Specification, without: Failures) -> set[str]:
    old, new = fibres(before, without), fibres(after, without)
    return {name for name in old if old[name] != new[name]}


@pytest.fixture
def lab(tmp_path):
    made = Lab(DesiredState(loaded(k=1)), NETWORK, tmp_path / "state.json")
    made.connect()
    made.run(1)
    return made


@pytest.fixture
def found_lab(tmp_path):
    """A laboratory after a cut; its deployment; and paths that fit under the next failure, too."""
    lab = Lab(DesiredState(loaded(NEXT, k=1)), NETWORK, tmp_path / "state.json")
    lab.loaded = lab.network.known.specification
    lab.connect()
    lab.run(1)
    cut(lab)
    asked = lab.deployer.deployment.known.specification
    assert {status(lab, name) for name in "ab"} == {"DEGRADED"}
    return lab, asked, chosen_ahead(asked, lab.deployer.deployment.without)


def cut(lab: Lab, fibre: str = "shanghai-guian", *, live: bool = False) -> None:
    lab.port(fibre, live=live)
    lab.run(1)


def test_where_rates_fit_as_things_are_few_paths_move():
    asked = loaded(k=1)
    again = chosen_now(asked, asked, CUT)
    assert fits_current_failures(again, CUT)
    assert fibres(again, CUT)["a"] == ("shanghai-kunming", "guian-kunming")
    assert fibres(again, CUT)["b"] == ("shanghai-bangkok", "kunming-bangkok")
    assert again.k == asked.k
    unasked = asked.model_copy(update={"chooses": False})
    assert chosen_now(unasked, unasked, CUT) is unasked
    assert chosen_now(asked, asked, NO_FAILURES) is asked


def test_who_was_moved_before_stays_when_something_else_fails():
    rates = {
        "a": ("50Mbit", "shanghai", "guian"),
        "b": ("47Mbit", "shanghai", "guian"),
        "c": ("40Mbit", "shanghai", "kunming"),
        "d": ("40Mbit", "bangkok", "guian"),
    }
    asked = loaded(rates)
    without = failures_of(MINI, ["link:kunming-bangkok"])
    again = chosen_now(asked, asked, without)
    assert fits(again, without)
    assert len(moved(asked, again, without)) == 1


@pytest.fixture
def lowered() -> Specification:
    """With paths picked for more than is asked for."""
    rates = {"a": ("50Mbit", "shanghai", "guian"), "b": ("47Mbit", "shanghai", "guian")}
    asked = loaded(rates)
    assert picks(asked)
    lower = [
        one.model_copy(update={"bandwidth": Bandwidth(cir="20Mbit")}) for one in asked.directions
    ]
    return asked.model_copy(update={"directions": tuple(lower)})


def test_picks_go_when_rates_fit_without_them(lowered):
    assert picks(chosen_now(lowered, lowered, NO_FAILURES)) == {}


def test_the_death_of_a_gateway_moves_nothing_that_fits_and_one_nobody_built_has_not_died(lowered):
    dead = Failures(gateways=frozenset({"guian"}))
    assert chosen_now(lowered, lowered, dead) == lowered
    assert picks(chosen_now(lowered, lowered, dead, None, dead.gateways)) == {}


def test_a_network_without_gateways_is_whole(lowered, tmp_path):
    lab = Lab(DesiredState(lowered), NETWORK, tmp_path / "state.json")
    lab.connect()
    lab.run(1)
    assert picks(lab.deployer.deployment.known.specification) == {}
    assert lab.events("update") == []
    lab.have(Follow())
    assert picks(lab.deployer.deployment.known.specification) == {}


def test_what_stands_is_kept_where_it_fits_and_what_was_loaded_comes_back_when_it_does():
    asked = loaded(k=1)
    after = chosen_now(asked, asked, CUT)
    assert chosen_now(asked, after, CUT) == after
    assert chosen_now(asked, after, NO_FAILURES) == asked


def test_paths_for_the_next_failure_are_found_where_there_are_some():
    asked = loaded(NEXT, k=1)
    now = chosen_now(asked, asked, CUT)
    assert fits_current_failures(now, CUT)
    assert not fits(now, CUT)
    found = chosen_ahead(now, CUT)
    assert fits(found, CUT)
    assert chosen_for_all(asked, asked, CUT) == found


FEWER = {
    "a": ("60Mbit", "karachi", "kunming"),
    "b": ("90Mbit", "kunming", "shanghai"),
    "c": ("60Mbit", "bangkok", "guian"),
}
"""Without the fibre between Shanghai and Kunming no found paths fit every next failure."""
CUT_FEWER = failures_of(MINI, ["link:shanghai-kunming"])


def test_where_nothing_fits_the_next_failure_paths_on_which_less_lacks_are_better_than_none():
    asked = loaded(FEWER, k=1)
    now = chosen_now(asked, asked, CUT_FEWER)
    found = chosen_ahead(now, CUT_FEWER)
    assert fits_current_failures(found, CUT_FEWER)
    assert 0 < total_overload(found, CUT_FEWER) < total_overload(now, CUT_FEWER)
    assert given_up(found) == set()


def test_nothing_moves_for_the_next_failure_where_more_would_lack_as_things_are(monkeypatch):
    asked = loaded(FEWER, k=1)
    now = chosen_now(asked, asked, CUT_FEWER)
    bare = with_picks(now, {})
    assert not fits_current_failures(bare, CUT_FEWER)
    assert is_worse_as_is(bare, now, CUT_FEWER)
    assert not is_worse_as_is(now, bare, CUT_FEWER)
    assert not is_worse_as_is(bare, bare, CUT_FEWER)
    lacks = {id(bare): 0.1, id(now): 0.2}
    monkeypatch.setattr(reoptimisation, "total_overload", lambda one, _: lacks[id(one)])
    monkeypatch.setattr(reoptimisation, "reoptimised", lambda *_: bare)
    assert chosen_ahead.__wrapped__(now, CUT_FEWER) is now
    monkeypatch.setattr(reoptimisation, "is_worse_as_is", lambda *_: False)
    assert chosen_ahead.__wrapped__(now, CUT_FEWER) is bare


def test_paths_on_which_less_lacks_are_installed_once_and_what_lacks_is_told(tmp_path):
    lab = Lab(DesiredState(loaded(FEWER, k=1)), NETWORK, tmp_path / "state.json")
    lab.connect()
    lab.run(1)
    cut(lab, "shanghai-kunming")
    found_for(lab)
    assert lab.events("update")[-1]["why"] == "rates under the next failure"
    before, after = (
        sum(one["lacks_bps"] for one in told["lacking"]) for told in lab.events("rates")[-2:]
    )
    assert 0 < after < before
    assert "DEGRADED" in {status(lab, name) for name in FEWER}
    lab.run(100)
    stands = lab.deployer.deployment.known.specification
    assert stands not in lab.beside.begun, "no better result is searched than was found"


def with_ladder(rates=TWO) -> Specification:
    ladder = {"id": "ALL", "effect": "permit", "on_soft_failure": ["drop_protect"]}
    ladder["soft"] = {"protect": {"k": 1, "over": ["link"], "immediate": True}}
    asked = spec(rates, k=0, chooses=True)
    said = asked.policies.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    policies = type(asked.policies).model_validate({**said, "policies": [ladder]})
    return with_feasible_paths(asked.model_copy(update={"policies": policies}), "added-delay")


def given_up(specification: Specification) -> set[str]:
    return {one.demand.id for one in specification.directions if one.given_up}


def test_ladders_are_climbed_where_other_ways_do_not_help():
    asked = with_ladder()
    now = chosen_now(asked, asked, CUT)
    assert not fits(now, CUT)
    found = chosen_ahead(now, CUT)
    assert fits(found, CUT)
    assert any(one.given_up == ("drop_protect",) for one in found.directions)


def test_what_was_given_up_stays_so_in_the_same_state_and_in_no_other():
    asked = with_ladder()
    found = chosen_ahead(chosen_now(asked, asked, CUT), CUT)
    assert given_up(found)
    assert chosen_now(asked, found, CUT, CUT) == found
    more = failures_of(MINI, ["link:shanghai-guian", "link:bangkok-karachi"])
    assert given_up(chosen_now(asked, found, CUT, more)) == set()
    assert given_up(chosen_now(asked, found, more, CUT)) == set()
    later = asked.model_copy(update={"as_of": asked.as_of + timedelta(days=1)})
    assert given_up(chosen_now(later, found, CUT, CUT)) == set()
    others = asked.policies.model_copy(update={"name": "others"})
    renamed = asked.model_copy(update={"policies": others})
    assert given_up(chosen_now(renamed, found, CUT, CUT)) == set()


def test_what_a_second_failure_has_given_up_comes_back_when_it_is_mended(tmp_path):
    lab = Lab(DesiredState(with_ladder(NEXT)), NETWORK, tmp_path / "state.json")
    lab.connect()
    lab.run(1)
    for fibre, live, gave in (
        ("shanghai-guian", False, set()),
        ("kunming-karachi", False, {"a", "b"}),
        ("kunming-karachi", True, set()),
    ):
        cut(lab, fibre, live=live)
        found_for(lab)
        stands = lab.deployer.deployment
        assert given_up(stands.known.specification) == gave
        assert fits(stands.known.specification, stands.without)
        lab.have(Follow())
        assert lab.deployer.deployment.known.specification == stands.known.specification


def found_for(lab: Lab) -> None:
    """What the search ahead finds is installed."""
    stands = lab.deployer.deployment
    asked, without = stands.known.specification, stands.without
    found_ahead(lab, asked, without, chosen_ahead(asked, without))
    lab.run(1)


def found_ahead(lab: Lab, asked: Specification, without: Failures, found: Specification) -> None:
    lab.do("paths_found", question=Question.ahead(asked, without), found=found)


def test_a_cut_is_followed_at_once_and_what_does_not_fit_is_told_until_it_is_repaired(lab):
    before = lab.holds()
    assert {status(lab, name) for name in "ab"} == {"UP"}
    assert ask(lab, do="status")["lacking"] == []
    cut(lab)
    after = lab.deployer.deployment.known.specification
    assert fits_current_failures(after, CUT)
    assert overloaded_links(after, CUT)
    told = ask(lab, do="status")["lacking"]
    assert {"a", "b"} == {name for one in told for name in one["demands"]}
    assert all(one["when"] and one["lacks_bps"] > 0 for one in told)
    assert [len(one["lacking"]) for one in lab.events("rates")] == [len(told)]
    text = network(*(ask(lab, do=what) for what in ("status", "topology")), [], 200)
    assert "DEGRADED: 105Mbit do not fit fibre" in text
    assert "demands a, b, 9Mbit too much" in text
    for name in "ab":
        said = lab.event_log.statuses[name]
        assert said.status == "DEGRADED"
        assert "do not fit fibre" in said.reason
        assert "when link:" in said.reason
    cut(lab, live=True)
    assert ask(lab, do="status")["lacking"] == []
    assert {status(lab, name) for name in "ab"} == {"UP"}
    assert edges_apart(lab.holds()) == edges_apart(before)


def ports(hub: str) -> dict[int, bool]:
    """As its switch reports them with the fibre cut."""
    return {
        end.port: wire.fibre not in CUT.links
        for wire in NETWORK.fibres
        for end in (wire.a, wire.z)
        if end.hub == hub
    }


def edges_apart(held) -> set:
    """What switches hold, whatever the epoch: how many entries each has."""
    return {(dpid, len(flows)) for dpid, flows in held.items()}


def test_rates_that_do_not_fit_now_are_told_so(tmp_path):
    lab = Lab(DesiredState(loaded(k=0)), NETWORK, tmp_path / "state.json")
    lab.connect()
    lab.run(1)
    cut(lab)
    assert {status(lab, name) for name in "ab"} == {"UP"}, "by Kunming and by Bangkok"
    cut(lab, "shanghai-bangkok")
    said = lab.event_log.statuses["a"]
    assert (said.status, "while nothing fails" in said.reason) == ("DEGRADED", True)
    assert "105Mbit do not fit fibre shanghai-kunming from shanghai (96Mbit)" in said.reason


def test_rates_of_a_network_that_chooses_no_paths_are_told_of_too(tmp_path):
    plain = spec(TWO, k=0)
    lab = Lab(DesiredState(plain), NETWORK, tmp_path / "state.json")
    lab.connect()
    lab.run(1)
    cut(lab)
    assert lab.deployer.deployment.known.specification == plain
    assert status(lab, "a") == "DEGRADED"


def test_paths_found_ahead_are_installed_by_an_update_of_their_own(found_lab):
    lab, asked, found = found_lab
    updates = len(lab.events("update"))
    found_ahead(lab, asked, lab.deployer.deployment.without, found)
    assert len(lab.events("update")) == updates, "by the next job"
    lab.run(0.5)
    assert lab.events("update")[-1]["why"] == "rates under the next failure"
    assert lab.deployer.deployment.known.specification == found
    assert lab.network.known.specification == lab.loaded
    assert lab.events("rates")[-1]["lacking"] == []
    assert not any("do not fit" in one.reason for one in lab.event_log.statuses.values())
    assert ask(lab, do="audit")["was_whole"]


def test_paths_found_ahead_are_of_no_use_once_something_has_changed(found_lab):
    lab, asked, found = found_lab
    without = lab.deployer.deployment.without
    found_ahead(lab, asked, without, found)
    lab.port("kunming-karachi", live=False)
    stands = lab.deployer.deployment
    lab.run(0.05)
    assert lab.deployer.deployment is stands
    assert lab.network.found is None
    lab.run(1)
    assert lab.deployer.deployment.without.links == without.links | {"kunming-karachi"}
    assert lab.deployer.deployment.known.specification != found


def test_paths_found_ahead_wait_for_a_switch_that_is_away(found_lab):
    lab, asked, found = found_lab
    lab.lose("bangkok")
    found_ahead(lab, asked, lab.deployer.deployment.without, found)
    lab.run(1)
    assert lab.deployer.deployment.known.specification == asked
    lab.connect("bangkok")
    lab.run(4)
    assert lab.deployer.deployment.known.specification == found


def test_what_is_looked_for_is_asked_once_and_broken_off_when_it_is_of_no_use(found_lab):
    lab, asked, _ = found_lab
    assert [one for one in lab.beside.begun if one is not None][-1] == asked
    begun = len(lab.beside.begun)
    lab.run(100)
    assert len(lab.beside.begun) == begun, "audits start no new search"
    for fibre in tuple(lab.deployer.deployment.without.links):
        cut(lab, fibre, live=True)
    assert lab.beside.begun[-1] is None


def test_other_policies_are_in_force_where_rates_fit_as_things_are_and_else_refused(found_lab):
    """Without the fibre to Kunming two paths are left to Bangkok; without another fibre, one."""
    lab, _, _ = found_lab
    assert lab.do("set_policies", policies=avoiding(lab, "shanghai-kunming"))["ok"]
    assert lab.deployer.deployment.known.specification.policies.name == "avoiding"
    assert {status(lab, name) for name in "ab"} == {"DEGRADED"}
    before = lab.holds()
    answer = lab.do("set_policies", policies=avoiding(lab, "shanghai-kunming", "kunming-karachi"))
    assert (answer["ok"], answer["kind"]) == (False, "refused")
    assert "C12" in answer["reason"]
    assert lab.holds() == before


def avoiding(lab: Lab, *fibres: str):
    policies = lab.loaded.policies
    said = policies.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    avoid = {"effect": "restrict", "match": {}, "hard": {"avoid": {"fibres": [*fibres]}}}
    rules = [*said["policies"], {"id": "AVOID", **avoid}]
    return type(policies).model_validate({**said, "name": "avoiding", "policies": rules})


def test_a_drain_has_to_leave_room_under_the_next_failure_too(lab):
    before = lab.deployer.deployment
    answer = ask(lab, do="drain", fibre="shanghai-guian")
    assert (answer["ok"], answer["kind"]) == (False, "refused")
    assert "C12" in answer["reason"]
    assert lab.deployer.deployment is before


def test_a_drain_is_made_by_paths_that_leave_it(tmp_path):
    lab = Lab(DesiredState(loaded(NEXT, k=1)), NETWORK, tmp_path / "state.json")
    lab.connect()
    lab.run(1)
    assert ask(lab, do="drain", fibre="shanghai-guian")["ok"]
    assert lab.event_log.lacking == ()
    assert lab.beside.begun == [], "all was selected for it"
    assert ask(lab, do="restore", fibre="shanghai-guian")["ok"]


def test_nothing_is_looked_for_while_what_stands_is_about_to_change(found_lab):
    """Otherwise, where computing takes no time, the search would be repeated until the change."""
    lab, _, _ = found_lab
    assert lab.beside.begun[-1] is not None
    lab.port("kunming-karachi", live=False)
    assert lab.beside.begun[-1] is None
    lab.run(1)
    assert lab.beside.begun[-1] == lab.deployer.deployment.known.specification


def test_a_search_that_breaks_is_an_error_that_is_told(found_lab):
    lab, asked, _ = found_lab
    without = lab.deployer.deployment.without
    question = Question.ahead(asked, without)
    for problem in ("it ended", "it ended", "it was ended"):
        lab.do("paths_found", question=question, found=None, problem=problem)
    assert [one["message"] for one in lab.events("error")] == ["it ended", "it was ended"]


class _Refusing(FakeBeside):
    """Cannot look for anything ahead, for a reason."""

    reason = ""

    def ask(self, question: Question) -> None:
        if self.reason and question.lane == "next failure":
            raise OSError(self.reason)
        super().ask(question)


def test_a_search_that_cannot_begin_is_told_once_and_again_when_that_changes(lab):
    """Nothing counts as asked for that has not begun: after the next job it is tried again."""
    lab.network.beside = refusing = _Refusing()
    refusing.reason = "no processes"
    cut(lab)
    assert fits_current_failures(lab.deployer.deployment.known.specification, CUT)
    for reason in ("no processes", "no processes", "no memory", "", "no memory"):
        refusing.reason = reason
        refusing.begun.clear()
        assert ask(lab, do="audit")["was_whole"], "it is answered all the same"
        assert bool(refusing.begun) == (not reason)
    told = [one["message"] for one in lab.events("error")]
    assert told == [f"OSError: {reason}" for reason in ("no processes", "no memory", "no memory")]


def test_a_failure_is_followed_by_paths_that_stand_where_choosing_others_breaks(lab, monkeypatch):
    def broken(*_):
        raise RuntimeError("no")

    monkeypatch.setattr("corridor.controller.traffic_engineering.reoptimisation.chosen_now", broken)
    before = picks(lab.deployer.deployment.known.specification)
    cut(lab)
    assert lab.deployer.deployment.without.links == CUT.links
    assert picks(lab.deployer.deployment.known.specification) == before
    assert [one["message"] for one in lab.events("error")] == ["RuntimeError: no"]
    lab.loaded = lab.network.known.specification
    answer = lab.do("set_policies", policies=avoiding(lab, "shanghai-kunming"))
    assert (answer["ok"], answer["kind"]) == (False, "error"), "what is asked for can be refused"


@pytest.mark.parametrize("waiting", [False, True])
def test_a_controller_that_cannot_tell_how_demands_are_served_goes_on(lab, monkeypatch, waiting):
    def broken(*_):
        raise RuntimeError("no")

    if waiting:
        lab.event_log.bells.add(queue.Queue())
    monkeypatch.setattr("corridor.controller.reconcile.network_state.statuses", broken)
    cut(lab)
    assert lab.deployer.deployment.without.links == CUT.links
    assert [one["why"] for one in lab.events("update")][-1] == "failures"
    assert len(lab.events("flipped")) == waiting
    assert lab.deployer.unproven == ""
    assert ask(lab, do="audit")["ok"]
    assert lab.events("error")[-1]["message"] == "RuntimeError: no"


def test_a_controller_that_starts_again_takes_over_the_paths_that_were_chosen(found_lab):
    lab, asked, found = found_lab
    found_ahead(lab, asked, lab.deployer.deployment.without, found)
    lab.run(1)
    held, epoch = lab.holds(), lab.deployer.deployment.epoch
    lab.start(DesiredState(lab.loaded))
    for one in NETWORK.hubs:
        lab.do("came_back", dpid=one.dpid, ports=ports(one.hub))
    lab.run(10)
    assert lab.events("taken over")[-1]["was"] == "whole"
    assert lab.holds() == held
    assert lab.deployer.deployment.epoch == epoch
    assert lab.deployer.deployment.known.specification == found
    assert lab.network.known.specification == lab.loaded
