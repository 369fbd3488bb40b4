"""From the record of a guest to the answer: times, verdicts, outages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from corridor.experiments.plan.values import Impact
from corridor.experiments.routing.routing_answer import RoutingJudge, added_rtt, verdict_counts
from corridor.experiments.routing.routing_documents import AddedRtt, VerdictCounts
from corridor.experiments.routing.routing_plan import Change, MadeCut, Probe, ProbedPair, Record
from corridor.experiments.routing.routing_times import routing_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.topologies.model.routers import router_network
from corridor.topologies.model.routing import shortest_path_between
from corridor.topologies.model.wiring import wire

CUT = "guian-kunming"
MS = 1_000_000


@pytest.fixture(scope="module")
def loaded():
    return load_scenario("mini", policies="pan-asia", as_of="2026-11-24")


@pytest.fixture(scope="module")
def plan(loaded):
    network = router_network(wire(loaded.topology, run_id="r"))
    return routing_plan(
        network,
        {one.hub: "" for one in network.routers},
        [ProbedPair(one.src, one.dst) for one in loaded.scenario.demands],
        [(CUT,)],
        protocols="ospf",
        seed=1,
        program="bird",
        probe_interval_ns=20 * MS,
    )


def routes(loaded, plan, at_ns, dead=()):
    """What all kernels report if OSPF has found the shortest paths at a moment."""
    network = plan.network
    out = {(end.hub, link.fibre): end.interface for link in network.links for end in link.ends}
    for router in network.routers:
        for other in network.routers:
            if router != other:
                found = shortest_path_between(loaded.topology, router.hub, other.hub, dead)
                interface = out[router.hub, found.fibres[0].id]
                yield Change(at_ns, router.hub, True, f"{other.address}/32", interface)


@pytest.fixture(scope="module")
def record(loaded, plan):
    """Tables at 17 s; 300 ms after the cut, new tables; again the old ones after the repair."""
    (cut,) = plan.cuts
    changes = [
        *routes(loaded, plan, 17_000 * MS),
        *routes(loaded, plan, cut.cut_ns + 300 * MS, [CUT]),
        *routes(loaded, plan, cut.repair_ns + 11_000 * MS),
    ]
    ckpt = [one.id for one in loaded.scenario.demands].index("ckpt-karachi")
    steady = [Probe(ckpt, plan.settled_ns + n * MS, (94 + n) * MS) for n in range(3)]
    around = [
        Probe(ckpt, cut.cut_ns + n * 20 * MS, None if 1 <= n <= 14 else 150 * MS) for n in range(30)
    ]
    made = MadeCut(cut.cut_ns, cut.repair_ns)
    return Record(tuple(changes), tuple(steady + around), (made,), ())


def demand(judge, name):
    return next(one for one in judge.demands() if one.demand == name)


def test_routing_has_converged_when_the_last_hub_reaches_the_last(loaded, plan, record):
    late = replace(record.changes[3], at_ns=19_000 * MS)
    rest = [one for one in record.changes if one != record.changes[3]]
    changed = replace(record, changes=(*rest[:19], late, *rest[19:]))
    judge = RoutingJudge(loaded, plan, changed)
    assert (judge.converged_ns, judge.changes) == (19_000 * MS, 20)


def test_routing_that_does_not_converge_is_no_measurement(loaded, plan, record):
    with pytest.raises(MeasurementInvalid, match="not reached from all others after 60 s"):
        RoutingJudge(loaded, plan, replace(record, changes=record.changes[1:2]))


def test_a_demand_has_the_path_of_the_tables_and_the_median_of_its_probes(loaded, plan, record):
    found = demand(RoutingJudge(loaded, plan, record), "ckpt-karachi")
    assert found.routed.there.hubs == ("guian", "kunming", "karachi")
    assert found.routed.there.domains == ("unstated@CN", "ptcl@PK")
    assert found.routed.there.one_way_ms == pytest.approx(47.07095)
    assert found.routed.computed_rtt_ms == pytest.approx(94.1419)
    assert found.routed.rtt_ms == 95.0


NOT_BY_KUNMING = """\
schema: 1
name: not-by-kunming
include: [pan-asia]
policies:
- id: NOT-BY-KUNMING
  effect: restrict
  match: {src: {hubs: [guian]}}
  hard: {avoid: {hubs: [kunming]}}
