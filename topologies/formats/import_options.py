"""What a user says about a foreign graph that its file does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.units import QuantityError, parse_duration_ns, parse_length_km
from corridor.topologies.formats.quantities import UNITS, Unit
from corridor.topologies.model.topology import MAX_DELAY_NS, MAX_LENGTH_KM

WAY_OUT = (
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
