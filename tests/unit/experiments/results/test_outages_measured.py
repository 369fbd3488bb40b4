"""Outages are derived from probes: lost after the cut, in flight at the cut, and delivered
again."""

from dataclasses import replace

import numpy as np

from corridor.experiments.plan.values import Cut, Expectation
from corridor.experiments.results.outages import longest_run, outages, summary_of
from corridor.traffic.measures.samples import PROBE_DTYPE, Probes
from handmade_run import plan as handmade_plan

MS = 1_000_000
EPOCH_NS = 1_800_000_000_000_000_000
RTT_NS, DETOUR_NS = 10 * MS, 16 * MS
# The probe comes to the fibre 2 ms after it is sent, its answer 7 ms after.
CROSSING = Expectation(demand=0, rtt_ns=DETOUR_NS, there_ns=2 * MS, back_ns=7 * MS)
CUT = Cut(
    fibre="one",
    silent=False,
    start_ns=0,
    cut_ns=100 * MS,
    repair_ns=400 * MS,
    end_ns=500 * MS,
    interval_ns=MS,
    others_interval_ns=20 * MS,
    crossing=(CROSSING,),
)


def plan_with(cut=CUT):
    plan = handmade_plan()
    return replace(plan, cuts=(cut,), job=plan.job._replace(phases=(cut.phase,)))


def probes_of(demand, count, interval_ns, lost_there=(), lost_back=(), rtt_ns=RTT_NS):
    found = Probes.of(np.zeros(count, PROBE_DTYPE))
    found["demand"], found["seq"], found["sent"] = demand, np.arange(count), True
    found["intended_ns"] = EPOCH_NS + np.arange(count) * interval_ns
    found["t1_ns"] = found["intended_ns"]
    found["t2_ns"] = found["t3_ns"] = found["t1_ns"] + rtt_ns // 2
    found["t4_ns"] = found["t1_ns"] + rtt_ns
    found["reflections"], found["received"] = 1, True
    for seq in lost_there:
        found["reflections"][seq] = 0
    for seq in (*lost_there, *lost_back):
        found["received"][seq] = False
    return found


def quiet(demand):
    return probes_of(demand, 25, 20 * MS)


def rows_of(crossing, cut=CUT):
    everything = Probes.of(np.concatenate([crossing, quiet(1), quiet(2)]))
    return list(outages(everything, plan_with(cut)))


def test_an_outage_counts_what_came_to_the_fibre_after_the_cut():
    # Probes 96 and 97 are on the fibre when it is cut at 100 ms; 98 to 101 come to it afterwards.
    row = rows_of(probes_of(0, 500, MS, lost_there=range(96, 102)))[0]
    assert (row.lost, row.lost_under_way, row.outage_ms) == (6, 2, 4.0)
    assert row.expected == "detour"


def test_answers_are_judged_by_when_they_come_to_the_fibre():
    # Answers to 90 to 92 are on the fibre at 100 ms; that to 93 comes to it just then.
    row = rows_of(probes_of(0, 500, MS, lost_back=range(90, 95)))[0]
    assert (row.lost_under_way, row.outage_ms) == (3, 2.0)


def test_the_detour_is_measured_while_the_fibre_is_cut_and_not_before_or_after():
    probes = probes_of(0, 500, MS)
    during = slice(200, 384)
    probes["t4_ns"][during] = probes["t1_ns"][during] + DETOUR_NS
    assert rows_of(probes)[0].detour_rtt_ms == 16.0


def test_a_demand_that_should_be_lost_and_is_answered_is_a_surprise():
    cut = replace(CUT, crossing=(replace(CROSSING, rtt_ns=None),))
    lost = rows_of(probes_of(0, 500, MS, lost_there=range(98, 400)), cut)
    answered = rows_of(probes_of(0, 500, MS, lost_there=range(98, 150)), cut)
    assert lost[0].expected == answered[0].expected == "lost"
    assert not summary_of(lost).surprises
    assert [row.demand for row in summary_of(answered).surprises] == ["near"]


def test_a_demand_that_does_not_cross_the_fibre_must_lose_nothing():
    probes = Probes.of(np.concatenate([probes_of(0, 500, MS), quiet(1), quiet(2)]))
    probes["received"][500 + 7] = False
    rows = list(outages(probes, plan_with()))
    assert [row.demand for row in summary_of(rows).surprises] == ["silent"]


def test_a_demand_that_does_not_come_back_after_the_repair_is_told():
    rows = rows_of(probes_of(0, 500, MS, lost_there=range(98, 500)))
    assert summary_of(rows).not_restored == ("near after one",)


def test_the_longest_run_is_the_most_flags_set_one_after_another():
    assert longest_run(np.array([1, 1, 0, 1, 1, 1, 0], bool)) == 3
    assert longest_run(np.zeros(3, bool)) == 0
    assert longest_run(np.ones(4, bool)) == 4
