"""What a run says against itself."""

from __future__ import annotations

from typing import Any

import pytest

from corridor.experiments.account.flows import FlowRow
from corridor.experiments.account.summary import DemandSummary
from corridor.experiments.results.health import invalidity, warnings
from handmade_run import flow_row
from typed_summary import made


def demand(name: str, p95_ms: float | None = None, **lateness_ms: float) -> DemandSummary:
    late = {"p95": p95_ms, **lateness_ms} if p95_ms is not None or lateness_ms else None
    return made(DemandSummary, {"id": name, "send_lateness_ms": late})


def test_a_run_in_order_has_nothing_to_say() -> None:
    assert warnings([demand("a", 0.2), demand("b", None)], [flow_row("a")], -2816, 0) == []


def test_a_run_killed_before_it_measured_has_nothing_to_say() -> None:
    assert warnings([demand("a")], [], None, 0) == []


def test_a_clock_that_was_set_comes_first_either_way_it_went() -> None:
    for step_ns in (-3_000_000, 3_000_000):
        first, second = warnings([demand("a", 5.0)], [], step_ns, 0)
        assert first.startswith(f"the clock was set by {step_ns / 1e6:.3f} ms")
        assert "5% of the probes of 1 demand were sent over" in second


def test_the_latest_demand_is_named() -> None:
    (line,) = warnings([demand("a", 1.5), demand("b", 7.25), demand("c", 0.9)], [], 0, 0)
    assert line.startswith("5% of the probes of 2 demands were sent")
    assert "(b 7.2 ms)" in line


def test_a_stream_that_fell_behind_did_not_offer_its_rate() -> None:
    late = flow_row("a", "udp", send_late_max_ns=900_000_000)
    on_time = flow_row("b", "udp", send_late_max_ns=9_999_999)
    (line,) = warnings([], [late, on_time], 0, 0)
    assert line.startswith("the UDP stream of a fell 900 ms behind")


def test_damaged_records_are_counted() -> None:
    assert warnings([], [], 0, 3) == ["3 records were damaged and left out"]


def stream(name: str, p99_ms: float) -> FlowRow:
    return flow_row(name, "udp", send_late_p99_ns=round(p99_ms * 1e6))


@pytest.mark.parametrize(
    ("demands", "flows", "step_ns"),
    [
        ([], [], None),
        ([demand("a"), demand("b", None)], [], 0),
        ([demand("a", 20.0)], [stream("a", 20.0)], 999_999),
        ([demand("a", 0.0, max=900.0)], [], 0),
        ([], [flow_row("tcp")], 0),
    ],
)
def test_mild_lateness_is_no_reason_to_refuse_a_measurement(
    demands: list[DemandSummary], flows: list[FlowRow], step_ns: int | None
) -> None:
    assert invalidity(demands, flows, step_ns) is None


def test_the_worst_of_what_left_badly_late_is_named() -> None:
    late = invalidity([demand("a", 33.2), demand("b", 2.0)], [stream("c", 21.0)], 0)
    assert late is not None
    assert "the probes of a left 33 ms late, and 20 ms are too many" in late
    late = invalidity([demand("a", 33.2)], [stream("c", 597.0)], 0)
    assert late is not None
    assert "the UDP stream of c left 597 ms late" in late


def test_of_few_probes_the_latest_counts() -> None:
    few = demand("a", max=500.0)
    assert "500 ms late" in (invalidity([few], [], 0) or "")


@pytest.mark.parametrize(
    ("lateness_ms", "told"),
    [
        ({"p95_ms": 0.1, "p99": 30.0, "max": 900.0}, "30 ms late"),
        ({"p95_ms": 30.0, "p99": None, "max": 900.0}, "30 ms late"),
        ({"p95_ms": 0.1, "p99": 0.2, "max": 900.0}, None),
    ],
)
def test_the_highest_quantile_that_probes_carry_counts(
    lateness_ms: dict[str, Any], told: str | None
) -> None:
    said = invalidity([demand("a", **lateness_ms)], [], 0)
    assert (said is None) == (told is None)
    assert (told or "") in (said or "")


def test_a_clock_that_was_set_invalidates_either_way_it_went() -> None:
    assert invalidity([], [], -3_000_000) == "the clock was set by -3.000 ms while measuring"
