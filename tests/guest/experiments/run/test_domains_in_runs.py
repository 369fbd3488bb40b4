"""A run whose domains have a controller each: they agree, program their switches, and settle."""

import json

import pytest

from corridor_runs import run

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
RTT_TOLERANCE_MS = 0.020
FRAME_BYTES = 128 + 4
"""Of a probe with its label."""
MAP = """name: chain
extends: [mini]
domains:
  hubs: {shanghai: east@CN, guian: mid@CN, kunming: mid@CN, bangkok: south@TH, karachi: south@PK}
"""
SCENARIO = """schema: 1
name: chain
topology: chain.yaml
policies: pan-asia
as_of: 2026-11-24
service: leased-circuit
controller: {domains: operators}
demands:
- {id: through, class: dr, data: cn-important-assessment, returns: pk-general-exempt,
   src: shanghai, dst: karachi}
- {id: near, class: render, data: cn-general-exempt, returns: th-general-exempt,
   src: guian, dst: bangkok}
- {id: kept, class: dr, data: cn-core-none, returns: same-class, src: shanghai, dst: bangkok}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("domains")
    (folder / "chain.yaml").write_text(MAP)
    (folder / "scenario.yaml").write_text(SCENARIO)
    words = ("--testbed", "uml", "--clock", "virtual")
    return run(folder / "out", str(folder / "scenario.yaml"), *words)


def test_their_tables_are_those_that_were_proven_and_data_takes_the_time_predicted(ran):
    proof = json.loads((ran.folder / "proof.json").read_text())
    assert proof["second_opinion"]["agrees"] is True
    tables = proof["proofs"]
    assert tables["before"]["same_as"] == "compiled"
    assert tables["after"]["same_as"] == "before"
    assert tables["before"]["holds"]
    demands = {one["id"]: one for one in ran.summary["demands"]}
    for name in ("through", "near"):
        one = demands[name]
        least = one["rtt_ms"]["min"]
        assert (one["sent"], one["received"]) == (100, 100)
        assert least == pytest.approx(one["predicted_rtt_ms"], abs=RTT_TOLERANCE_MS)
    assert (demands["kept"]["status"], demands["kept"]["received"]) == ("BLOCKED", 0)


def test_the_account_closes_and_the_monitor_saw_no_violation(ran):
    assert ran.summary["account"]["closes"] is True
    seen = ran.summary["crossings"]
    assert seen["frames"] > 1000
    assert (seen["lost"], seen["forbidden"], seen["strange"]) == (0, [], [])


def test_domains_tell_at_least_the_minimum_and_what_they_carry_for_others_is_counted(ran):
    found = ran.summary["domains"]
    carried = {one["id"]: one["domains"] for one in found["directions"]}
    assert carried["through"] == ["east@CN", "mid@CN", "south@PK"]
    assert carried["through.return"] == ["south@PK", "mid@CN", "east@CN"]
    assert carried["kept"] == []
    by_id = {one["domain"]: one for one in found["domains"]}
    least = sum(one["numbers"] for one in found["directions"])
    assert least <= sum(one["told"]["delays"] for one in by_id.values())
    assert all(one["told"]["messages"] > 0 for one in by_id.values())
    assert all(one["told"]["refused"] == 0 for one in by_id.values())
    probes = 100 + 3  # with those to warm up
    both_ways = {"packets": 2 * probes, "bytes": 2 * probes * FRAME_BYTES}
    assert by_id["mid@CN"]["transit"] == both_ways
    assert by_id["mid@CN"]["transit_for"] == [{"demand": "through", "volume": both_ways}]
    assert [by_id[one]["transit"]["packets"] for one in ("east@CN", "south@PK")] == [0, 0]
    ways = {(one["by"], one["to"]): one["volume"]["packets"] for one in found["handed_over"]}
    assert ways["east@CN", "mid@CN"] == ways["mid@CN", "south@TH"] == probes


EVENTS = """probe: {interval: 10ms, count: 420, size: 128B}
timeline:
- {at: 500ms, until: 1s, cut: kunming-bangkok}
- {at: 1500ms, policies: none}
- {at: 2s, policies: pan-asia}
- {at: 2500ms, until: 2800ms, kill: mid@CN}
- {at: 2600ms, until: 3100ms, cut: kunming-bangkok}
- {at: 3500ms, leave: south@PK}
"""


@pytest.fixture(scope="module")
def with_events(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    (folder / "chain.yaml").write_text(MAP)
    (folder / "scenario.yaml").write_text(SCENARIO + EVENTS)
    words = ("--testbed", "uml", "--clock", "virtual")
    return run(folder / "out", str(folder / "scenario.yaml"), *words)


def test_controllers_follow_a_cut_other_policies_a_kill_and_a_domain_that_leaves(with_events):
    events = {one["id"]: one for one in with_events.summary["events"]}
    hits = {name: {hit["demand"]: hit for hit in one["hits"]} for name, one in events.items()}
    assert 0 < hits["cut-kunming-bangkok"]["near"]["out_ms"] < 100
    assert hits["cut-kunming-bangkok"]["near"]["rtt_then_ms"] > 70
    assert set(hits["policies-pan-asia"]) == {"kept"}  # lawful in between only
    assert hits["cut-kunming-bangkok-2"]["near"]["out_ms"] >= 150  # its controller is dead
    assert set(hits["leave-south-PK"]) == {"through"}
    demands = {one["id"]: one for one in with_events.summary["demands"]}
    assert 40 <= demands["kept"]["received"] <= 65  # of half a second, and until it is ruled


def test_no_packet_is_forbidden_and_all_tables_are_proven_together_at_every_moment(with_events):
    seen, moments = with_events.summary["crossings"], with_events.summary["domains"]["moments"]
    assert (seen["lost"], seen["forbidden"], seen["strange"]) == (0, [], [])
    assert moments["proven"] > 40
    assert moments["violated"] == []
    after = json.loads((with_events.folder / "proof.json").read_text())["proofs"]["after"]
    assert after["holds"] is True
    assert "same_as" not in after