"""


def test_a_path_that_a_clause_forbids_names_it_and_its_direction(plan, record, tmp_path):
    (tmp_path / "strict.yaml").write_text(NOT_BY_KUNMING)
    strict = load_scenario("mini", policies=tmp_path / "strict.yaml", as_of="2026-11-24")
    judge = RoutingJudge(strict, plan, record)
    assert {one.demand: one.routed.verdict for one in judge.demands()} == {
        "train-east-west": "not covered",
        "backup-east-west": "not covered",
        "infer-bangkok": "forbidden",
        "render-bangkok": "not covered",
        "science-karachi": "forbidden",
        "ckpt-karachi": "forbidden",
    }
    (one,) = demand(judge, "ckpt-karachi").routed.broken
    assert (one.direction, one.policy, one.clause) == ("there", "NOT-BY-KUNMING", "avoid")
    assert one.element == "kunming"
    (back,) = demand(judge, "infer-bangkok").routed.broken
    assert back.direction == "back"
    assert demand(judge, "ckpt-karachi").policy_rtt_ms > 94.1419
    assert verdict_counts(judge.demands()) == VerdictCounts(0, 3, 3, 0, 3)


def test_demands_with_both_rtts_are_compared(loaded, plan, record):
    found = demand(RoutingJudge(loaded, plan, record), "ckpt-karachi")
    less = replace(found, policy_rtt_ms=90.0)
    none = replace(found, policy_rtt_ms=None)
    assert found.routed.rtt_ms - found.policy_rtt_ms == pytest.approx(0.8581)
    added = added_rtt([found, less, none])
    assert (added.demands, added.slower, added.maximum_ms) == (2, 1, 5.0)
    assert added.median_ms == pytest.approx((0.8581 + 5) / 2)
    assert added_rtt([none]) == AddedRtt(0, None, None, 0)
    assert verdict_counts([none, none]).forbidden_but_served == 0


def test_the_outage_of_a_demand_is_that_of_its_probes_and_that_of_its_tables(loaded, plan, record):
    cut = RoutingJudge(loaded, plan, record).cut(0, CUT, {})
    assert (cut.converged_ms, cut.repaired_ms) == (300.0, 11_000.0)
    (one,) = cut.demands
    assert (one.demand, one.probes, one.lost) == ("ckpt-karachi", 30, 14)
    assert (one.outage_ms, one.tables_out_ms) == (280.0, 300.0)
    assert one.after.there.hubs == ("guian", "shanghai", "kunming", "karachi")
    assert one.after.rtt_ms == 150.0
    assert (one.is_blocked, one.policy_outage_ms) == (False, 0.0)
    assert (cut.affected, cut.never_back, cut.forbidden) == (1, 0, 0)
    assert (cut.most_outage_ms, cut.policy_most_outage_ms) == (280.0, 0.0)


def test_a_demand_without_a_path_until_the_repair_has_no_end_of_its_outage(loaded, plan, record):
    (cut,) = plan.cuts
    kept = [one for one in record.changes if not cut.cut_ns < one.at_ns < cut.repair_ns]
    lost = [replace(one, rtt_ns=None) for one in record.probes if one.sent_ns >= cut.cut_ns]
    changed = replace(record, changes=tuple(kept), probes=tuple(lost))
    found = RoutingJudge(loaded, plan, changed).cut(0, CUT, {})
    (one,) = found.demands
    assert (found.converged_ms, one.outage_ms, one.tables_out_ms) == (0.0, None, None)
    assert (one.after.verdict, one.after.computed_rtt_ms) == ("no path", None)
    assert (found.affected, found.never_back, found.most_outage_ms) == (1, 1, None)


def test_what_is_predicted_of_the_controller_stands_next_to_it(loaded, plan, record):
    impact = Impact(5, 1, 2, 3, (), 120 * MS)
    cut = RoutingJudge(loaded, plan, record).cut(0, CUT, {5: impact})
    assert [one.policy_outage_ms for one in cut.demands] == [120.0]
    assert cut.demands[0].policy_rtt_ms == pytest.approx(144.513)
