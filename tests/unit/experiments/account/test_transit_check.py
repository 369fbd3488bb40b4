"""Packets on fibres are judged by the policies that were in force when they were seen."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from corridor.controller.policy.load import load_policies
from corridor.experiments.account.transit_check import ALWAYS, Alibis, Span, TransitChecker, judge
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import Made
from corridor.experiments.results import timeline
from corridor.experiments.results.timeline import in_force
from corridor.experiments.scenario.intents import specify
from corridor.topologies.base.codec import to_plain
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routing import shortest_path_between
from corridor.topologies.model.topology import PossibleCrossing
from corridor.traffic.agents.transits import Seen, SeenFlow
from kinds_lab import loaded

EPOCH_NS = 1_800_000_000_000_000_000
S = 1_000_000_000
DEMANDS = """\
demands:
  - {id: ckpt, class: ckpt, data: cn-core-none, returns: same-class, src: guian, dst: karachi}
"""
TEXT = """\
policies: cn-outbound
as_of: 2026-11-24
timeline:
  - {id: free, at: 1s, policies: none}
  - {id: again, at: 1500ms, policies: cn-outbound}
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("scenario"), TEXT, DEMANDS)


@pytest.fixture(scope="module")
def plan(scenario):
    return make_plan(scenario, clock="virtual", run_id="c0", seed=1)


@pytest.fixture(scope="module")
def forbids(scenario):
    return specify(scenario)


@pytest.fixture(scope="module")
def allows(scenario, forbids):
    return forbids.model_copy(update={"policies": load_policies("none", scenario.topology)})


def seen(plan, first_ns, last_ns):
    wire = next(one for one in plan.wiring.fibres if one.fibre == "guian-kunming")
    interface = next(end.interface for end in (wire.a, wire.z) if end.hub == "guian")
    src, dst = (plan.wiring.hub(one).host_ip for one in ("guian", "karachi"))
    flow = SeenFlow(
        interface=interface, src=src, dst=dst, src_port=4000, dst_port=862, protocol=17, label=16,
        traffic_class=0, depth=1, vlan=None, eth_type=None, packets=10, bytes=1000,
        first_ns=first_ns, last_ns=last_ns,
    )  # fmt: skip
    return Seen(schema=1, frames=10, lost=0, flows=(flow,))


@pytest.mark.parametrize(
    ("first_ns", "last_ns", "holds"),
    [(10, 20, True), (15, 15, True), (9, 20, False), (10, 21, False), (1, 2, False)],
)
def test_a_packet_is_forbidden_where_nothing_allows_it_at_its_time(
    plan, forbids, allows, first_ns, last_ns, holds
):
    spans = [
        (TransitChecker(forbids, plan.wiring), ALWAYS),
        (TransitChecker(allows, plan.wiring), Span(10, 20)),
    ]
    verdict = judge(seen(plan, first_ns, last_ns), spans)
    assert (verdict.forbidden == ()) == holds
    assert verdict.strange == ()


def test_while_other_policies_are_rolled_out_both_allow(plan, forbids, allows):
    one, other = (TransitChecker(each, plan.wiring) for each in (allows, forbids))
    spans = [(one, Span(-S, 20)), (other, Span(10, S))]
    assert judge(seen(plan, 5, 20), spans).holds
    assert not judge(seen(plan, 5, 21), spans).holds


def test_what_allows_again_allows_nothing_in_between(plan, forbids, allows):
    one, other = (TransitChecker(each, plan.wiring) for each in (allows, forbids))
    spans = [(one, Span(-S, 20)), (other, Span(10, 40)), (one, Span(30, S))]
    assert not judge(seen(plan, 5, 35), spans).holds
    distant = seen(plan, 5, 20)
    distant = distant._replace(flows=(*distant.flows, *seen(plan, 30, 35).flows))
    assert judge(distant, spans).holds
    meeting = [(one, Span(-S, 20)), (other, Span(10, 20)), (one, Span(20, S))]
    assert judge(seen(plan, 5, 35), meeting).holds


@pytest.mark.parametrize(("octets", "strange"), [(14, 0), (15, 1)])
def test_bare_frames_by_which_a_switch_tries_its_datapath_are_left_out(
    plan, allows, octets, strange
):
    found = seen(plan, 1, 2)
    bare = {"src": None, "dst": None, "depth": 0, "eth_type": 0x1234, "bytes": 10 * octets}
    found = found._replace(flows=(found.flows[0]._replace(**bare),))
    assert len(TransitChecker(allows, plan.wiring).verdict(found).strange) == strange


def test_one_specification_that_is_in_force_all_the_time(plan, forbids, allows):
    assert TransitChecker(allows, plan.wiring).verdict(seen(plan, 1, 2)).holds
    assert not TransitChecker(forbids, plan.wiring).verdict(seen(plan, 1, 2)).holds


