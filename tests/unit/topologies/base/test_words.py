from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.base.words import (
    between_ms,
    counted,
    joined,
    joined_few,
    more_ms,
    ms,
    ms_within,
    percent,
)


@pytest.mark.parametrize(
    ("number", "noun", "told"),
    [
        (1, "hub", "1 hub"),
        (0, "hub", "0 hubs"),
        (2, "class", "2 classes"),
        (3, "switch", "3 switches"),
        (1200, "near tie", "1,200 near ties"),
    ],
)
def test_things_are_counted_in_words(number: int, noun: str, told: str) -> None:
    assert counted(number, noun) == told


def test_lists_end_with_an_and() -> None:
    assert [joined("abc"[:many]) for many in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_long_lists_end_with_the_number_of_what_is_left_out() -> None:
    said = ["a", "a and b", "a, b and 1 more", "a, b and 2 more"]
    assert [joined_few("abcd"[: many + 1], 2) for many in range(4)] == said


@pytest.mark.parametrize(
    ("value", "interval", "told"),
    [
        (16.4, (5.08, 18.3), ("16.4 ms", "5.1 to 18.3")),
        (138.2, (121.7, 160.1), ("138 ms", "122 to 160")),
        (138.2, (138.1, 138.4), ("138.2 ms", "138.1 to 138.4")),
        (0.4, (0.38, 0.43), ("0.40 ms", "0.38 to 0.43")),
        (16.36, (16.355, 16.37), ("16.360 ms", "16.355 to 16.370")),
        (5.0, (5.0, 5.0), ("5.0 ms", "5.0 to 5.0")),
        (2.0, (1.0, inf), ("2.0 ms", "1.0 to inf")),
    ],
)
def test_an_interval_has_digits_that_tell_its_bounds_apart(
    value: float, interval: tuple[float, float], told: tuple[str, str]
) -> None:
    assert ms_within(value, interval) == told


def test_a_range_is_whole_unless_that_hides_its_width() -> None:
    ranges = [(5.1, 18.4), (0.0, 0.0), (0.02, 0.13), (1.2, 2.9), (-3.6, 4.2)]
    assert [between_ms(*one) for one in ranges] == [
        *("5-18 ms", "0-0 ms", "0.02-0.13 ms", "1.2-2.9 ms", "-4 to 4 ms")
    ]


@given(value=st.floats(0, 1000), below=st.floats(1e-5, 300), above=st.floats(1e-5, 300))
def test_no_rounded_bound_lies_beyond_the_value(value: float, below: float, above: float) -> None:
    shown, bounds = ms_within(value, (value - below, value + above))
    low, high = map(float, bounds.split(" to "))
    assert low <= float(shown.removesuffix(" ms")) <= high
    assert low < high


def test_a_time_in_ms_has_a_tenth_below_100_ms() -> None:
    assert [ms(one) for one in (0.04, 0.05, 99.94, 127.4)] == [
        *("0.0 ms", "0.1 ms", "99.9 ms", "127 ms")
    ]


def test_a_small_share_is_not_shown_as_none() -> None:
    assert [percent(one) for one in (0.0, 0.004, 0.01, 0.344, 1.0)] == [
        *("0 %", "< 1 %", "1 %", "34 %", "100 %")
    ]
    assert percent(0.996) == "> 99 %"


def test_a_difference_has_its_sign() -> None:
    assert [more_ms(16.42), more_ms(-0.2, 2)] == ["+16.4 ms", "-0.20 ms"]
    assert [more_ms(-0.04), ms(-0.2, 0), ms(99.96)] == ["+0.0 ms", "0 ms", "100 ms"]
