"""In the real clock a run without competition is held against what it knew beforehand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import handmade_run
from corridor.experiments.account.summary import DemandSummary
from corridor.experiments.plan.values import Impact, Plan, PlannedEvent, PlannedWorkload, Transfer
from corridor.experiments.results.unpredicted import tail_warnings, unpredicted
from corridor.topologies.model.line import Queue
from corridor.topologies.model.wiring import Shape
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