def made(event, began_ns, answered_ns, answer):
    return Made(
        do="set-policies",
        what="x",
        event=event,
        planned_ns=began_ns,
        began_ns=began_ns,
        answered_ns=answered_ns,
        answer=answer,
    )


def test_a_request_of_which_nobody_knows_whether_it_was_heard_is_told() -> None:
    answers = [{"ok": True}, {"ok": False, "kind": "late"}, {"ok": False, "kind": "refused"}]
    changes = [made(f"other-{n}", 0, 1, answer) for n, answer in enumerate(answers)]
    (line,) = timeline._unanswered(changes)
    assert line.startswith("the controller did not answer other-1: packets are checked against")


def spans_of(folder, plan, forbids, changes):
    (folder / "changes.json").write_text(json.dumps(to_plain(changes)))
    found = in_force(folder, plan, EPOCH_NS, forbids)
    return [
        (
            one.policies.name,
            *(each - EPOCH_NS if abs(each) < 2 * EPOCH_NS else each for each in span),
        )
        for one, span in found
    ]


def test_policies_are_in_force_from_when_they_are_asked_for_until_others_are_rolled_out(
    tmp_path, plan, forbids
):
    done = [made("free", S, 2 * S, {"ok": True}), made("again", 3 * S, 4 * S, {"ok": True})]
    assert spans_of(tmp_path, plan, forbids, done) == [
        ("cn-outbound", ALWAYS.from_ns, 2 * S),
        ("none", S, 4 * S),
        ("cn-outbound", 3 * S, ALWAYS.until_ns),
    ]


@pytest.mark.parametrize("kind", ["busy", "refused", "unknown"])
def test_policies_that_are_refused_were_never_in_force(tmp_path, plan, forbids, kind):
    done = [made("free", S, 2 * S, {"ok": False, "kind": kind, "reason": "not now"})]
    assert spans_of(tmp_path, plan, forbids, done) == [("cn-outbound", *ALWAYS)]


def test_where_nobody_answered_either_may_be_in_force(tmp_path, plan, forbids):
    done = [made("free", S, 2 * S, {"ok": False, "kind": "absent", "reason": "gone"})]
    assert spans_of(tmp_path, plan, forbids, done) == [
        ("cn-outbound", *ALWAYS),
        ("none", S, ALWAYS.until_ns),
    ]


def test_without_changes_the_first_is_in_force_all_the_time(tmp_path, plan, forbids):
    assert in_force(tmp_path, plan, EPOCH_NS, forbids) == [(forbids, ALWAYS)]


# Delay alone tells where packets cannot have been.


@pytest.fixture(scope="module")
def mini():
    return load_topology("mini")


def fastest_ns(topology, *hubs):
    routes = [shortest_path_between(topology, a, b) for a, b in pairwise(hubs)]
    return sum(route.one_way_delay_ns for route in routes)


def test_what_is_faster_than_the_fastest_path_through_a_place_was_not_there(mini):
    via_bangkok = fastest_ns(mini, "shanghai", "bangkok", "guian")
    alibis = Alibis(mini)
    assert "TH" in alibis.of("shanghai", "guian", via_bangkok - 1)
    assert "TH" not in alibis.of("shanghai", "guian", via_bangkok)


def test_where_a_packet_starts_and_ends_it_was(mini):
    assert "CN" not in Alibis(mini).of("shanghai", "guian", fastest_ns(mini, "shanghai", "guian"))


def test_what_a_cable_touches_on_its_way_counts_as_met(mini):
    fibre = mini.fibre("shanghai-bangkok")
    assert fibre.crosses
    over = fastest_ns(mini, "shanghai", "bangkok")
    found = Alibis(mini).of("shanghai", "bangkok", fibre.one_way_delay_ns)
    assert not set(fibre.crosses) & set(found)
    assert over <= fibre.one_way_delay_ns


def test_what_a_cable_may_touch_is_no_alibi(mini):
    doubt = (PossibleCrossing(code="IR", why="a strait"),)
    fibres = tuple(
        one.model_copy(update={"may_cross": doubt}) if one.id == "shanghai-bangkok" else one
        for one in mini.fibres
    )
    map_with_doubt = mini.model_copy(update={"fibres": fibres})
    took = mini.fibre("shanghai-bangkok").one_way_delay_ns
    assert "IR" not in Alibis(map_with_doubt).of("shanghai", "bangkok", took)
    assert "IR" in Alibis(map_with_doubt).of("shanghai", "bangkok", took - 1)


def test_a_path_as_slow_as_any_has_no_alibi(mini):
    assert Alibis(mini).of("shanghai", "guian", 10**12) == ()
