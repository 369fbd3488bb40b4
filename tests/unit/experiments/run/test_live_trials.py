"""Trials of a demand on a network that runs: planned, and read from what they left."""

import itertools
import json

import numpy as np
import pytest

from corridor.controller.testing import load_network
from corridor.controller.testing.network import EACH_ONCE
from corridor.controller.testing.packets import Crossing
from corridor.experiments.lab.proof import prove_compiled
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.plan.values import Plan
from corridor.experiments.run import policy_test_lab, policy_test_plan
from corridor.experiments.run.policy_test_lab import Laboratory, find_testbed
from corridor.experiments.run.policy_test_plan import PROBES, plan_trials, specify_demand
from corridor.experiments.testbeds.choice import Choice, Facts
from corridor.topologies.base import named_tuples
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import (
    EnvironmentUnsupported,
    MeasurementInvalid,
    PolicyFailure,
)
from corridor.traffic.agents.probe import Probe
from corridor.traffic.agents.transits import Seen, SeenFlow

SETS = (
    (),
    ("link:kunming-karachi",),
    ("hub:bangkok", "srlg:corridor:karakoram"),
    ("gateway:bangkok", "gateway:kunming"),
)


@pytest.fixture(scope="module")
def demand():
    network = load_network("mini", "cn-outbound", "2026-11-24")
    return network.demand("cn-general-exempt", "guian", "karachi", k=1)


@pytest.fixture(scope="module")
def planned(demand):
    return plan_trials(demand, SETS, clock="virtual", run_id="c0")


def done_in(plan, begin, end):
    return [(one.do, one.what) for one in plan.changes if begin <= one.at_ns <= end]


def test_a_trial_makes_its_failures_and_repairs_them(planned, demand):
    plan, trials = planned
    _, fibre, both, gateway = (
        (done_in(plan, one.begin_ns, one.begin_ns), done_in(plan, one.repair_ns, one.repair_ns))
        for one in trials
    )
    assert fibre == ([("cut", "kunming-karachi")], [("repair", "kunming-karachi")])
    assert ("hub-down", "bangkok") in both[0]
    assert {what for do, what in both[0] if do == "cut"} == {
        one.id for one in demand.network.topology.fibres if "corridor:karakoram" in one.srlgs
    }
    assert gateway == ([("kill-gateway", "kunming")], [("start-gateway", "kunming")])


def test_trials_follow_each_other_with_packets_of_their_own(planned):
    plan, trials = planned
    assert len({one.port for one in trials}) == len(trials)
    for one, later in itertools.pairwise(trials):
        assert one.begin_ns < one.send_ns < one.repair_ns < later.begin_ns
    sent = {probe.demand: probe.start_ns for host in plan.job.hosts for probe in host.of(Probe)}
    assert [sent[number] for number in range(len(trials))] == [one.send_ns for one in trials]


def test_the_plan_is_proven_by_what_its_packets_are_judged_by(planned, demand):
    plan, _ = planned
    proof = prove_compiled(plan, specify_demand(demand))
    assert proof.holds, [verdict.claim for verdict in proof.violated]
    assert from_plain(Plan, json.loads(json.dumps(to_plain(plan)))) == plan


def test_the_specification_is_of_the_demand_and_nothing_else(demand):
    (intent,) = specify_demand(demand).intents()
    assert intent == demand.intent


def test_a_blocked_demand_is_sent_once(demand):
    blocked = demand.network.demand("cn-important-none", "guian", "karachi")
    plan, trials = plan_trials(blocked, blocked.trials(EACH_ONCE), clock="real", run_id="c0")
    assert [one.failed for one in trials] == [()]
    assert plan.changes == plan.gateways == ()


def flow(plan, fibre, hub, port, first_ns, **more):
    wire = next(one for one in plan.wiring.fibres if one.fibre == fibre)
    interface = next(end.interface for end in (wire.a, wire.z) if end.hub == hub)
    src, dst = (plan.wiring.hub(one).host_ip for one in ("guian", "karachi"))
    found = SeenFlow(
        interface=interface, src=src, dst=dst, src_port=port, dst_port=862, protocol=17, label=16,
        traffic_class=0, depth=1, vlan=None, eth_type=None, packets=10, bytes=1000,
        first_ns=first_ns, last_ns=first_ns,
    )  # fmt: skip
    return found._replace(**more)


