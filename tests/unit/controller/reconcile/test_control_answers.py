"""What the control socket answers: kinds of no, names in policy sets, what monitoring asks for."""

import json
import queue
import threading
from dataclasses import replace

import pytest

from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.openflow.errors import Refused
from corridor.controller.policy.load import check_policies, load_policies, shipped_policies
from corridor.controller.policy.model import PolicySet
from corridor.controller.reconcile.control import Control
from corridor.topologies.formats.load import load_topology
from fake_switches import Lab
from reconciler_lab import CLASSES, NO_EXPORT, NO_SEA, PERMITS, policies, specification, wiring

KNOWN = DesiredState(specification())
FIBRE = "kunming-karachi"


@pytest.fixture
def lab(tmp_path):
    made = Lab(KNOWN, wiring(), tmp_path / "state.json")
    made.connect()
    made.run(0.5)
    return made


def ask(lab, **request):
    """What is answered, where the controller does at once what it is asked."""
    control = Control(lab.reconciler, lab.event_log, lambda: None)
    control._have = lab.have
    return control.answer(json.dumps(request))


def plain(*more, **changes):
    made = {"name": "other", "classes": list(CLASSES), "policies": [*PERMITS, *more], **changes}
    return json.loads(json.dumps(made))


def permit(**changes):
    return {"id": "X", "effect": "permit", "match": {}, **changes}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (permit(match={"src": {"hubs": ["shanghia"]}}), '"shanghia"; did you mean "shanghai"?'),
        (permit(match={"class": "hoem"}), 'no data class is called "hoem"; did you mean "home"?'),
        (permit(match={"origin": ["QQ"]}), 'no jurisdiction or group is called "QQ"'),
        (permit(hard={"confine": "QQ"}), 'no jurisdiction or group is called "QQ"'),
        (permit(legal_ref=["CN-99-9z"]), 'no rule of law is called "CN-99-9z"'),
        (
            permit(hard={"waypoints": [{"any_of": {"hubs": ["nowhere"]}, "before": "border"}]}),
            'no hub is called "nowhere"',
        ),
        (permit(hard={"avoid": {"located_in": ["atlantis"]}}), 'is called "atlantis"'),
        (
            permit(hard={"avoid": {"operated_by": ["Acme"]}}),
            'no operator, jurisdiction or group is called "Acme"',
        ),
    ],
)
def test_a_set_that_names_what_the_topology_does_not_know_is_refused_with_the_place(
    lab, given, said
):
    before = (lab.holds(), len(lab.switches.done))
    answer = ask(lab, do="policy", set=plain(given))
    assert (answer["ok"], answer["kind"]) == (False, "bad")
    assert said in answer["reason"]
    assert answer["reason"].startswith("policies[3].")
    assert answer["mistakes"][0]["pointer"].startswith("/policies/3/")
    assert (lab.holds(), len(lab.switches.done)) == before
    assert lab.network.known.specification.policies == policies()


def test_a_set_without_the_class_of_a_demand_is_refused(lab):
    classes = [one for one in CLASSES if one["id"] != "export"]
    permits = [one for one in PERMITS if one["id"] != "EXPORT"]
    answer = ask(lab, do="policy", set=plain(classes=classes, policies=permits))
    assert answer["kind"] == "bad"
    assert 'demand "ckpt" has the unknown data class "export"' in answer["reason"]


def test_a_set_that_never_asks_for_classes_needs_none(lab):
    any_data = {"id": "ANY", "effect": "permit", "match": {}}
    assert ask(lab, do="policy", set=plain(classes=[], policies=[any_data]))["ok"]


@pytest.mark.parametrize("name", shipped_policies())
def test_every_shipped_set_passes_as_it_is_handed_over(name):
    topology = load_topology("pan-asia")
    handed = json.loads(load_policies(name, topology).model_dump_json(by_alias=True))
    check_policies(PolicySet.model_validate(handed), topology)


def test_a_refusal_by_proof_says_so_and_counts(lab, monkeypatch):
    following = deployments.following

    def wrong(deployment, known, network):
        return replace(following(deployment, known, network), compiled=deployment.compiled)

    monkeypatch.setattr(deployments, "following", wrong)
    answer = ask(lab, do="policy", set=plain(NO_EXPORT))
    assert answer["kind"] == "refused"
    assert answer["counterexamples"][0]["packet"]
    assert lab.events("refused")[-1]["kind"] == "refused"
    assert ask(lab, do="status")["happened"]["updates"]["refused"] == 1


def test_what_a_switch_that_is_away_holds_up_is_deferred(lab):
    lab.lose("bangkok")
    answer = ask(lab, do="drain", fibre=FIBRE)
    assert (answer["ok"], answer["kind"]) == (False, "deferred")
    status = ask(lab, do="status")
    assert status["deferred"] == "bangkok away"
    assert status["happened"]["updates"]["deferred"] == 1


def test_before_anything_stands_it_is_busy():
    lab = Lab(KNOWN, wiring())
    asked = (
        {"do": "drain", "fibre": FIBRE},
        {"do": "policy", "set": plain()},
        {"do": "audit"},
        {"do": "explain", "demand": "ckpt"},
    )
    for request in asked:
        answer = ask(lab, **request)
        assert (answer["kind"], answer["reason"]) == ("busy", "not now: nothing is installed yet")


