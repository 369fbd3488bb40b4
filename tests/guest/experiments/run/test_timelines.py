"""Events of a timeline: who is hit, for how long, every loss explained, and again the same."""

import json

import pytest
from test_runs_in_the_virtual_clock import assert_same_bytes

from corridor.experiments.plan.traffic import WARM_UP_PROBES
from corridor.experiments.scenario.event_registry import KINDS
from corridor_runs import ROOT, SCENARIOS, run

SHIPPED = ROOT / "experiments/scenario/shipped"
pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
VIRTUAL = ("--testbed", "uml", "--clock", "virtual")
IN_HALF_A_SECOND = 50
PROBES_MS = 10
"""Between probes."""
BFD_MS = 15
SLOWEST_MS = 1000
"""Between two packets of a session that is not up."""
MOST_OUT_MS = 130
RTT_TOLERANCE_MS = 0.050
REPEATED = ("changes.json", "controller_events.jsonl", "deployment-after.json")


@pytest.fixture(scope="module")
def followed(once):
    return once("timeline-cut")


@pytest.fixture(scope="module")
def not_followed(tmp_path_factory, client):
    folder = tmp_path_factory.mktemp("not-followed")
    scenario = folder / "timeline-cut.yaml"
    text = (SCENARIOS / "timeline-cut.yaml").read_text()
    scenario.write_text(f"{text}controller: {{follow: false}}\n")
    return run(folder / "result", scenario, *VIRTUAL, client=client)


@pytest.fixture(scope="module")
def cut_while_it_streams(tmp_path_factory, client):
    folder = tmp_path_factory.mktemp("cut-while-it-streams")
    scenario = folder / "mini.yaml"
    cut = "{id: snip, at: streams + 500ms, for: 500ms, cut: guian-kunming}"
    scenario.write_text(f"{(SHIPPED / 'mini.yaml').read_text()}timeline: [{cut}]\n")
    return run(folder / "result", scenario, *VIRTUAL, client=client)


def hit(ran, event, demand):
    (told,) = (one for one in ran.summary["events"] if one["id"] == event)
    (found,) = (one for one in told["hits"] if one["demand"] == demand)
    return found


def test_a_cut_that_nobody_follows_loses_all_that_is_sent_while_it_lasts(not_followed):
    found = hit(not_followed, "dig", "ckpt")
    assert found["expected_out_ms"] == pytest.approx(IN_HALF_A_SECOND * PROBES_MS)
    assert found["rtt_then_ms"] is found["expected_rtt_then_ms"] is None
    assert found["out_ms"] == pytest.approx(found["expected_out_ms"], abs=PROBES_MS)
    assert found["lost"] >= IN_HALF_A_SECOND
    assert not_followed.demands["ckpt"]["lost_by"] == {"dig": found["lost"]}
    assert not_followed.demands["ckpt"]["lost"] == found["lost"]
    assert f"{found['expected_out_ms']:g} ms" in not_followed.said


def test_what_a_cut_takes_of_a_stream_sent_by_itself_is_its_doing(cut_while_it_streams):
    ran = cut_while_it_streams
    assert ran.code == 0
    (stream,) = (one for one in ran.demands["ckpt-karachi"]["flows"] if one["protocol"] == "udp")
    assert set(stream["lost_by"]) == {"queue", "snip"}
    assert (
        sum(stream["lost_by"].values()) == stream["offered_packets"] - stream["delivered_packets"]
    )
    assert [one for one in ran.summary["warnings"] if one.startswith("snip begins after")]


def test_an_expectation_that_does_not_hold_fails_the_run_in_one_line(not_followed):
    assert not_followed.code == 1
    said = not_followed.said + not_followed.complained
    lines = [
        line for line in said.splitlines() if "lost of ckpt is 50 (expected at most 20)" in line
    ]
    assert len(lines) == 1
    assert not_followed.summary["complete"]
    assert [one["holds"] for one in not_followed.summary["expectations"]] == [False]


@pytest.mark.promise("a cut fibre is left within the expected outage")
def test_a_cut_that_is_followed_is_over_as_soon_as_the_summary_expects(followed):
    found = hit(followed, "dig", "ckpt")
    assert 0 < found["out_ms"] <= MOST_OUT_MS
    assert found["expected_out_ms"] <= MOST_OUT_MS
    for when in ("before", "then"):
        expected = found[f"expected_rtt_{when}_ms"]
        assert found[f"rtt_{when}_ms"] == pytest.approx(expected, abs=RTT_TOLERANCE_MS)
    assert followed.demands["ckpt"]["lost_by"] == {"dig": followed.demands["ckpt"]["lost"]}
    assert [one["holds"] for one in followed.summary["expectations"]] == [True]
    assert f"{found['out_ms']:g} ms" in followed.said


def test_whom_a_cut_does_not_touch_loses_nothing(followed, not_followed):
    for ran in (followed, not_followed):
        assert ran.demands["train"]["lost"] == 0
        assert "lost_by" not in ran.demands["train"]


