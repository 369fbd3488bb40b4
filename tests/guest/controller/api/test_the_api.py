"""The API of a live network, used for everything in a guest, in front of the real controller.

What it answers is true of real switches: traffic runs through drains and policy sets, and the watch
on the fibres judges it. A set that does not prove is made by a compiler that was broken for it.
"""

import json
from itertools import pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families

from corridor.controller.reconcile.two_phase_rollout import SETTLE_NS
from corridor.experiments.live_network.setting import Setting
from corridor_runs import seen_inside
from reconciler_lab import NO_EXPORT, NO_SEA, policies, specification, wiring

pytestmark = [pytest.mark.guest, pytest.mark.timeout(500)]
FIBRE = "kunming-karachi"
ALL = {direction.demand.id for direction in specification().directions}
FLIPPED_MS = SETTLE_NS / 1e6 + 20
DENY_ALL = {"id": "CLOSED", "effect": "deny", "match": {}}


def as_json(policies, **changes):
    return {**policies.model_dump(mode="json", by_alias=True), **changes}


@pytest.fixture(scope="session", params=["ryu", "os-ken"])
def steps(request, tmp_path_factory, virtual_kernel):
    """The result of every step, by framework."""
    out = tmp_path_factory.mktemp("api")
    elsewhere = {"id": "X", "effect": "deny", "match": {"src": {"hubs": ["shanghia"]}}}
    sets = {
        "base": as_json(policies()),
        "no-sea": as_json(policies(NO_SEA)),
        "closed": as_json(policies(DENY_ALL), name="closed"),
        "unproven": as_json(policies(NO_EXPORT), name="unproven"),
        "foreign": as_json(policies(elsewhere)),
    }
    Setting(specification(), wiring()).write(out)
    (out / "policies.json").write_text(json.dumps(sets))
    return seen_inside(virtual_kernel, out, "the_api", request.param)


@pytest.fixture
def step(steps):
    def seen(name):
        broken = [one["broken"] for one in steps.values() if "broken" in one]
        assert name in steps, broken
        assert "broken" not in steps[name], steps[name]["broken"]
        return steps[name]

    return seen


