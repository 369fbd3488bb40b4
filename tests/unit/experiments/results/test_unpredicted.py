"""In the real clock a run without competition is held against what it knew beforehand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import handmade_run
from corridor.experiments.account.summary import DemandSummary, EventSummary, Outage
from corridor.experiments.plan.values import Impact, Plan, PlannedEvent, PlannedWorkload, Transfer
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.results.unpredicted import (
    probe_intervals_ms,
    tail_warnings,
    unexpected_cuts,
    unexpected_events,
    unpredicted,
)
from corridor.experiments.study.answers import RunValues
from corridor.experiments.study.words import _unexpected
from corridor.experiments.text.verdict import outside
from corridor.topologies.model.line import Queue
from corridor.topologies.model.wiring import Shape
from corridor.traffic.measures.samples import Probes
from typed_summary import made

PLAN = handmade_run.plan()
"""``near`` over ``one``, ``silent`` over ``two``, ``far`` over both."""


def demands(**near: float | None) -> list[Any]:
    """``near`` is predicted to take 10 ms, and its default measured median is the same."""
    figures = {"min": 10.0, "p50": 10.0, **near}
    found = [("near", 10.0, figures), ("silent", 40.0, None), ("far", 50.0, {"p50": 50.0})]
    return [
        made(DemandSummary, {"id": name, "predicted_rtt_ms": ms, "rtt_ms": rtt})
        for name, ms, rtt in found
    ]


def judged(of: list[Any], plan: Plan = PLAN, flows: Any = (), clock: str = "real") -> str | None:
    return unpredicted(of, flows, plan, clock)


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        ({"p95": 14.9, "p99": 19.9}, None),
        ({"p95": 15.1, "p99": 19.9}, "the p95 round trip of near took 5.1 ms more"),
        ({"p95": 14.9, "p99": 20.1}, "the p99 round trip of near took 10.1 ms more"),
        ({"p95": None, "p99": None, "max": 500.0}, None),
        ({"p95": 44.0, "p99": 104.0}, "the p99 round trip of near took 94.0 ms more"),
    ],
)
def test_each_quantile_that_is_shown_is_held_against_what_is_predicted(
    figures: dict[str, float | None], says: str | None
) -> None:
    said = judged(demands(**figures))
    assert (said is None) == (says is None)
    assert (says or "") in (said or "")
    assert said is None or "without competing traffic: " in said


def test_nothing_of_it_is_asked_of_the_virtual_clock() -> None:
    late = demands(p95=80.0, p99=90.0, max=100.0)
    assert judged(late, clock="virtual") is None
    assert tail_warnings(late, PLAN, "virtual") == []


def test_a_clock_that_charges_for_computing_is_held_against_all_of_it() -> None:
    charged = "virtual, computing charged"
    late = demands(p95=48.2)
    assert judged(late, clock=charged) == judged(late, clock="real")
    assert tail_warnings(demands(max=48.2), PLAN, charged)


def test_the_slowest_answer_is_named_as_the_machines() -> None:
    (said,) = tail_warnings(demands(max=48.2), PLAN, "real")
    assert said.startswith(
        "the slowest answers of 1 demand are effects of this machine, not of the emulated network"
    )
    assert "(near 38.2 ms more than predicted" in said
    assert tail_warnings(demands(max=19.9), PLAN, "real") == []


def cut(demand: int) -> Plan:
    event = PlannedEvent("cut", "cut", "near", {}, 0, 1, (Impact(demand, 1, 1, 1, (), 0),))
    return replace(PLAN, events=(event,))


def sends(*demands_: int, **more: Any) -> Plan:
    """A workload on these demands."""
    load = PlannedWorkload(
        id="bulk", kind="bulk", shipped="", background=False, demands=demands_, transport="tcp",
        connections=1, windows=((0, 1),), closes_ns=1, scale="none", compress=1, factors=(1,),
        customers=(1,), mean_bps=(0,),
    )  # fmt: skip
    return replace(PLAN, workloads=(load,), **more)


@pytest.mark.parametrize(
    ("plan", "explained"),
    [
        (cut(0), True),
        (cut(1), False),
        (sends(0), True),
        (sends(2), True),
        (sends(1), False),
        (sends(1, follows=True), True),
    ],
    ids=["cut", "cut of another", "own load", "load of its fibre", "another's", "loads that move"],
)
def test_what_hits_or_loads_the_fibres_of_a_demand_may_make_it_later(
    plan: Plan, explained: bool
) -> None:
    late = demands(p50=14.0, p95=80.0, max=90.0)
    assert (judged(late, plan) is None) == explained
    assert (tail_warnings(late, plan, "real") == []) == explained


def shaped(**changes: Any) -> Plan:
    def shape(one: Shape) -> Shape:
        return replace(one, **changes)

    wires = tuple(
        replace(wire, forward=shape(wire.forward), backward=shape(wire.backward))
        for wire in PLAN.wiring.fibres
    )
    return replace(PLAN, wiring=replace(PLAN.wiring, fibres=wires))


def test_fibres_that_jitter_may_make_the_tail_later_by_as_much() -> None:
    plan = shaped(jitter_ns=20_000_000)
    assert judged(demands(p95=34.0), plan) is None
    assert judged(demands(p95=36.0), plan) is not None


def transfer(plan: Plan = PLAN, at_ns: int | None = None) -> Plan:
    one = Transfer(0, "h1", "h2", "", "", 1, 2, 3, 2, at_ns)
    return replace(plan, transfers=(one,))


def flow(delivered: float, took_ms: float = 2000.0) -> Any:
    took_ns = round(took_ms * 1e6)
    return [
        handmade_run.flow_row("near", "tcp", 1000.0, delivered_mbps=delivered, duration_ns=took_ns)
    ]


def test_a_transfer_by_itself_that_did_not_fill_its_bottleneck_is_the_machines() -> None:
    said = judged(demands(), transfer(), flow(254.0))
    assert said == (
        "TCP of near reached 254 of 1000 Mbit/s without competing traffic: "
        "less than 50% is an effect of this machine"
    )
    assert judged(demands(), transfer(), flow(883.0)) is None


@pytest.mark.parametrize(
    ("plan", "flows", "clock"),
    [
        (transfer(), flow(254.0), "virtual"),
        (transfer(), flow(254.0, took_ms=900.0), "real"),
        (transfer(at_ns=5), flow(254.0), "real"),
        (transfer(cut(0)), flow(254.0), "real"),
        (transfer(shaped(loss_ppm=1000.0)), flow(254.0), "real"),
        (transfer(shaped(late_ppm=1000.0)), flow(254.0), "real"),
        (transfer(shaped(queue=Queue("codel"))), flow(254.0), "real"),
    ],
    ids=["virtual", "too short", "of the timeline", "cut", "lossy", "overtaken", "managed queue"],
)
def test_a_transfer_that_something_else_may_slow_is_not_held_against_capacity(
    plan: Plan, flows: Any, clock: str
) -> None:
    assert judged(demands(), plan, flows, clock) is None


# Whatever a run measures outside its own expectation is a warning that names both values.

UNEXPECTED_PLAN = SimpleNamespace(workloads=(), bfd_interval_ms=5, cuts=())


def hit(**changed):
    said = {
        "demand": "coast",
        "out_ms": 14.0,
        "expected_out_ms": 13.4,
        "expected_out_within_ms": (11.0, 14.8),
        "share": 1.0,
        "rtt_then_ms": 86.4,
        "expected_rtt_then_ms": 86.4,
    }
    return {**said, **changed}


def event(**changed):
    return made(EventSummary, {"id": "dig", "kind": "cut", "hits": [hit(**changed)]})


def warned(plan=UNEXPECTED_PLAN, clock="virtual", **changed):
    return unexpected_events([event(**changed)], plan, {"coast": 1.0}, clock)


@pytest.mark.parametrize("out_ms", [8.0, 11.0, 14.0, 23.8])
def test_an_outage_within_what_all_draws_come_to_is_as_expected(out_ms):
    assert warned(out_ms=out_ms) == []


@pytest.mark.parametrize("out_ms", [0.0, 7.9, 23.9, 434.0])
def test_an_outage_outside_of_it_is_told_with_both_values_and_the_tolerance(out_ms):
    (said,) = warned(out_ms=out_ms)
    assert said == (
        f"event dig: the outage of coast was {out_ms:.1f} ms, expected 11.0 to 20.8 ms "
        "(tolerance 3.0 ms)"
    )


def test_a_change_that_is_to_lose_nothing_has_no_time_to_rewrite_flows():
    drain = event(out_ms=6.0, expected_out_ms=0.0, expected_out_within_ms=(0.0, 0.0))
    (said,) = unexpected_events(
        [replace(drain, kind="drain")], UNEXPECTED_PLAN, {"coast": 1.0}, "virtual"
    )
    assert "was 6.0 ms, expected 0.0 to 0.0 ms (tolerance 3.0 ms)" in said


def test_an_outage_that_is_to_last_until_the_run_ends_has_no_bound():
    assert warned(out_ms=434.0, expected_out_ms=None, expected_out_within_ms=None) == []


def test_a_clock_in_which_computing_takes_time_may_add_to_an_outage():
    assert warned(clock="real", out_ms=100.0) == []
    assert warned(clock="real", out_ms=434.0) != []


def test_a_round_trip_other_than_expected_is_told():
    (said,) = warned(rtt_then_ms=88.0)
    assert "median round trip of coast was 88.000 ms, expected 86.400 ms" in said


@pytest.mark.parametrize(
    "changed", [{"rtt_then_ms": None}, {"expected_rtt_then_ms": None}, {"share": 0.6}]
)
def test_a_round_trip_that_is_not_known_beforehand_is_not_judged(changed):
    assert warned(**{"rtt_then_ms": 88.0, **changed}) == []


def test_round_trips_beside_workloads_are_not_judged():
    plan = SimpleNamespace(workloads=("one",), bfd_interval_ms=5, cuts=())
    assert warned(plan, rtt_then_ms=88.0) == []


def outage(outage_ms, expected="detour", detour_rtt_ms=30.0):
    return Outage("one", "a", True, expected, 500, 20, 0, outage_ms, 30.0, detour_rtt_ms, True)


def cutting(silent):
    cut = SimpleNamespace(fibre="one", silent=silent, interval_ns=1_000_000)
    return SimpleNamespace(bfd_interval_ms=5, cuts=(cut,))


@pytest.mark.parametrize(("silent", "most_ms"), [(True, 23.0), (False, 7.0)])
def test_an_outage_by_a_cut_longer_than_its_bound_is_told(silent, most_ms):
    plan = cutting(silent)
    assert unexpected_cuts([outage(most_ms)], plan, "virtual") == []
    (said,) = unexpected_cuts([outage(most_ms + 1)], plan, "virtual")
    assert said.endswith(f"was {most_ms + 1:.0f} ms, expected at most {most_ms:.0f} ms")


def test_the_longest_of_many_is_told_and_how_many_there_are():
    (said,) = unexpected_cuts([outage(24.0), outage(434.0)], cutting(True), "virtual")
    assert "was 434 ms" in said
    assert "(2 outages were longer than that)" in said


def test_a_cut_that_ends_otherwise_is_told():
    (said,) = unexpected_cuts([outage(0.0, detour_rtt_ms=None)], cutting(True), "virtual")
    assert said == "cut one: demand a was expected to be detour and was not (1 such result)"


def test_the_verdict_and_a_study_tell_it():
    assert outside(["a is b"]) == "Warning: a value is outside its expectation: a is b."
    assert outside(["a is b", "c"]).endswith("a is b (2 such values).")
    assert outside([]) == ""
    run = RunValues("x", {"load": "1"}, 0, "valid", "", {}, {}, ["a is b"])
    assert list(_unexpected([run])) == [
        (
            "Warning: 1 run measured values outside their own expectation. The first is load 1, "
            "seed 1: a is b."
        )
    ]


def test_the_summary_of_a_run_warns(tmp_path, monkeypatch):
    handmade_run.write_run(tmp_path)
    plan = read_plan(tmp_path)
    quiet = summarise(tmp_path, plan, handmade_run.FACTS)
    assert quiet.unexpected == ()
    monkeypatch.setattr(
        "corridor.experiments.results.results.unexpected_events", lambda *_: ["a is b"]
    )
    summary = summarise(tmp_path, plan, handmade_run.FACTS)
    assert summary.unexpected == ("a is b",)
    assert "outside its expectation: a is b" in summary.warnings


def test_the_interval_of_probes_is_that_between_most_of_them():
    kinds = [("copy", int), ("phase", int), ("demand", int), ("intended_ns", np.int64)]
    rows = [(0, 1, 0, at * 1_000_000) for at in (0, 10, 20, 30, 90)] + [(0, 0, 0, 5)]
    plan = SimpleNamespace(
        cuts=(), job=None, demands=(SimpleNamespace(index=0, id="coast"),), workloads=()
    )
    assert probe_intervals_ms(Probes.of(np.array(rows, dtype=kinds)), plan) == {"coast": 10.0}