def test_a_switch_that_refuses_is_a_failure_of_its_own_kind(lab):
    def refuse(call, _orders):
        if call == "bundle":
            raise Refused("switch 2 refuses: type 5 code 1")

    lab.switches.before = refuse
    assert ask(lab, do="policy", set=plain(NO_SEA))["kind"] == "failed"
    assert ask(lab, do="status")["happened"]["updates"]["failed"] == 1


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ({"do": "fly"}, "bad"),
        ({"do": "drain", "fibre": "x"}, "unknown"),
        ({"do": "explain", "demand": "x"}, "unknown"),
        ({"do": "drain"}, "bad"),
        ({"do": "day", "as_of": "tomorrow"}, "bad"),
        ({"do": "policy", "set": {"name": "x", "nonsense": 1}}, "bad"),
    ],
)
def test_each_no_is_of_a_kind(lab, request_, kind):
    assert ask(lab, **request_)["kind"] == kind


def test_an_answer_that_does_not_come_in_time_is_late(lab):
    class Never:
        def get(self, timeout):
            raise lab.reconciler.nothing

    class Jobs:
        def put(self, _job):
            pass

    lab.reconciler.jobs = Jobs()
    answer = Control(lab.reconciler, lab.event_log, Never, 0.01).answer('{"do": "audit"}')
    assert (answer["ok"], answer["kind"]) == (False, "late")


def test_a_change_says_what_its_update_was_like_and_none_if_no_entry_differed(lab):
    answer = ask(lab, do="policy", set=plain(NO_SEA))
    assert answer["update"]["done_ms"]["flipped"] >= 0
    assert ask(lab, do="status")["happened"]["last_update"]["epoch"] == answer["epoch"] == 1
    again = ask(lab, do="policy", set=plain(NO_SEA))
    assert (again["epoch"], again["update"], again["withdrawn"]) == (1, None, [])
    assert ask(lab, do="policy", set=plain(NO_SEA, NO_EXPORT))["withdrawn"] == ["ckpt", "render"]


def test_hubs_tell_their_ports_and_how_often_their_switch_came_and_went(lab):
    lab.lose("bangkok")
    lab.connect("bangkok")
    lab.port(FIBRE, live=False)
    hubs = ask(lab, do="topology")["hubs"]
    assert (hubs["bangkok"]["connections"], hubs["bangkok"]["disconnections"]) == (2, 1)
    assert hubs["karachi"]["dpid"] == wiring().hub("karachi").dpid
    live = {port["leads_to"]: port["live"] for port in hubs["karachi"]["ports"].values()}
    assert live == {"host": True, FIBRE: False, "bangkok-karachi": True}
    leads_to = {port["leads_to"] for port in hubs["kunming"]["ports"].values()}
    assert {"into gateway", "out of gateway"} <= leads_to


def test_counters_tell_drops_what_each_demand_sent_and_ports(lab):
    dpid = wiring().hub("guian").dpid
    said = lab.switches.dump

    def dump(dpids):
        found = said(dpids)
        entries = found[dpid]["switches"]
        entries[:] = [one._replace(packets=2, bytes=200) for one in entries]
        return found

    lab.switches.dump = dump
    counters = ask(lab, do="counters")
    assert counters["drops"]["DROP_NO_LABEL"] > 0
    assert counters["sent"]["ckpt"] == {"packets": 2, "bytes": 200}
    assert counters["sent"]["render"] == {"packets": 0, "bytes": 0}
    assert counters["ports"]["guian"]["1"]["rx_packets"] == 5


def test_events_say_which_is_the_newest(lab):
    answer = ask(lab, do="events", since=0)
    assert answer["last"] == answer["events"][-1]["n"]
    assert ask(lab, do="events", since=answer["last"])["events"] == []


def test_events_of_another_controller_are_told_apart(lab):
    before = ask(lab, do="events")["started_ns"]
    assert ask(lab, do="events")["started_ns"] == before
    lab.start(KNOWN)
    assert ask(lab, do="events")["started_ns"] > before


def test_sets_that_look_at_no_data_serve_demands_of_any_class_and_others_their_own_again(lab):
    any_data = {"id": "ANY", "effect": "permit", "match": {}}
    assert ask(lab, do="policy", set=plain(classes=[], policies=[any_data]))["withdrawn"] == []
    assert ask(lab, do="status")["demands"] == {"UP": 6}
    assert ask(lab, do="policy", set=plain(NO_EXPORT))["withdrawn"] == ["ckpt", "render"]
    assert ask(lab, do="status")["demands"] == {"BLOCKED": 2, "UP": 4}


def waiting(lab, **request):
    """What is answered to who waits for events, in a list once it is."""
    control = Control(lab.reconciler, lab.event_log, queue.Queue)
    answered = []

    def wait():
        line = json.dumps({"do": "events", "wait_s": 30, **request})
        answered.append(control.answer(line))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread, answered


def test_who_waits_for_an_event_is_answered_as_soon_as_there_is_one(lab):
    thread, answered = waiting(lab, since=lab.event_log.last)
    thread.join(0.2)
    assert answered == []
    lab.event_log.say("error", message="x")
    thread.join(20)
    assert [one["message"] for one in answered[0]["events"]] == ["x"]
    assert lab.event_log.bells == set()


def test_who_waits_is_answered_at_once_where_there_is_one_and_else_when_his_time_is_over(lab):
    for request, count in (
        ({"since": 0}, lab.event_log.last),
        ({"since": 10**6, "of": lab.event_log.started_ns - 1}, lab.event_log.last),
        ({"since": 10**6, "wait_s": 1}, 0),
    ):
        thread, answered = waiting(lab, **request)
        thread.join(20)
        assert len(answered[0]["events"]) == count, request
    assert lab.event_log.bells == set()