def test_the_same_seed_gives_the_same_bytes_whatever_happens(once):
    first, second = once("timeline-again"), once("timeline-again", "--seed", "1")
    assert_same_bytes(first, second)
    for name in REPEATED:
        ours, theirs = ((one.folder / "raw" / name).read_bytes() for one in (first, second))
        assert ours == theirs, f"{name} differs"
    made = json.loads((first.folder / "raw" / "changes.json").read_text())
    assert {"kill-controller", "start-controller", "set-policies"} <= {one["do"] for one in made}
    assert all(one["answer"]["ok"] for one in made if "answer" in one)


@pytest.fixture(scope="module")
def of_all_kinds(once):
    return once("timeline-all")


def test_every_event_of_every_kind_is_in_the_summary(of_all_kinds):
    told = of_all_kinds.summary["events"]
    elsewhere = {"power", "silence", "leave"}  # test_days_in_runs.py and test_domains_in_runs.py
    assert {one["kind"] for one in told} == KINDS.keys() - {"expect"} - elsewhere
    assert [one["at_ms"] for one in told] == sorted(one["at_ms"] for one in told)
    assert [one["id"] for one in told if one["refused"]] == []
    assert [one["holds"] for one in of_all_kinds.summary["expectations"]] == [True, True]


@pytest.mark.promise("the run explains each lost packet")
def test_every_lost_probe_is_explained(of_all_kinds):
    ids = {one["id"] for one in of_all_kinds.summary["events"]}
    for name, demand in of_all_kinds.demands.items():
        causes = demand.get("lost_by", {})
        assert causes.keys() <= {*ids, "policy", "queue"}, name
        of_warm_up = sum(causes.values()) - demand["lost"]
        assert of_warm_up == (WARM_UP_PROBES if demand["status"] == "BLOCKED" else 0), name
    assert of_all_kinds.summary["invalid"] is None


def test_no_packet_is_where_what_is_in_force_forbids_it(of_all_kinds):
    crossings = of_all_kinds.summary["crossings"]
    assert crossings["frames"] > 1000
    assert (crossings["lost"], crossings["forbidden"], crossings["strange"]) == (0, [], [])


def test_tables_are_proven_before_and_after_all_that_happened(of_all_kinds):
    proof = json.loads((of_all_kinds.folder / "proof.json").read_text())
    assert proof["holds"]
    assert {"before", "after"} <= proof["proofs"].keys()


@pytest.fixture(scope="module")
def in_other_states(once):
    return once("timeline-states")


def hits(ran):
    return [(one["id"], hit) for one in ran.summary["events"] for hit in one["hits"]]


def test_what_finds_the_network_otherwise_than_whole_does_what_is_expected(in_other_states):
    for event, hit in hits(in_other_states):
        assert hit["expected"], event
        assert hit["out_ms"] == pytest.approx(hit["expected_out_ms"], abs=PROBES_MS), event
        for when in ("before", "then"):
            measured, expected = hit[f"rtt_{when}_ms"], hit[f"expected_rtt_{when}_ms"]
            if expected is None:
                assert measured is None, (event, when)
            else:
                assert measured == pytest.approx(expected, abs=RTT_TOLERANCE_MS), (event, when)


def test_every_event_hits_whom_it_is_expected_to(in_other_states):
    found = {(event, hit["demand"]) for event, hit in hits(in_other_states)}
    assert found == {
        ("waits", "ckpt"),
        ("unheard", "ckpt"),
        ("unheard", "infer"),
        ("flaps", "ckpt"),
        ("flaps", "infer"),
        ("abroad", "infer"),
    }
    assert hit(in_other_states, "unheard", "ckpt")["out_ms"] > 1900  # as long as it lasts
    assert hit(in_other_states, "abroad", "infer")["rtt_before_ms"] > 70  # by the detour


def test_sessions_that_come_up_slowly_keep_demands_out(once):
    ran = once("timeline-bfd")
    assert {event for event, _ in hits(ran)} == {"silent", "abroad"}
    silent, abroad = hit(ran, "silent", "ckpt"), hit(ran, "abroad", "infer")
    assert silent["out_ms"] == pytest.approx(silent["expected_out_ms"], abs=PROBES_MS + BFD_MS)
    least_ms, most_ms = abroad["expected_out_within_ms"]
    assert 1000 < least_ms - PROBES_MS - SLOWEST_MS / 4 <= abroad["out_ms"]
    assert abroad["out_ms"] <= most_ms + PROBES_MS + SLOWEST_MS / 4


def test_flows_are_rewritten_no_sooner_than_5_ms_after_the_last_time(once):
    """Open vSwitch's revalidators rest that long, so that a second cut lasts for the remainder."""
    ran = once("close-cuts")
    out_ms = {
        event["id"]: hit["out_ms"] for event in ran.summary["events"] for hit in event["hits"]
    }
    assert [out_ms[f"first-{gap}"] for gap in (1, 3, 8)] == [1.0, 1.0, 1.0]
    assert [out_ms[f"after-{gap}"] for gap in (1, 3, 8)] == [4.0, 2.0, 0.0]
    assert "outside its expectation" not in ran.said
