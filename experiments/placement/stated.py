"""Values that the caller states where none is published: ``guian=120``. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from corridor.experiments.placement.energy_documents import EnergyFigure
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.energy.figures import PUES, unit_of

STATED = {"mw": "power-limit", "pue": "pue", "green": "green-share", "price": "price"}
"""The quantity that each option states."""
EXAMPLES = {"mw": "120", "pue": "1.25", "green": "0.5", "price": "0.45CNY"}
MOST = {"mw": 100_000.0, "pue": 10.0, "green": 1.0, "price": 1_000.0}
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
    placeholder = {"mw": "MW", "pue": "PUE", "green": "SHARE", "price": "PRICE"}.get(option, "")
    return f"--{option} {hub}={placeholder}" if option else ""


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
    number, currency = _split(value)
    fits = math.isfinite(number) and _least(what) <= number <= MOST[option]
    if not fits or bool(currency) != (option == "price"):
        hint = f"write --{option} {hub}={EXAMPLES[option]}"
        name = "PUE" if what in PUES else what.replace("-", " ")
        raise InputError(f"{value} is not a {name} of {hub}", hint)
    unit = f"{currency}/kWh" if currency else unit_of(what)
    note = "a caller's value, not a published one"
    return EnergyFigure(
        what, number, None, None, unit, "", "stated", "hub", "", (), "", "unsure", note
    )


def _least(what: str) -> float:
    return 1.0 if what in PUES else 0.0


def _split(value: str | float) -> tuple[float, str]:
    """A number and a currency, NaN if it is not a number: ``0.45CNY``."""
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([A-Z]{3})?(?:/kWh)?\s*", str(value))
    return (float(match[1]), match[2] or "") if match else (math.nan, "")
