"""Quantities as text with a unit: ``18ms``, ``10Gbit``, ``1200km``, ``1400B``.

A bare number is refused, because a reader cannot tell whether ``20`` is one-way or round trip,
seconds or milliseconds, bits or bytes. Parsing is exact (decimal, no floats) where the
result is an integer, and ``parse(format(x)) == x`` for every value these functions return.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from corridor.topologies.base.seconds import NS_PER_S

DURATIONS: Mapping[str, int] = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": NS_PER_S,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
RATES: Mapping[str, int] = {
    "bit": 1,
    "kbit": 10**3,
    "Mbit": 10**6,
    "Gbit": 10**9,
    "Tbit": 10**12,
}
LENGTHS: Mapping[str, Decimal] = {"km": Decimal(1), "m": Decimal("0.001")}
SIZES: Mapping[str, int] = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}

_QUANTITY = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))\s*([^\W\d]+)?(/s)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MAX_DIGITS = 30
MOST_WHOLE = 10**18
"""Of bytes, bits per second or nanoseconds: a million TB, a million Tbit/s, 31 years. Sums of a few
of these still fit the whole numbers of 64 bits that plans and records have."""


class QuantityError(ValueError):
    """A quantity that cannot be read; ``hint`` says how to write it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def parse_duration_ns(text: object, what: str = "duration", *, allow_zero: bool = True) -> int:
    """Nanoseconds in ``18ms``, ``250us``, ``1.5s``. Raises QuantityError."""
    return _whole(_parse(text, what, DURATIONS, "18ms", allow_zero), what, "nanoseconds")


def parse_rate_bps(text: object, what: str = "rate", *, allow_zero: bool = False) -> int:
    """Bits per second in ``10Gbit`` (``10Gbit/s`` reads the same). Raises QuantityError."""
    return _whole(_parse(text, what, RATES, "10Gbit", allow_zero), what, "bits per second")


def parse_length_km(text: object, what: str = "length", *, allow_zero: bool = False) -> float:
    """Kilometres in ``1200km`` or ``800m``. Raises QuantityError."""
    return float(_parse(text, what, LENGTHS, "1200km", allow_zero))


def parse_size_bytes(text: object, what: str = "size", *, allow_zero: bool = True) -> int:
    """Bytes in ``1400B``, ``8MB`` (decimal) or ``8MiB`` (binary). Raises QuantityError."""
    return _whole(_parse(text, what, SIZES, "1400B", allow_zero), what, "bytes")


def format_duration(nanoseconds: int) -> str:
    """``18000000`` -> ``18ms``: the largest unit from ns to s that keeps the value at least 1."""
    return _format_whole(nanoseconds, {k: DURATIONS[k] for k in ("ns", "us", "ms", "s")})


def format_rate(bits_per_second: int) -> str:
    """``160000000`` -> ``160Mbit``."""
    return _format_whole(bits_per_second, RATES)


def format_size(size_bytes: int) -> str:
    """``8000000`` -> ``8MB``."""
    return _format_whole(size_bytes, {k: SIZES[k] for k in ("B", "kB", "MB", "GB", "TB")})


def format_length(length_km: float) -> str:
    """``820.0`` -> ``820km``, with every digit the float carries."""
    return f"{_plain(Decimal(repr(float(length_km))))}km"


def written_day(value: object) -> object:
    """A day, or its text as in ``2027-07-01``; a number is not taken for seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise QuantityError(f'"{str(value)[:40]}" is not a date', "write it like 2027-07-01")


def no_truth(value: object) -> object:
    """Whatever stands where a number should, unless it is true or false."""
    if isinstance(value, bool):
        raise QuantityError(f"{str(value).lower()} is not a number", "write a number")
    return value


def _parse(
    text: object,
    what: str,
    units: Mapping[str, int] | Mapping[str, Decimal],
    example: str,
    allow_zero: bool,
) -> Decimal:
    known = ", ".join(units)
    if isinstance(text, bool) or text is None:
        raise QuantityError(f"{what} must be text with a unit", f"write it like {example}")
    if isinstance(text, (int, float)):
        raise QuantityError(f"{what} {text} has no unit", f"add one of {known}, as in {example}")
    written = text.strip() if isinstance(text, str) else ""
    match = _QUANTITY.fullmatch(written)
    if match is None:
        shown = str(text)[:40]
        raise QuantityError(f'{what} "{shown}" cannot be read', f"write it like {example}")
    number, unit, per_second = match.groups()
    if len(number) > _MAX_DIGITS:
        raise QuantityError(f"{what} has too many digits", f"write it like {example}")
    if unit is None:
        raise QuantityError(f"{what} {number} has no unit", f"add one of {known}, as in {example}")
    if unit not in units or (per_second and units is not RATES):
        raise QuantityError(
            f'{what} "{written}" has an unknown unit "{unit}{per_second or ""}"',
            _unit_hint(unit, known),
        )
    value = Decimal(number) * units[unit]
    if value < 0 or (value == 0 and not allow_zero):
        need = "must not be negative" if allow_zero else "must be positive"
        raise QuantityError(f"{what} {need}, not {written}", f"write it like {example}")
    return value


def _unit_hint(unit: str, known: str) -> str:
    if unit.lower() in ("kbps", "mbps", "gbps", "tbps", "bps"):
        prefix = unit[:-3]
        better = {"k": "kbit", "m": "Mbit", "g": "Gbit", "t": "Tbit"}.get(prefix.lower(), "bit")
        return f'"{unit}" is ambiguous (bits or bytes?), write {better}'
    return f"use one of {known}"


def _whole(value: Decimal, what: str, base: str) -> int:
    if value != value.to_integral_value():
        raise QuantityError(f"{what} must be a whole number of {base}", "drop the extra digits")
    if value > MOST_WHOLE:
        raise QuantityError(f"{what} must be at most {MOST_WHOLE:,} {base}", "write less")
    return int(value)


def _format_whole(value: int, units: Mapping[str, int]) -> str:
    name, factor = next(iter(units.items()))
    for unit, size in units.items():
        if abs(value) >= size:
            name, factor = unit, size
    return f"{_plain(Decimal(value) / factor)}{name}" if factor > 1 else f"{value}{name}"


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


# What keys and columns are in, as their names say: ``rtt_ms``, ``sent_bytes``.

UNITS = {
    "ns": "ns",
    "us": "µs",
    "ms": "ms",
    "s": "s",
    "km": "km",
    "bps": "bit/s",
    "mbps": "Mbit/s",
    "gbps": "Gbit/s",
    "bytes": "bytes",
    "packets": "packets",
}
"""By the last part of a name."""


def unit_of(name: str) -> str | None:
    _, line, ending = name.rpartition("_")
    return UNITS.get(ending) if line else None
