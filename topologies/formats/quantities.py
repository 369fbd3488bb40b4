"""Quantities as foreign files have them: in their own units, or next to the unit's name.

Unlike in our own files a number may stand alone, and ``Gbps`` means what carriers mean by it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from corridor.topologies.formats.foreign_graph import Value
from corridor.topologies.model.topology import MAX_CAPACITY_GBPS, MAX_DELAY_NS, MAX_LENGTH_KM

Quantity = Literal["delay", "length", "capacity"]

MOST: Mapping[Quantity, float] = {
    "delay": MAX_DELAY_NS,
    "length": MAX_LENGTH_KM,
    "capacity": MAX_CAPACITY_GBPS * 1e9,
}
"""In ns, km and bit/s; the minimum is 0."""


@dataclass(frozen=True)
class Unit:
    name: str
    quantity: Quantity
    factor: float
    """Of one in ns, km or bit/s."""


def _units() -> dict[str, Unit]:
    known: dict[Quantity, dict[str, float]] = {
        "delay": {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9},
        "length": {"km": 1.0, "m": 1e-3, "mi": 1.609344},
        "capacity": {"bit": 1.0, "kbit": 1e3, "Mbit": 1e6, "Gbit": 1e9, "Tbit": 1e12},
    }
    return {
        name: Unit(name, quantity, factor)
        for quantity, factors in known.items()
        for name, factor in factors.items()
    }


UNITS: Mapping[str, Unit] = _units()
_ALSO: Mapping[str, str] = {
    "nanoseconds": "ns",
    "usec": "us",
    "µs": "us",
    "microseconds": "us",
    "msec": "ms",
    "milliseconds": "ms",
    "sec": "s",
    "seconds": "s",
    "kilometers": "km",
    "kilometres": "km",
    "meters": "m",
    "metres": "m",
    "miles": "mi",
}
_PREFIXES: Mapping[str, str] = {"": "bit", "k": "kbit", "m": "Mbit", "g": "Gbit", "t": "Tbit"}
_RATE = re.compile(r"([kKmMgGtT]?)(?:bps|bits?(?:/s|ps|persec)?|b/s)")
_NUMBER = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(\S*)")
_LONGEST = 60


def unit_named(text: str) -> Unit | None:
    """The unit that a file means, such as ``km``, ``Gbps``, ``MBITPERSEC``. None if it is none.

    A capital B is an octet, in which rates of links are not counted, and M alone no metre.
    """
    plain = text.strip()
    if plain in UNITS:
        return UNITS[plain]
    if len(plain) > 1 and (plain.lower() in _ALSO or plain.lower() in UNITS):
        return UNITS[_ALSO.get(plain.lower(), plain.lower())]
    if plain.isupper() and "BIT" in plain:
        plain = plain.lower()
    rate = _RATE.fullmatch(plain)
    return UNITS[_PREFIXES[rate[1].lower()]] if rate else None


@dataclass(frozen=True)
class Number:
    """A finite number, and the unit that is next to it, if one does."""

    value: float
    unit: Unit | None


def number_of(written: Value) -> Number | None:
    """What a value says; None where it is not a finite number, or has a unit that is not known."""
    if not isinstance(written, str):
        return Number(float(written), None) if math.isfinite(written) else None
    found = _NUMBER.fullmatch(written.strip()[:_LONGEST])
    if found is None or not math.isfinite(float(found[1])):
        return None
    unit = unit_named(found[2]) if found[2] else None
    return None if found[2] and unit is None else Number(float(found[1]), unit)
