"""Whatever a run measures outside its own expectation is a warning that names both values."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import handmade_run
from corridor.experiments.account.summary import EventSummary, Outage
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.results.unexpected import (
    probe_intervals_ms,
    unexpected_cuts,
    unexpected_events,
)
from corridor.experiments.study.answers import RunValues
from corridor.experiments.study.words import _unexpected
from corridor.experiments.text.verdict import outside
from corridor.traffic.measures.samples import Probes
from typed_summary import made

PLAN = SimpleNamespace(workloads=(), bfd_interval_ms=5, cuts=())


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


def warned(plan=PLAN, clock="virtual", **changed):
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
    (said,) = unexpected_events([replace(drain, kind="drain")], PLAN, {"coast": 1.0}, "virtual")
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