def seen_text(frames, lost, *flows):
    return json.dumps(named_tuples.to_plain(Seen(1, frames, lost, flows)))


@pytest.fixture
def left(planned, tmp_path, monkeypatch):
    """What two trials left: the first by Kunming's gateway, of the second 3 arrived."""
    plan, trials = planned
    for part in ("raw", "audit", "tables"):
        (tmp_path / part).mkdir()
    flows = [
        flow(plan, "kunming-karachi", "kunming", trials[0].port, 20),
        flow(plan, "guian-kunming", "guian", trials[0].port, 10),
        flow(plan, "guian-kunming", "guian", trials[1].port, 30),
    ]
    (tmp_path / "raw/crossings.json").write_text(seen_text(30, 0, *flows))
    passed = {"record": "seen", "verdict": "passed", "src_port": trials[0].port}
    dropped = {**passed, "verdict": "dropped", "src_port": trials[1].port}
    lines = ({"record": "start"}, passed, dropped)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "audit/gateway-kunming.jsonl").write_text(text)
    monkeypatch.setattr(policy_test_plan, "join", lambda _hosts: probes())
    return tmp_path


def probes(sent=PROBES):
    kinds = [("demand", "<u4"), ("seq", "<u4"), ("sent", "?"), ("send_failed", "?")]
    kinds += [("reflections", "<u2"), ("t1_ns", "<i8"), ("t2_ns", "<i8")]
    rows = [(0, seq, True, False, 1, 1000, 50_000_000 + seq) for seq in range(PROBES)]
    rows += [(1, seq, seq < sent, False, int(seq < 3), 1000, 90_000_000) for seq in range(PROBES)]
    return np.array(rows, dtype=kinds)


def read(left, planned, demand):
    plan, trials = planned
    pair = ("guian", "karachi")
    return policy_test_plan.packets_of(left, plan, trials[:2], demand.network.topology, pair)


def test_packets_are_read_by_their_trial_in_the_order_of_time(left, planned, demand):
    calm, cut = read(left, planned, demand).values()
    assert (calm.sent, calm.arrived, cut.sent, cut.arrived) == (10, 10, 10, 3)
    assert calm.crossings == (
        Crossing("guian-kunming", "guian", 16, 10),
        Crossing("kunming-karachi", "kunming", 16, 10),
    )
    assert [one.fibre for one in cut.crossings] == ["guian-kunming"]
    assert (calm.gateways, cut.gateways) == ({"kunming"}, frozenset())
    assert 0 < 50_000_000 - 1000 - calm.fastest_ns < 1_000_000, "bits take some of the time"


def test_a_measurement_that_shows_nothing_is_none(left, planned, demand, monkeypatch):
    monkeypatch.setattr(policy_test_plan, "join", lambda _hosts: probes(sent=9))
    with pytest.raises(MeasurementInvalid, match="of 10 packets 9 were sent"):
        read(left, planned, demand)
    monkeypatch.setattr(policy_test_plan, "join", lambda _hosts: probes())
    trial = planned[1][1]
    done = {"do": "cut", "what": "kunming-karachi", "planned_ns": trial.begin_ns}
    late = {**done, "ended_ns": trial.send_ns + 2_000_000}
    (left / "raw/changes.json").write_text(json.dumps([late]))
    with pytest.raises(MeasurementInvalid, match="cut kunming-karachi came 2 ms after"):
        read(left, planned, demand)
    (left / "raw/changes.json").unlink()
    (left / "raw/crossings.json").write_text(seen_text(0, 4))
    with pytest.raises(MeasurementInvalid, match="no room for 4 frames"):
        read(left, planned, demand)


