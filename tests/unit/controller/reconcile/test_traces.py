"""The present path of a packet, hop by hop, as the control socket reports it."""

import json

import pytest

from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.reconcile.control import Control
from described import wrong
from fake_switches import Lab
from reconciler_lab import NO_EXPORT, policies, specification, wiring


@pytest.fixture
def lab(tmp_path):
    made = Lab(DesiredState(specification()), wiring(), tmp_path / "state.json")
    made.connect()
    made.run(0.5)
    return made


def ask(lab, **request):
    control = Control(lab.reconciler, lab.event_log, lambda: None)
    control._have = lab.have
    return json.loads(json.dumps(control.answer(json.dumps(request))))


def hubs(trace):
    return [hop["hub"] for hop in trace["hops"]]


@pytest.mark.parametrize("live", [False, True])
def test_a_trace_goes_where_the_status_says(lab, live):
    for one in ask(lab, do="demands")["demands"]:
        found = ask(lab, do="trace", demand=one["demand"], live=live)["trace"]
        assert found["delivered"], one
        assert wrong("trace-answer", {**found, "epoch": 0, "served": one}) == []
        crossed = [hop for hop in found["hops"] if not hop["by"].startswith("gateway:")]
        assert [hop["hub"] for hop in crossed] == one["hubs"]
        assert found["hops"][-1]["one_way_ns"] == one["one_way_ns"]


def test_each_hop_says_which_entries_it_met_and_which_label_it_gave(lab):
    found = ask(lab, do="trace", demand="train")["trace"]
    first, *_, last = found["hops"]
    assert found["packet"]["in_port"] == 1
    assert [entry.split()[4] for entry in first["entries"]] == [
        *("ADMIT", "CLASSIFY", "LABEL", "SWITCH")
    ]
    labels = {one["label"]: one for one in ask(lab, do="labels")["labels"]}
    assert labels[first["label"]["number"]]["demand"] == "train"
    assert labels[first["label"]["number"]]["state"] == first["label"]["state"]
    assert (first["label"]["epoch"], first["one_way_ns"]) == (0, 0)
    assert (last["by"], last["label"]) == ("", None)


def test_around_a_dead_fibre_it_says_what_was_passed_over(lab):
    lab.port("shanghai-guian", live=False)
    found = ask(lab, do="trace", demand="train")["trace"]
    assert found["delivered"]
    assert hubs(found) != ["shanghai", "guian"]
    assert found["hops"][0]["found_dead"] in (["shanghai-guian"], [])


def test_what_policies_refuse_is_followed_to_the_entry_that_drops_it(lab):
    lab.do("set_policies", policies=policies(NO_EXPORT))
    blocked = next(one for one in ask(lab, do="demands")["demands"] if one["status"] == "BLOCKED")
    found = ask(lab, do="trace", demand=blocked["demand"])["trace"]
    assert not found["delivered"]
    assert found["end"] == "dropped by an entry"
    assert "DROP_BLOCKED" in found["hops"][-1]["entries"][-1]


def test_a_demand_that_is_not_there_is_named(lab):
    said = ask(lab, do="trace", demand="nothing")
    assert (said["ok"], said["kind"]) == (False, "unknown")


def test_the_socket_of_the_controller_which_the_api_reaches_runs_nothing_and_breaks_nothing(lab):
    for do in ("run", "begin", "kill-controller", "capture"):
        assert ask(lab, do=do, hub="guian", command=["true"])["kind"] == "bad"
