"""The controller on switches of a test: what it does when something changes or fails."""

import contextlib
import json
from dataclasses import replace
from datetime import date

import pytest

from corridor.controller.deployment import deployments
from corridor.controller.deployment.deployments import DesiredState
from corridor.controller.forwarding.program import FastFailover, Flow, Reason, Table
from corridor.controller.openflow.errors import Refused
from corridor.controller.policy.model import Bandwidth, PolicySet
from corridor.controller.reconcile.control import Control
from fake_switches import Lab
from reconciler_lab import CLASSES, NO_EXPORT, NO_SEA, PERMITS, policies, specification, wiring

KNOWN = DesiredState(specification())
NETWORK = wiring()
FIBRE = "kunming-karachi"
PROMISED = ("train.return", "ckpt")
SECOND_NS = 10**9


@pytest.fixture
def lab(tmp_path):
    made = Lab(KNOWN, NETWORK, tmp_path / "state.json", audit_ns=1000 * SECOND_NS)
    made.connect()
    made.run(0.5)
    return made


def epoch(lab):
    return lab.deployer.deployment.epoch


def status(lab, demand):
    return lab.event_log.statuses[demand].status


def foreign():
    return Flow(Table.SWITCH, 500, (("in_port", 3),), (), None, 0x1234)


def ask(lab, **request):
    """What the control socket answers, where the controller does at once what it is asked."""
    control = Control(lab.reconciler, lab.event_log, lambda: None)
    control._have = lab.have
    return control.answer(json.dumps(request))


def test_nothing_is_sent_before_all_switches_are_there():
    lab = Lab(KNOWN, NETWORK)
    lab.switches.away = {hub.dpid for hub in NETWORK.hubs}
    lab.connect("shanghai", "guian")
    lab.run(5)
    assert lab.switches.done == []
    lab.connect("kunming", "bangkok", "karachi")
    lab.run(0.5)
    assert lab.holds() == lab.stands()
    assert {str(one.status) for one in lab.event_log.statuses.values()} == {"UP"}


def test_a_switch_that_never_comes_is_done_without():
    lab = Lab(KNOWN, NETWORK)
    lab.switches.away.add(NETWORK.hub("bangkok").dpid)
    lab.connect("shanghai", "guian", "kunming", "karachi")
    lab.run(61)
    assert status(lab, "render") == "DOWN"
    assert status(lab, "ckpt") in ("UP", "DEGRADED")


def test_edges_come_last_and_the_core_is_compared_before(lab):
    calls = [call for call, _ in lab.switches.done]
    assert calls[-2:] == ["bundle", "dump"]
    assert calls.count("bundle") == 1


def test_a_fibre_that_fails_is_done_without_after_a_moment_and_used_again_when_it_is_back(lab):
    lab.port(FIBRE, live=False)
    assert status(lab, "ckpt") == "DEGRADED"
    assert epoch(lab) == 0
    lab.run(0.5)
    assert epoch(lab) == 1
    assert lab.holds() == lab.stands()
    assert lab.deployer.deployment.without.links == {FIBRE}
    lab.port(FIBRE, live=True)
    lab.run(0.5)
    assert (epoch(lab), status(lab, "ckpt")) == (0, "UP")
    assert lab.holds() == lab.stands()
    assert lab.deployer.proof["holds"]


def test_nothing_is_done_about_what_nobody_uses(lab):
    fibre = "bangkok-karachi"
    before = len(lab.switches.done)
    lab.do("set_drained", fibre="shanghai-kunming", drained=True)
    lab.port(fibre, live=False)
    lab.run(0.5)
    changed = [call for call, _ in lab.switches.done[before:]]
    assert len([call for call in changed if call == "bundle"]) <= 2


def test_a_fibre_that_flaps_is_held_out_until_it_has_been_quiet(lab):
    for _ in range(3):
        for live in (False, True):
            lab.port(FIBRE, live=live)
            lab.run(0.3)
    assert lab.deployer.deployment.without.links == {FIBRE}
    assert ask(lab, do="topology")["fibres"][FIBRE]["held_out"]
    lab.run(15)
    assert lab.deployer.deployment.without.links == {FIBRE}
    lab.run(10)
    assert lab.deployer.deployment.without.links == frozenset()
    assert status(lab, "ckpt") == "UP"


