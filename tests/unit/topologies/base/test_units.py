"""Quantities carry units, read back as written, and say what is wrong when they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.base.units import (
    QuantityError,
    format_duration,
    format_length,
    format_rate,
    format_size,
    parse_duration_ns,
    parse_length_km,
    parse_rate_bps,
    parse_size_bytes,
)

WHOLE = st.integers(min_value=1, max_value=10**18)


@given(WHOLE)
def test_a_duration_reads_back_as_it_was_written(value: int) -> None:
    assert parse_duration_ns(format_duration(value)) == value


@given(WHOLE)
def test_a_rate_reads_back_as_it_was_written(value: int) -> None:
    assert parse_rate_bps(format_rate(value)) == value


@given(WHOLE)
def test_a_size_reads_back_as_it_was_written(value: int) -> None:
    assert parse_size_bytes(format_size(value)) == value


@given(st.floats(min_value=1e-3, max_value=1e5))
def test_a_length_reads_back_to_the_last_digit(value: float) -> None:
    assert parse_length_km(format_length(value)) == value


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("18ms", 18_000_000), ("250us", 250_000), ("250µs", 250_000), ("1.5s", 1_500_000_000),
     ("7ns", 7), ("2min", 120_000_000_000), (" 3 ms ", 3_000_000), ("0ms", 0)],
)  # fmt: skip
def test_durations_are_whole_nanoseconds(text: str, nanoseconds: int) -> None:
    assert parse_duration_ns(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "bps"),
    [("10Gbit", 10**10), ("10Gbit/s", 10**10), ("0.8Tbit", 8 * 10**11), ("64kbit", 64_000)],
)
def test_rates_are_whole_bits_per_second(text: str, bps: int) -> None:
    assert parse_rate_bps(text) == bps


@pytest.mark.parametrize(
    ("text", "size"), [("1400B", 1400), ("8MB", 8_000_000), ("8MiB", 8 * 2**20), ("1.5kB", 1500)]
)
def test_sizes_tell_decimal_from_binary(text: str, size: int) -> None:
    assert parse_size_bytes(text) == size


def test_lengths_may_be_metres() -> None:
    assert parse_length_km("800m") == 0.8


@pytest.mark.parametrize("bare", [20, 20.5, "20"])
def test_a_bare_number_is_refused_and_the_units_are_named(bare: object) -> None:
    with pytest.raises(QuantityError, match="has no unit") as caught:
        parse_duration_ns(bare)
    assert "ms" in caught.value.hint


@pytest.mark.parametrize("text", ["-5km", "0km", "-0.0m"])
def test_a_length_must_be_positive(text: str) -> None:
    with pytest.raises(QuantityError, match="length must be positive"):
        parse_length_km(text)


def test_a_duration_may_be_zero_but_not_negative() -> None:
    assert parse_duration_ns("0s") == 0
    with pytest.raises(QuantityError, match="must not be negative"):
        parse_duration_ns("-1ms")


def test_a_capacity_of_zero_is_refused_by_its_name() -> None:
    with pytest.raises(QuantityError, match="capacity must be positive"):
        parse_rate_bps("0Gbit", "capacity")


@pytest.mark.parametrize(
    ("text", "hint"),
    [("10Gbps", "Gbit"), ("10GB", "Gbit"), ("10parsec", "Mbit"), ("5Gbit/h", "10Gbit")],
)
def test_an_unknown_rate_unit_gets_a_way_out(text: str, hint: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_rate_bps(text)
    assert hint in caught.value.hint


@pytest.mark.parametrize("text", ["", "ms", "1e3ms", "nan ms", "inf", "--1ms", True, None, [1]])
def test_what_is_not_a_quantity_is_refused(text: object) -> None:
    with pytest.raises(QuantityError):
        parse_duration_ns(text)


def test_a_fraction_of_a_nanosecond_is_refused() -> None:
    with pytest.raises(QuantityError, match="whole number of nanoseconds"):
        parse_duration_ns("0.5ns")