def test_frames_of_nobody_and_where_they_may_not_be_are_amiss(left, planned, demand):
    plan, trials = planned
    judged_by = specify_demand(demand)
    dumps(left, plan)
    assert policy_test_plan.amiss_in(left, plan, judged_by) == ()
    back = flow(plan, "kunming-karachi", "karachi", 862, 1, src="10.0.0.5", dst="10.0.0.2")
    out = flow(plan, "guian-kunming", "guian", trials[0].port, 1)
    (left / "raw/crossings.json").write_text(seen_text(20, 0, back, out))
    (strange,) = policy_test_plan.amiss_in(left, plan, judged_by)
    assert "10 frames without a demand or wrongly labelled on kunming-karachi, sent by" in strange
    blocked = demand.network.demand("cn-important-none", "guian", "karachi")
    forbidden, _ = policy_test_plan.amiss_in(left, plan, specify_demand(blocked))
    assert "on guian-kunming, sent by guian, where their policies forbid them" in forbidden


def dumps(left, plan, changed=""):
    """As switches say it, in whatever order."""
    switches = {one.hub: to_plain(one)["flows"] for one in plan.program.switches}
    held = {"schema": 3, "switches": switches}
    (left / "tables/before.json").write_text(json.dumps(held))
    after = {hub: flows[1:] if hub == changed else flows[::-1] for hub, flows in switches.items()}
    (left / "tables/after.json").write_text(json.dumps({**held, "switches": after}))


def test_tables_that_changed_while_packets_were_sent_are_amiss(left, planned, demand):
    plan, _ = planned
    dumps(left, plan, changed="kunming")
    said = policy_test_plan.amiss_in(left, plan, specify_demand(demand))
    assert said == ("the tables of kunming changed during the trial",)


def test_what_was_dropped_is_counted_between_the_dumps(left):
    def held(packets):
        entry = {"cookie": 0xC0DA << 48 | 21 << 16, "packets": packets}
        return json.dumps({"switches": {"guian": [entry], "kunming": []}})

    (left / "tables/before.json").write_text(held(2))
    (left / "tables/after.json").write_text(held(12))
    assert policy_test_plan.dropped_at("guian", left) == {"DROP_BLOCKED": 10}
    assert policy_test_plan.dropped_at("kunming", left) == {}


def facts(**more):
    known = {
        "root": False, "netem_lacks": "no netem", "openvswitch_lacks": "", "stock_kernel": None,
        "stock_lacks": "linux.uml is not installed", "virtual_kernel": None, "virtual_lacks": "",
        "build_lacks": "", "guest_memory_bytes": 2 * 10**9, "guest_memory_folder": "/dev/shm",
    }  # fmt: skip
    return Facts(**{**known, **more})


def test_no_kernel_is_built_for_a_test():
    with pytest.raises(
        EnvironmentUnsupported, match=r"linux.uml is not installed; not root; no netem"
    ):
        find_testbed(facts())
    choice, kernel = find_testbed(facts(root=True, netem_lacks=""))
    assert (choice.testbed, choice.clock, kernel) == ("native", "real", None)
    assert "./corridor kernel build" in choice.reason


@pytest.mark.parametrize(
    ("testbed", "clock", "by"),
    [
        ("uml", "virtual", "a guest that stands"),
        ("uml", "real", "a separate network"),
        ("native", "real", "a separate network"),
    ],
)
def test_demands_share_guests_with_the_virtual_clock_alone(
    monkeypatch, tmp_path, planned, demand, testbed, clock, by
):
    """With another clock a network must not be older for one demand than for the next."""
    carried = []

    def carry_out(out_dir, how):
        carried.append((how, out_dir.name))
        dumps(out_dir, planned[0])
        raise PolicyFailure("the tables break a property")

    class Guests:
        def __init__(self, folder):
            assert folder == tmp_path

        def run(self, kernel, out_dir, on_event):
            carry_out(out_dir, "a guest that stands")

        def close(self):
            carried.append("closed")

    monkeypatch.setattr(policy_test_lab, "ReusableGuests", Guests)
    monkeypatch.setattr(
        policy_test_lab,
        "carry_out",
        lambda _choice, _kernel, _plan, out_dir, _on: carry_out(out_dir, "a separate network"),
    )
    kernel = None if testbed == "native" else Kernel(tmp_path, "6.12", "", clock == "virtual", True)
    with Laboratory(Choice(testbed, clock, ""), kernel, tmp_path) as laboratory:
        assert laboratory.seen(demand, ()).refused == "the tables break a property"
    assert carried == [(by, "1-guian-to-karachi"), "closed"]