def bare_policies(*more):
    """Permits that ask for no protection, so that less is left for rates to fit."""
    permits = [{key: one[key] for key in one if key != "soft"} for one in PERMITS]
    said = {"name": "bare", "classes": CLASSES, "policies": [*permits, *more]}
    return PolicySet.model_validate(said)


@pytest.fixture
def promising_lab():
    """Two demands with guaranteed rates, which only the failure or drain of a fibre joins."""
    rate = Bandwidth(cir="60Mbit")
    directions = tuple(
        one.model_copy(update={"bandwidth": rate}) if one.demand.id in PROMISED else one
        for one in KNOWN.specification.directions
    )
    changes = {"directions": directions, "policies": bare_policies(), "k": 0}
    made = Lab(DesiredState(KNOWN.specification.model_copy(update=changes)), NETWORK)
    made.connect()
    made.run(0.5)
    return made


def test_a_drain_that_leaves_no_room_for_guaranteed_rates_is_refused_with_what_would_help(
    promising_lab,
):
    before = promising_lab.holds()
    answer = ask(promising_lab, do="drain", fibre="shanghai-guian")
    assert not answer["ok"]
    assert "C12" in answer["reason"]
    (shown,) = answer["counterexamples"]
    assert "120Mbit do not fit fibre guian-kunming from guian (96Mbit)" in shown["verdict"]
    assert "lower ckpt from 60Mbit to 36Mbit" in shown["verdict"]
    assert promising_lab.holds() == before
    assert ask(promising_lab, do="drain", fibre="kunming-bangkok")["ok"]


def test_a_fibre_is_restored_whatever_becomes_of_rates(promising_lab):
    ask(promising_lab, do="drain", fibre="kunming-bangkok")
    promising_lab.port("shanghai-guian", live=False)
    promising_lab.run(0.5)
    assert ask(promising_lab, do="restore", fibre="kunming-bangkok")["ok"]


def test_nothing_is_withdrawn_for_policies_that_are_refused(promising_lab):
    """By kunming home and abroad would not fit beside each other, and render would be denied."""
    by_kunming = {"waypoints": [{"any_of": {"hubs": ["kunming"]}}]}
    detour = {"id": "DETOUR", "effect": "restrict", "match": {"class": "home"}, "hard": by_kunming}
    to_bangkok = {"class": "export", "dst": {"hubs": ["bangkok"]}}
    denied = {"id": "NO-RENDER", "effect": "deny", "match": to_bangkok}
    before = promising_lab.holds()
    last = promising_lab.event_log.last
    answer = promising_lab.do("set_policies", policies=bare_policies(detour, denied))
    assert (answer["ok"], answer["kind"]) == (False, "refused")
    assert "C12" in answer["reason"]
    assert [one["event"] for one in promising_lab.event_log.since(last)] == ["refused"]
    assert promising_lab.holds() == before


def test_nothing_is_withdrawn_for_policies_that_wait_for_a_switch(lab):
    bangkok = NETWORK.hub("bangkok").dpid
    lab.switches.away.add(bangkok)
    lab.do("went_away", dpid=bangkok)
    last = lab.event_log.last
    answer = lab.do("set_policies", policies=policies(NO_EXPORT))
    assert (answer["ok"], answer["kind"]) == (False, "deferred")
    assert [one["event"] for one in lab.event_log.since(last)] == ["deferred"]
    assert status(lab, "ckpt") == "UP"


def test_a_failure_that_leaves_no_room_for_guaranteed_rates_is_gone_around_all_the_same(
    promising_lab,
):
    promising_lab.port("shanghai-guian", live=False)
    promising_lab.run(0.5)
    assert promising_lab.deployer.deployment.without.links == {"shanghai-guian"}
    promising_lab.port("shanghai-guian", live=True)
    promising_lab.run(0.5)
    assert promising_lab.deployer.deployment.without.links == frozenset()


def test_updates_are_proven_exactly_too(lab):
    lab.do("set_policies", policies=policies(NO_SEA))
    claims = {one["claim"]: one["status"] for one in lab.deployer.proof["flipped"]["verdicts"]}
    assert {claims[claim] for claim in ("C9", "C10", "C11", "C12")} == {"proven"}


