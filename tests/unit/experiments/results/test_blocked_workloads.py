"""Results distinguish packets that policies block from packets that load delays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import handmade_run
from corridor.experiments.plan.values import Impact, Plan, PlannedEvent
from corridor.experiments.results.messages import ENDLESS_NS, BlockedPeriod, Keeping, kept_back

S = 1_000_000_000


def impact(demand: int, before_ns: int | None, then_ns: int | None) -> Impact:
    return Impact(demand, before_ns, before_ns, then_ns, (), 0)


def event(kind: str, begin_s: int, *impacts: Impact) -> PlannedEvent:
    return PlannedEvent(kind, kind, "what", {}, begin_s * S, None, impacts)


def plan(*events: PlannedEvent) -> Plan:
    """In which ``silent`` is blocked at first."""
    made = handmade_run.plan()
    near, silent, far = made.demands
    blocked = replace(silent, predicted_forward_ns=None, predicted_backward_ns=None)
    return replace(made, demands=(near, blocked, far), events=events)


def spans(*events: PlannedEvent) -> list[Any]:
    return [(one.demand, one.from_ns, one.until_ns) for one in kept_back(plan(*events))]


def test_a_demand_without_a_path_is_kept_back_until_policies_change() -> None:
    lifted = event("policies", 5, impact(1, None, 40_000_000))
    assert ("silent", 0, 5 * S) in spans(lifted)
    assert [one for one in spans(lifted) if one[0] == "near"] == []


def test_policies_may_keep_back_what_went_before_and_let_it_go_again() -> None:
    strict = event("policies", 2, impact(0, 10_000_000, None))
    later = event("day", 4, impact(0, None, 10_000_000))
    assert ("near", 2 * S, 4 * S) in spans(strict, later)
    assert ("near", 2 * S, ENDLESS_NS) in spans(strict)


def test_what_a_failure_takes_is_not_kept_back() -> None:
    assert [
        one for one in spans(event("cut", 2, impact(0, 10_000_000, None))) if one[0] == "near"
    ] == []


def test_what_stands_behind_a_message_that_was_kept_back_is_so_too() -> None:
    keeping = Keeping([BlockedPeriod("far", 0, 10)])
    assert keeping.keeps("far", 1, from_ns=5, completed_ns=30)
    assert keeping.keeps("far", 1, from_ns=20, completed_ns=31), "the first arrives at 30 only"
    assert not keeping.keeps("far", 1, from_ns=40, completed_ns=41)
    assert not keeping.keeps("far", 2, from_ns=20, completed_ns=21), "on another connection"
    assert not keeping.keeps("near", 1, from_ns=5, completed_ns=6)
