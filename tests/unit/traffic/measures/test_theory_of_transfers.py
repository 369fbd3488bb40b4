"""Fair shares, and how long transfers take: limits, and values by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.traffic.measures.fair_shares import (
    Flow,
    TransferPath,
    by_class_bps,
    by_priority_bps,
    completion_s,
    max_min_bps,
)


def test_the_fullest_link_is_filled_first_and_the_rest_goes_to_who_can_use_it() -> None:
    flows = {
        "long": Flow(["a", "b"]), "one": Flow(["a"]), "two": Flow(["b"]), "also": Flow(["b"]),
    }  # fmt: skip
    found = max_min_bps(flows, {"a": 1.0, "b": 1.0})
    assert found == pytest.approx({"long": 1 / 3, "one": 2 / 3, "two": 1 / 3, "also": 1 / 3})


def test_who_wants_less_leaves_the_rest_to_others() -> None:
    flows = {"small": Flow(["a"], most_bps=10.0), "big": Flow(["a"]), "too": Flow(["a"])}
    assert max_min_bps(flows, {"a": 100.0}) == pytest.approx({"small": 10, "big": 45, "too": 45})


def test_weights_divide_a_link() -> None:
    flows = {"near": Flow(["a"], weight=3.0), "far": Flow(["a"], weight=1.0)}
    assert max_min_bps(flows, {"a": 100.0}) == pytest.approx({"near": 75.0, "far": 25.0})


LINKS = {"a": 10.0, "b": 25.0, "c": 7.0, "d": 100.0}
FLOWS = st.lists(
    st.builds(
        Flow,
        st.lists(st.sampled_from(sorted(LINKS)), min_size=1, max_size=3, unique=True),
        st.one_of(st.just(math.inf), st.floats(0.5, 50.0)),
        st.floats(0.2, 5.0),
    ),
    min_size=1,
    max_size=8,
)


@given(FLOWS)
def test_each_flow_has_what_it_wants_or_a_full_link_where_none_has_more(flows: list[Flow]) -> None:
    rates = max_min_bps(dict(enumerate(flows)), LINKS)
    used = {
        link: sum(rates[n] for n, flow in enumerate(flows) if link in flow.links) for link in LINKS
    }
    assert all(used[link] <= LINKS[link] * (1 + 1e-6) for link in LINKS)
    for number, flow in enumerate(flows):
        level = rates[number] / flow.weight
        bottlenecks = [
            link
            for link in flow.links
            if used[link] >= LINKS[link] * (1 - 1e-6)
            and all(
                rates[other] / flows[other].weight <= level * (1 + 1e-6)
                for other in range(len(flows))
                if link in flows[other].links
            )
        ]
        assert bottlenecks or rates[number] == pytest.approx(flow.most_bps)


def test_a_flow_that_nothing_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing bounds x"):
        max_min_bps({"x": Flow([])}, {})
    with pytest.raises(ValueError, match="x uses sea, which has no capacity"):
        max_min_bps({"x": Flow(["sea"])}, {})


PATH = TransferPath(rtt_s=0.1, one_way_s=0.05, rate_bps=1e8, mss_bytes=1000)


def test_a_short_transfer_is_one_window() -> None:
    assert completion_s(10_000, PATH) == pytest.approx(0.05 + 10_000 * 8 / 1e8)
    assert completion_s(10_001, PATH) == pytest.approx(0.15, abs=0.001)
    assert completion_s(10_000, PATH, handshake=True) > 0.15


def test_a_long_transfer_is_its_rate_and_what_slow_start_left_unused() -> None:
    rounds = 7  # 10, 20, ... 640 of the 1,250 packets that fill the path
    sent = 1000 * 10 * (2**rounds - 1)
    told = rounds * 0.1 + (10**9 - sent) * 8 / 1e8 + 0.05
    assert completion_s(10**9, PATH) == pytest.approx(told)


@given(st.integers(1, 10**10), st.floats(0.001, 0.3), st.floats(1e6, 1e9))
def test_no_transfer_beats_its_rate_and_more_takes_longer(
    octets: int, rtt_s: float, rate_bps: float
) -> None:
    path = TransferPath(rtt_s, rtt_s / 2, rate_bps)
    took_s = completion_s(octets, path)
    assert took_s >= octets * 8 / rate_bps * (1 - 1e-9)
    assert completion_s(octets + 10_000, path) > took_s
    assert completion_s(octets, path._replace(rate_bps=rate_bps * 2)) < took_s


def test_a_higher_level_has_its_share_first_and_the_next_what_that_leaves() -> None:
    flows = {
        "first": Flow(("a", "b"), 3.0),
        "second": Flow(("a",)),
        "third": Flow(("a", "b")),
        "last": Flow(("b",)),
    }
    levels = {"first": 0, "second": 1, "third": 2, "last": 2}
    rates = by_priority_bps(flows, levels, {"a": 10.0, "b": 10.0})
    assert rates == {"first": 3.0, "second": 7.0, "third": 0.0, "last": 7.0}


def test_classes_share_a_link_by_weight_whatever_flows_they_have_and_leave_what_they_lack() -> None:
    flows = {"one": Flow(()), "two": Flow(()), "three": Flow(()), "few": Flow((), 1.0)}
    classes = {"one": 0, "two": 1, "three": 1, "few": 2}
    rates = by_class_bps(flows, classes, {0: 1.0, 1: 2.0, 2: 5.0}, 10.0)
    assert rates == pytest.approx({"one": 3.0, "two": 3.0, "three": 3.0, "few": 1.0})