@pytest.mark.parametrize("policy", [NO_SEA, NO_EXPORT])
def test_other_policies_there_and_back_leave_what_was(lab, policy):
    before = lab.holds()
    answer = lab.do("set_policies", policies=policies(policy))
    assert (answer["ok"], answer["epoch"]) == (True, 1)
    done_ms = answer["update"]["done_ms"]
    assert done_ms["flipped"] - done_ms["beside"] >= 20, "datapaths may know the labels otherwise"
    assert lab.holds() == lab.stands() != before
    assert lab.do("set_policies", policies=policies())["ok"]
    assert lab.holds() == before
    assert not any(lab.gateways.labels[hub] for hub in ("bangkok",) if hub in lab.gateways.labels)


def test_gateways_know_both_epochs_before_the_flip_and_one_after(lab):
    old = {hub: set(labels) for hub, labels in lab.gateways.labels.items()}
    at_flip = []

    def note(call, _orders):
        if call == "bundle":
            at_flip.append({hub: set(labels) for hub, labels in lab.gateways.labels.items()})

    lab.switches.before = note
    lab.do("set_policies", policies=policies(NO_SEA))
    new = lab.gateways.labels
    assert at_flip == [{hub: old[hub] | new[hub] for hub in old}]
    assert all(not old[hub] & new[hub] for hub in old)


def test_what_would_break_a_claim_is_refused_with_a_counterexample(lab, monkeypatch):
    before, calls = lab.holds(), len(lab.switches.done)
    following = deployments.following

    def wrong(deployment, known, network):
        """As if the compiler took no notice of the new policies."""
        new = following(deployment, known, network)
        return replace(new, compiled=deployment.compiled)

    monkeypatch.setattr(deployments, "following", wrong)
    answer = lab.do("set_policies", policies=policies(NO_EXPORT))
    assert not answer["ok"]
    assert "C1" in answer["reason"]
    assert answer["counterexamples"][0]["packet"]
    assert (lab.holds(), len(lab.switches.done)) == (before, calls)
    assert lab.network.known.specification.policies == policies()


@pytest.mark.parametrize("moment", range(1, 7))
def test_a_switch_lost_at_any_moment_of_an_update_leaves_a_standing_that_is_proven(lab, moment):
    """Whichever call it is lost at, what stands is held by all who are there, once it is back."""
    left = [moment]

    def lose(_call, orders):
        left[0] -= 1
        if left[0] == 0:
            lab.lose("kunming")

    lab.switches.before = lose
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    lab.switches.before = lambda _call, _orders: None
    lab.connect("kunming")
    lab.run(5)
    assert lab.holds() == lab.stands()
    assert lab.deployer.unproven == ""
    assert answer["ok"] == (lab.network.known.specification.policies == policies(NO_SEA))


def test_a_switch_that_does_not_answer_is_hung_up_on_and_the_update_undone(lab):
    before = lab.holds()
    silent = NETWORK.hub("karachi").dpid
    lab.switches.silent = {silent}
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    assert not answer["ok"]
    assert lab.switches.hung_up == [silent]
    lab.switches.silent = set()
    lab.do("ask_audit")
    assert lab.holds() == before == lab.stands()


def test_a_dump_that_shows_something_else_stops_an_update(lab):
    before = lab.holds()
    dpid = NETWORK.hub("guian").dpid

    def tamper(call, _orders):
        if call == "dump":
            lab.switches.held[dpid].flows[foreign().key] = foreign()
            lab.switches.before = lambda _call, _orders: None

    lab.switches.before = tamper
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    assert not answer["ok"]
    assert "C0" in answer["reason"]
    lab.do("ask_audit")
    assert lab.holds() == before


def test_changes_wait_for_a_switch_that_is_away_and_happen_when_it_is_back(lab):
    lab.lose("bangkok")
    lab.port(FIBRE, live=False)
    lab.run(1)
    assert epoch(lab) == 0
    assert "bangkok away" in lab.events("deferred")[0]["reason"]
    lab.connect("bangkok")
    lab.run(1)
    assert (epoch(lab), lab.holds()) == (1, lab.stands())


