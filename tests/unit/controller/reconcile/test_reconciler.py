"""The controller on switches of a test: what it does when something changes or fails."""

import gc
import json
from datetime import date

import pytest

from corridor.controller.forwarding.program import Reason
from corridor.controller.openflow import deployments
from corridor.controller.reconcile.control import Control
from corridor.controller.reconcile.jobs import AuditNow
from fake_switches import Lab
from lab_views import FIBRE, KNOWN, NETWORK, ask, epoch, status


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


def test_a_fibre_is_used_again_although_its_time_comes_while_another_update_is_planned(
    lab, monkeypatch
):
    for _ in range(3):
        for live in (False, True):
            lab.port(FIBRE, live=live)
            lab.run(0.3)
    release_ns = lab.network.sightings.damper.release_ns()
    lab.run((release_ns - lab.now_ns) / 1e9 - 1)
    planned = deployments.following

    def slowly(*what):
        lab.sleep(1.5)
        ask(lab, do="topology")
        return planned(*what)

    monkeypatch.setattr(deployments, "following", slowly)
    lab.port("bangkok-karachi", live=False)
    lab.run(3)
    monkeypatch.setattr(deployments, "following", planned)
    lab.run(30)
    assert lab.deployer.deployment.without.links == {"bangkok-karachi"}
    assert not ask(lab, do="topology")["fibres"][FIBRE]["held_out"]


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
        ({"do": "policy", "set": {"name": "x", "nonsense": 1}}, 'unknown key "nonsense"'),
        ({"do": "day", "as_of": "tomorrow"}, "not understood"),
        ([1], "with one of status"),
    ],
)
def test_a_request_that_makes_no_sense_is_answered_by_why(lab, request_, said):
    control = Control(lab.reconciler, lab.event_log, lambda: None)
    answer = control.answer(json.dumps(request_))
    assert not answer["ok"]
    assert said in answer["reason"]


def test_no_cycles_are_looked_for_while_a_job_is_done_and_again_afterwards(lab, monkeypatch):
    """A proof makes many values and no cycles: to look for some takes a fifth of its time."""
    looked = []
    monkeypatch.setattr(lab.reconciler, "_do", lambda _job: looked.append(gc.isenabled()))
    lab.have(AuditNow())
    assert looked == [False]
    assert gc.isenabled()