def samples(text):
    """Values by name, and by their labels in order."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def lost(account):
    return {demand: times for demand, times in account["lost"].items() if times}


def is_lawful(account):
    return (account["forbidden"], account["strange"], account["unseen"]) == ([], [], 0)


def test_everything_can_be_read(step):
    answers = step("reads")
    assert {status for status, _ in answers.values()} == {200}
    assert answers["status"][1]["demands"] == {"UP": 6}
    assert answers["demands/ckpt"][1]["hubs"] == ["guian", "kunming", "karachi"]
    assert answers["demands/ckpt/explanation"][1]["permit"]["policy"] == "EXPORT"
    assert answers["proof"][1]["holds"]
    assert answers["topology"][1]["hubs"]["karachi"]["connected"]
    assert answers["policies"][1]["name"] == "lab"
    assert answers["events?since=2"][1]["events"][0]["n"] == 3
    assert answers["openapi"][1]["openapi"].startswith("3.1")


def test_ports_of_real_switches_are_counted(step):
    counters, topology = (step("reads")[path][1] for path in ("counters", "topology"))
    for hub, known in topology["hubs"].items():
        assert set(counters["ports"][hub]) == set(known["ports"])
        assert all(port["live"] for port in known["ports"].values())
    assert counters["ports"]["karachi"]["2"]["rx_packets"] > 0, "BFD runs on every fibre"


def test_strangers_are_turned_away_and_nothing_happens(step):
    assert step("unexpected") == {"answers": [401, 401, 401], "happened": []}


def test_another_user_cannot_read_the_token(step):
    seen = step("token_file")
    assert (seen["folder"], seen["mode"]) == (0, "0o600")
    assert (seen["code"], seen["said"]) == (1, "")


def test_a_fibre_is_drained_and_restored_without_loss(step):
    seen = step("drain_and_restore")
    assert [seen[key][0] for key in ("drained", "restored")] == [200, 200]
    assert seen["drained"][1]["update"]["done_ms"]["flipped"] < FLIPPED_MS
    assert seen["topology"]["drained"]
    crossed = {frozenset(ends) for hubs in seen["hubs"] for ends in pairwise(hubs)}
    assert frozenset({"kunming", "karachi"}) not in crossed
    assert lost(seen["account"]) == {}
    assert is_lawful(seen["account"])
    assert min(seen["account"]["sent"].values()) > 100


def test_metrics_of_a_network_with_traffic(step):
    said = samples(step("drain_and_restore")["metrics"])
    parts = {key[1]: value for key, value in said.items() if key[0] == "corridor_scrape_success"}
    assert set(parts.values()) == {1}
    assert said["corridor_fibre_drained", FIBRE] == 1
    assert said["corridor_demands", "UP"] + said["corridor_demands", "DEGRADED"] == 6
    assert said["corridor_updates_total", "done"] >= 1
    assert 0 <= said["corridor_last_update_flip_seconds",] < FLIPPED_MS / 1e3
    assert said["dp_status", "0x5", "karachi"] == 1
    assert said["port_status", "0x5", "karachi", "2", FIBRE] == 1
    assert said["of_port_rx_packets", "0x5", "karachi", "1", "host"] > 10
    assert said["of_port_tx_bytes", "0x5", "karachi", "3", "bangkok-karachi"] > 0
    assert said["of_dp_connections_total", "0x5", "karachi"] == 1
    assert said["corridor_demand_sent_packets_total", "ckpt"] > 10
    assert said["corridor_demand_one_way_delay_seconds", "ckpt"] > 0.04


def test_other_policies_take_nothing_from_what_both_allow(step):
    seen = step("other_policies")
    assert [seen[key][0] for key in ("there", "back")] == [200, 200]
    assert "NO-SEA" in {one["id"] for one in seen["held"]["policies"]}
    assert lost(seen["account"]) == {}
    assert is_lawful(seen["account"])


def test_a_set_that_does_not_prove_is_refused_with_a_counterexample_and_nothing_is_lost(step):
    seen = step("a_set_that_does_not_prove")
    status, problem = seen["refused"]
    assert (status, problem["kind"]) == (409, "refused")
    first = problem["counterexamples"][0]
    assert first["clauses"][0]["policy"] == "NO-EXPORT"
    assert first["packet"]["ipv4_dst"]
    assert [hop["hub"] for hop in first["hops"]]
    assert seen["status"]["policies"] == "lab"
    assert seen["status"]["happened"]["updates"]["refused"] == 2
    assert seen["audit"] == [200, {"was_whole": True}]
    assert lost(seen["account"]) == {}


def test_the_command_prints_that_counterexample_and_ends_with_1(step):
    done = step("a_set_that_does_not_prove")["command"]
    assert done["code"] == 1
    assert "is violated: " in done["said"].splitlines()[0]
    assert "clause: NO-EXPORT deny" in done["said"]
    assert done["complained"].startswith("corridor: it would break C")
    assert done["complained"].count("\n") == 1


def test_a_set_that_blocks_everything_is_in_force_and_every_packet_is_counted(step):
    seen = step("a_set_that_blocks_everything")
    assert (seen["command"]["code"], seen["command"]["complained"]) == (0, "")
    assert seen["command"]["said"].startswith("policies closed: 6 demands dropped at once; epoch ")
    assert "demands: 6 BLOCKED" in seen["status"]["said"]
    assert seen["status"]["said"].count("CLOSED deny") == 6
    sent = sum(seen["account"]["sent"].values())
    assert set(lost(seen["account"])) == ALL
    assert seen["account"]["frames"] == 0
    assert seen["counters"]["drops"]["DROP_BLOCKED"] == sent
    said = samples(seen["metrics"])
    blocked = [
        v for key, v in said.items() if key[0] == "corridor_drops_total" and "blocked" in key
    ]
    assert sum(blocked) == sent
    assert seen["back"][0] == 200


def test_a_set_that_names_what_the_topology_does_not_know_is_refused(step):
    status, problem = step("a_set_of_unknown_names")
    assert (status, problem["kind"]) == (422, "bad")
    assert 'no hub is called "shanghia"; did you mean "shanghai"?' in problem["detail"]


def test_a_day_is_set(step):
    seen = step("a_day")
    assert [seen[key][0] for key in ("later", "back")] == [200, 200]
    blocked = {one["demand"] for one in seen["demands"] if one["status"] == "BLOCKED"}
    assert blocked == {"ckpt", "render"} == set(seen["later"][1]["withdrawn"])


def test_a_cut_is_seen_in_status_and_metrics(step):
    seen = step("a_cut")
    assert f"\nfailed: {FIBRE}\n" in seen["shown"]["said"]
    said = samples(seen["metrics"])
    assert said["corridor_fibre_works", FIBRE] == 0
    assert said["port_status", "0x5", "karachi", "2", FIBRE] == 0


def test_a_controller_that_dies_is_a_503_and_the_api_serves_the_next_one(step):
    seen = step("a_controller_that_dies")
    (status, problem), command = seen["without"]
    assert (status, problem["kind"]) == (503, "absent")
    assert (command["code"], command["complained"].count("\n")) == (3, 1)
    assert samples(seen["metrics"][1])["corridor_scrape_success", "status"] == 0
    assert (seen["back"][0], seen["back"][1]["demands"]) == (200, {"UP": 6})


def test_events_are_told(step):
    seen = step("all_events")
    kinds = {one["event"] for one in seen["events"][1]["events"]}
    assert {"switch", "taken over", "status"} <= kinds
    assert "a new controller took over" in seen["command"]["said"]