def test_a_switch_that_stays_away_is_done_without_and_not_listened_to(lab):
    lab.lose("kunming")
    held = lab.holds()[NETWORK.hub("kunming").dpid]
    lab.run(11)
    assert lab.deployer.deployment.without.hubs == {"kunming"}
    assert deployments.is_cut_off("kunming", lab.deployer.deployment.program, NETWORK)
    assert lab.holds()[NETWORK.hub("kunming").dpid] == held
    lab.connect("kunming")
    lab.run(2)
    assert lab.deployer.deployment.without.hubs == frozenset()
    assert lab.holds() == lab.stands()


def test_a_switch_that_comes_back_empty_is_filled_edges_last(lab):
    dpid = NETWORK.hub("guian").dpid
    lab.lose("guian")
    lab.switches.held[dpid] = type(lab.switches.held[dpid])()
    before = len(lab.switches.done)
    lab.connect("guian")
    lab.run(1)
    assert lab.holds() == lab.stands()
    calls = [call for call, dpids in lab.switches.done[before:] if dpid in dpids]
    assert calls[:4] == ["dump", "tell", "bundle", "dump"]


def test_a_demand_whose_basis_ends_is_withdrawn_before_the_rest(lab):
    order = []

    def note(call, _orders):
        order.append(call)

    lab.switches.before = note
    lab.do("set_day", as_of=date(2027, 7, 1))
    assert order[0] == "bundle"
    assert (status(lab, "ckpt"), status(lab, "train")) == ("BLOCKED", "UP")
    assert lab.holds() == lab.stands()
    lab.do("set_day", as_of=date(2027, 6, 30))
    assert status(lab, "ckpt") == "UP"


def test_the_basis_of_a_demand_ends_although_the_switch_of_its_edge_is_away(lab):
    lab.lose("shanghai")
    lab.do("set_day", as_of=date(2027, 7, 1))
    number = next(
        n for n, one in enumerate(lab.deployer.deployment.intents, 1) if one.id == "render"
    )
    there = {
        flow.reason
        for dpid, flows in lab.holds().items()
        if dpid != NETWORK.hub("shanghai").dpid
        for flow in flows
        if flow.policy == number
    }
    assert there <= {Reason.DROP_BLOCKED}
    assert status(lab, "render") == "BLOCKED"


def test_without_anybody_to_tell_gateways_nothing_is_flipped(lab):
    before = lab.holds()
    lab.gateways.gone = True
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    assert (answer["ok"], "nobody there" in answer["reason"]) == (False, True)
    assert lab.holds() == before


def test_an_audit_takes_away_what_is_foreign_puts_back_what_is_missing_and_counts(lab):
    dpid = NETWORK.hub("guian").dpid
    held = lab.switches.held[dpid].flows
    gone = next(key for key, flow in held.items() if flow.table == Table.SWITCH)
    del held[gone]
    held[foreign().key] = foreign()
    lab.run(1001)
    assert lab.holds() == lab.stands()
    repaired = lab.events("repaired")[-1]
    assert (list(repaired["foreign"]), repaired["missing"]) == (["guian"], {"guian": 1})
    assert ask(lab, do="status")["foreign"] == 1


def test_an_audit_tells_of_groups_that_are_nobodys_or_gone(lab):
    held = lab.switches.held[NETWORK.hub("guian").dpid].groups
    held[0xFFFFF0] = FastFailover(0xFFFFF0, ())
    number, buckets = next(iter(held.items()))
    held[number] = replace(buckets, buckets=buckets.buckets[:1])
    assert not ask(lab, do="audit")["was_whole"]
    assert lab.holds() == lab.stands()
    assert lab.events("repaired")[-1]["groups_and_meters"] == {"guian": 2}
    assert ask(lab, do="audit")["was_whole"]


def test_tables_that_cannot_be_put_right_make_every_status_unknown(lab):
    dpid = NETWORK.hub("guian").dpid

    def stubborn(_call, _orders):
        lab.switches.held[dpid].flows[foreign().key] = foreign()

    lab.switches.before = stubborn
    assert not lab.do("ask_audit")["ok"]
    assert {str(one.status) for one in lab.event_log.statuses.values()} == {"UNKNOWN"}
    lab.switches.before = lambda _call, _orders: None
    assert lab.do("ask_audit")["ok"]
    assert status(lab, "train") == "UP"


