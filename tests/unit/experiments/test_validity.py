"""What a run says against itself."""

from __future__ import annotations

from typing import Any

from experiments.validity import warnings


def demand(name: str, p95_ms: float | None) -> dict[str, Any]:
    return {"id": name, "send_lateness_ms": {"p95": p95_ms}}


def test_a_run_in_order_has_nothing_to_say() -> None:
    assert warnings([demand("a", 0.2), demand("b", None)], [{"demand": "a"}], -2816, 0) == []


def test_a_run_killed_before_it_measured_has_nothing_to_say() -> None:
    assert warnings([{"id": "a"}], [], None, 0) == []


def test_a_clock_that_was_set_comes_first_either_way_it_went() -> None:
    for step_ns in (-3_000_000, 3_000_000):
        first, second = warnings([demand("a", 5.0)], [], step_ns, 0)
        assert first.startswith(f"the clock was set by {step_ns / 1e6:.3f} ms")
        assert "1 demands sent 5% of their probes" in second


def test_the_latest_demand_is_named() -> None:
    (line,) = warnings([demand("a", 1.5), demand("b", 7.25), demand("c", 0.9)], [], 0, 0)
    assert line.startswith("2 demands")
    assert "(b 7.2 ms)" in line


def test_a_stream_that_fell_behind_did_not_offer_its_rate() -> None:
    late = {"demand": "a", "send_late_max_ns": 900_000_000}
    on_time = {"demand": "b", "send_late_max_ns": 9_999_999}
    (line,) = warnings([], [late, on_time], 0, 0)
    assert line.startswith("the UDP stream of a fell 900 ms behind")


def test_damaged_records_are_counted() -> None:
    assert warnings([], [], 0, 3) == ["3 records were damaged and left out"]
