"""Nodes and links as a foreign file has them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.units import QuantityError, parse_duration_ns, parse_length_km
from corridor.topologies.model.topology import MAX_CAPACITY_GBPS, MAX_DELAY_NS, MAX_LENGTH_KM

type Value = str | float
"""Of an attribute: text, or a number if the file has it as one. Numbers may be written as text."""


@dataclass(frozen=True)
class ForeignNode:
    """A node as its file has it; a place may be missing, a country is a name or a code."""

    key: str
    label: str
    lat: float | None
    lon: float | None
    line: int | None = None
    country: str = ""
    at_sea: bool = False
    """A point of a cable's course, where no jurisdiction is to be inferred."""


@dataclass(frozen=True)
class ForeignLink:
    """A link as its file has it: what the file does not say is None."""

    a: str
    z: str
    line: int | None = None
    capacity_bps: float | None = None
    delay_ns: int | None = None
    """One-way delay."""
    length_km: float | None = None
    directed: bool = False
    """Only from ``a`` to ``z``; the other direction is a separate link, if there is one."""
    notes: str = ""
    """What was changed or assumed in reading it, for the fibre."""


@dataclass(frozen=True)
class RawNode:
    """A node with all attributes that its file has for it."""

    key: str
    line: int | None
    data: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class RawLink:
    """A link with all attributes that its file has for it."""

    a: str
    z: str
    line: int | None
    directed: bool
    data: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class RawGraph:
    """A graph of a format that leaves it to its writer what attributes are called."""

    title: str
    file: str
    source: str
    nodes: tuple[RawNode, ...]
    links: tuple[RawLink, ...]
    data: Mapping[str, Value] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    placed: bool = True
    """Whether coordinates can be degrees."""


# Quantities as foreign files have them: in their own units, or next to the unit's name.
#
# Unlike in our own files a number may stand alone, and ``Gbps`` means what carriers mean by it.


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


# What a user says about a foreign graph that its file does not.

ADVICE = (
    "corridor topology import with --default-length 100km or --default-delay 1ms "
    '(in Python default_length="100km")'
)
"""For graphs that do not state how long their links are."""


@dataclass(frozen=True)
class ImportOptions:
    """Options for reading links, and defaults for links of unknown length."""

    default_length_km: float | None = None
    default_delay_ns: int | None = None
    """One-way delay."""
    attributes: Mapping[str, Unit] = field(default_factory=dict)
    """Attributes of links and the unit that each is in, which also says what it is."""
    ignores_delays: bool = False
    """Delays of the file are not read: lengths and places give them."""

    @property
    def has_default(self) -> bool:
        return self.default_length_km is not None or self.default_delay_ns is not None


NO_OPTIONS = ImportOptions()


def import_options(
    default_length: str | None = None,
    default_delay: str | None = None,
    attributes: Mapping[str, str] | None = None,
    *,
    ignore_delays: bool = False,
) -> ImportOptions:
    """Options as people write them: ``100km``, ``1ms``, ``{"weight": "km"}``. Raises InputError."""
    if default_length is not None and default_delay is not None:
        raise InputError("a default length and a default delay are given", "give one of the two")
    try:
        length_km = None if default_length is None else parse_length_km(default_length)
        delay_ns = None if default_delay is None else parse_duration_ns(default_delay)
    except QuantityError as problem:
        what = "default delay" if default_length is None else "default length"
        raise InputError(f"{what}: {problem}", problem.hint) from None
    if length_km is not None and not 0.1 <= length_km <= MAX_LENGTH_KM:
        raise InputError(
            f"a default length of {default_length} is not a fibre length",
            f"it is from 100m to {MAX_LENGTH_KM:g}km",
        )
    if delay_ns is not None and delay_ns > MAX_DELAY_NS:
        most_s = MAX_DELAY_NS // 10**9
        raise InputError(
            f"a default delay of {default_delay} is too long", f"it is {most_s}s at most"
        )
    units = {name: _unit(name, unit) for name, unit in (attributes or {}).items()}
    return ImportOptions(length_km, delay_ns, units, ignore_delays)


def _unit(attribute: str, written: str) -> Unit:
    if written not in UNITS:
        raise InputError(
            f'attribute {attribute}: "{written[:20]}" is not a unit of a delay, length or rate',
            f"use one of {', '.join(UNITS)}",
        )
    return UNITS[written]
