"""Every kind of workload at once: what was planned arrives, when it may and in its order."""

import json
from collections import defaultdict

import pytest

from corridor.experiments.results.results import read_plan

pytestmark = pytest.mark.guest


@pytest.fixture(scope="module")
def ran(once):
    return once("workloads")


@pytest.fixture(scope="module")
def plan(ran):
    return read_plan(ran.folder)


@pytest.fixture(scope="module")
def told(ran):
    """By message, when it was intended, began and was written, and when it came."""
    found = defaultdict(dict)
    for path in (ran.folder / "raw").glob("messages-*.jsonl"):
        for line in map(json.loads, path.read_text().splitlines()):
            if "m" in line:
                found[line["m"]] |= {key: line[key] for key in ("out", "in") if key in line}
    return found


@pytest.mark.promise("each message of a workload arrives, at its time and in its order")
def test_every_message_that_was_due_arrives_whole(plan, told):
    kinds = {row.id: plan.workloads[row.workload].kind for row in plan.messages.rows()}
    missing = {number for number in kinds if not (told[number].get("in") or [None, None])[1]}
    assert {kinds[number] for number in missing} <= {"collective"}
    done = [number for number, kind in kinds.items() if kind == "collective"]
    assert len(missing) < len(done) / 2


@pytest.mark.promise("each message of a workload arrives, at its time and in its order")
def test_messages_begin_when_they_were_meant_to(plan, told):
    epoch_ns = min(one["out"][0] for one in told.values() if "out" in one)
    planned = {row.id: row.at_ns for row in plan.messages.rows() if row.at_ns is not None}
    first_ns = min(planned.values())
    for number, at_ns in planned.items():
        if "out" in told[number]:
            assert told[number]["out"][0] - epoch_ns == at_ns - first_ns


def test_an_answer_begins_after_its_request_and_its_service_and_takes_its_pieces(plan, told):
    chat = next(number for number, one in enumerate(plan.workloads) if one.id == "chat")
    answers = [row for row in plan.messages.rows() if row.workload == chat and row.back]
    assert len(answers) > 50
    for row in answers:
        arrived_ns = told[row.answers]["in"][1]
        intended_ns, began_ns, _ = told[row.id]["out"]
        assert intended_ns == arrived_ns + 200_000_000 <= began_ns
        pieces = row.bytes // 200
        assert told[row.id]["in"][1] - began_ns >= (pieces - 1) * 1_000_000


def test_a_hub_of_a_ring_goes_on_only_when_it_has_what_comes_before(plan, told):
    sends = {one.id: one for host in plan.job.hosts for end in _ends(host) for one in end.sends}
    looked_at = 0
    for number, one in told.items():
        if "out" in one and sends[number].after:
            came = [told[other]["in"][1] for other in sends[number].after]
            assert one["out"][0] == max(came) + sends[number].wait_ns
            looked_at += 1
    assert looked_at > 100


def test_a_stream_of_udp_is_told_of_as_a_stream(ran, plan):
    (flow,) = ran.demands["move"]["flows"]
    noise = next(one for one in plan.workloads if one.id == "noise")
    assert flow["asked"] == pytest.approx(noise.mean_bps[0] / 1e6, rel=1e-6) == 15.0
    assert ran.summary["invalid"] is None


def _ends(host):
    return [part for part in host.parts if hasattr(part, "expects")]