def test_a_controller_that_starts_again_touches_nothing(lab):
    lab.do("set_policies", policies=policies(NO_SEA))
    lab.do("set_drained", fibre=FIBRE, drained=True)
    before = lab.holds()
    lab.start(KNOWN)
    lab.switches.done.clear()
    lab.connect()
    lab.run(0.5)
    assert lab.holds() == before == lab.stands()
    assert {call for call, _ in lab.switches.done} == {"dump"}
    assert lab.network.known.drained == {FIBRE}
    assert lab.network.known.specification.policies == policies(NO_SEA)
    assert lab.events("taken over")[-1]["was"] == "whole"


@pytest.mark.parametrize("moment", range(1, 9))
def test_a_controller_killed_at_any_moment_of_an_update_finishes_or_undoes_it(lab, moment):
    left = [moment]
    old = lab.holds()

    def die(_call, _orders):
        left[0] -= 1
        if left[0] <= 0:
            raise KeyboardInterrupt

    lab.switches.before = die
    with contextlib.suppress(KeyboardInterrupt):
        lab.do("set_policies", policies=policies(NO_SEA))
    lab.switches.before = lambda _call, _orders: None
    lab.start(KNOWN)
    lab.connect()
    lab.run(1)
    assert lab.holds() == lab.stands()
    assert lab.deployer.unproven == ""
    assert (lab.holds() == old) == (lab.network.known.specification.policies == policies())
    assert not lab.events("installed")[1:], "it was ours, and has been thrown away"


def test_tables_of_somebody_else_are_replaced(lab):
    for held in lab.switches.held.values():
        for key in list(held.flows)[::2]:
            del held.flows[key]
        held.flows[foreign().key] = foreign()
    lab.start(KNOWN)
    lab.path.unlink()
    lab.connect()
    lab.run(1)
    assert lab.holds() == lab.stands()
    assert len(lab.events("installed")) == 2


def test_a_switch_that_refuses_is_told_of(lab):
    def refuse(call, _orders):
        if call == "bundle":
            raise Refused("switch 2 refuses: type 5 code 1")

    lab.switches.before = refuse
    answer = lab.do("set_policies", policies=policies(NO_SEA))
    assert "switch 2 refuses" in answer["reason"]
    lab.switches.before = lambda _call, _orders: None
    lab.do("ask_audit")
    assert lab.holds() == lab.stands()


def test_every_request_is_answered(lab):
    assert ask(lab, do="status")["demands"] == {"UP": 6}
    assert ask(lab, do="demands")["demands"][0]["hubs"] == ["shanghai", "guian"]
    assert ask(lab, do="topology")["hubs"]["guian"]["connected"]
    assert ask(lab, do="counters")["drops"]["DROP_NO_LABEL"] > 0
    assert ask(lab, do="proof")["proof"]["holds"]
    assert ask(lab, do="policies")["set"]["name"] == "lab"
    assert ask(lab, do="audit")["was_whole"]
    assert ask(lab, do="drain", fibre=FIBRE)["ok"]
    assert ask(lab, do="restore", fibre=FIBRE)["ok"]
    numbers = [one["n"] for one in ask(lab, do="events", since=3)["events"]]
    assert numbers == list(range(4, max(numbers) + 1))
    assert ask(lab, do="explain", demand="ckpt")["explanation"]
    assert ask(lab, do="day", as_of="2026-11-25")["ok"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"do": "fly"}, "with one of status"),
        ({"do": "drain", "fibre": "x"}, "no fibre 'x'"),
        ({"do": "drain"}, "must be a string"),
        ({"do": "explain", "demand": "x"}, "no demand 'x'"),
        ({"do": "policy", "set": {"name": "x", "nonsense": 1}}, "no policy set: nonsense"),
        ({"do": "day", "as_of": "tomorrow"}, "not understood"),
        ([1], "with one of status"),
    ],
)
def test_a_request_that_makes_no_sense_is_answered_by_why(lab, request_, said):
    control = Control(lab.reconciler, lab.event_log, lambda: None)
    answer = control.answer(json.dumps(request_))
    assert not answer["ok"]
    assert said in answer["reason"]
