"""Values that the caller states where none is published: ``guian=120``, or ``guian=120:80-160``
with an interval. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from corridor.experiments.placement.energy_documents import EnergyFigure
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.energy.figures import FACTORS, MOST_G_PER_KWH, PUES, unit_of

STATED = {
    "mw": "power-limit",
    "pue": "pue",
    "green": "green-share",
    "price": "price",
    "factor": "location",
}
"""The quantity that each option states."""
EXAMPLES = {"mw": "120", "pue": "1.25", "green": "0.5", "price": "0.45CNY", "factor": "300"}
INTERVALS = {
    "mw": "120:80-160",
    "pue": "1.25:1.15-1.4",
    "green": "0.5:0.3-0.6",
    "price": "0.45:0.4-0.6CNY",
    "factor": "300:250-350",
}
"""The same with an interval."""
MOST = {"mw": 100_000.0, "pue": 10.0, "green": 1.0, "price": 1_000.0, "factor": MOST_G_PER_KWH}
PLACEHOLDERS = {"mw": "MW", "pue": "PUE", "green": "SHARE", "price": "PRICE", "factor": "GRAMS"}
type Given = Mapping[str, Mapping[str, str | float]]
"""By option, by hub, the value."""


def given_by_hub(**given: Mapping[str, str | float] | None) -> Given:
    """Return values by option and hub, as Python states them.

    Raises:
        InputError: A value is not by hub.
    """
    for option, by_hub in given.items():
        if not isinstance(by_hub or {}, dict):
            raise InputError(f"{option} is not by hub", f'write {option}={{"guian": ...}}')
    return {option: by_hub or {} for option, by_hub in given.items()}


def option_of(what: str, hub: str) -> str:
    """Return the option that states an unknown quantity; empty if none does."""
    option = next((key for key, of in STATED.items() if of == what), "")
    return f"--{option} {hub}={PLACEHOLDERS[option]}" if option else ""


def split_stated(texts: Iterable[str], option: str, hubs: Iterable[str]) -> dict[str, str]:
    """Return values by hub from texts such as ``guian=120``.

    Raises:
        InputError: A text has another form, or its hub has no entry.
    """
    known, found = set(hubs), dict[str, str]()
    for text in texts:
        hub, equals, value = text.partition("=")
        if not equals:
            raise InputError(
                f'--{option} "{text}" names no hub', f"write --{option} guian={EXAMPLES[option]}"
            )
        check_hub(hub, known)
        if found.get(hub, value) != value:
            both = f"{found[hub]} and {value}"
            raise InputError(f"--{option} of {hub} is stated twice: {both}", "state one of them")
        found[hub] = value
    return found


def check_hub(hub: str, known: Iterable[str]) -> None:
    """Raise InputError unless the hub has an entry."""
    listed = sorted(known)
    if hub not in listed:
        hint = nearest(hub, listed) or "corridor energy lists the hubs with figures"
        raise InputError(f'no energy figures of a hub "{hub}"', hint)


def stated_figure(option: str, hub: str, value: str | float) -> EnergyFigure:
    """Return the figure that a caller states.

    Raises:
        InputError: The value is not a number in the range of its quantity.
    """
    what = STATED[option]
    number, interval, currency = _split(value)
    least, most = interval or (number, number)
    fits = math.isfinite(number) and _least(what) <= least <= number <= most <= MOST[option]
    if not fits or bool(currency) != (option == "price"):
        example = EXAMPLES[option]
        hint = f"write --{option} {hub}={example}, with an interval {INTERVALS[option]}"
        names = {"pue": "PUE", "location": "emission factor"}
        name = names.get(what, what.replace("-", " "))
        raise InputError(f"{value} is not a {name} of {hub}", hint)
    unit = f"{currency}/kWh" if currency else unit_of(what)
    note = "a caller's value, not a published one"
    low, high = interval or (None, None)
    boundary = "direct" if what in FACTORS else ""
    return EnergyFigure(
        what, number, low, high, unit, boundary, "stated", "hub", "", (), "", "unsure", note
    )


def _least(what: str) -> float:
    return 1.0 if what in PUES else 0.0


def _split(value: str | float) -> tuple[float, tuple[float, float] | None, str]:
    """A number, its interval and a currency: ``0.45:0.4-0.6CNY``; NaN if it is not a number."""
    number = r"([0-9]*\.?[0-9]+)"
    form = rf"\s*{number}(?::{number}-{number})?\s*([A-Z]{{3}})?(?:/kWh)?\s*"
    match = re.fullmatch(form, str(value))
    if match is None:
        return math.nan, None, ""
    interval = (float(match[2]), float(match[3])) if match[2] else None
    return float(match[1]), interval, match[4] or ""
