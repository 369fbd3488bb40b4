"""Arguments that Python gives to questions, each kind checked by one function. All raise
InputError."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest_or_some

MOST_TIMES, MOST_DIGITS = 1_000_000, 100
"""Of growth factors: the largest one, and the longest text of one."""
MOST_GROWTH = 10
"""Of a year, as a share."""
WORDS: Mapping[type, str] = {str: "text"}


def given_name(value: str | Path, what: str) -> str:
    """Return a shipped name or the path of a file as text."""
    if isinstance(value, str | Path) and str(value):
        return str(value)
    raise InputError(f"{what} is {_shown(value)}, not a name", "give a shipped name or a file")


def given_day(value: date | str | None) -> date | None:
    """Return a date, also from text as in ``2026-11-24``."""
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError(
            f"as_of is {_shown(value)}, not a date", "write it like 2026-11-24"
        ) from None


def given_names(value: Iterable[str] | str, what: str) -> tuple[str, ...]:
    """Return several names; a text is one name."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Iterable):
        names = tuple(value)
        if all(isinstance(one, str) for one in names):
            return names
    raise InputError(f"{what} is {_shown(value)}, not a list of names", 'write ["red-sea"]')


def given_texts(value: Mapping[str, str] | None, what: str, example: str) -> dict[str, str]:
    """Return texts by name."""
    given = {} if value is None else value
    if isinstance(given, Mapping) and all(
        isinstance(one, str) for of in given.items() for one in of
    ):
        return dict(given)
    raise InputError(f"{what} is {_shown(value)}, not texts by name", f"write {example}")


def given_of[Kind](value: object, kind: type[Kind], what: str, hint: str = "") -> Kind:
    """Return the value, checked to have a type."""
    if isinstance(value, kind):
        return value
    raise InputError(f"{what} is {_shown(value)}, not a {WORDS.get(kind, kind.__name__)}", hint)


def given_choice[Choice: str](value: Choice, known: Collection[Choice], what: str) -> Choice:
    """Return a word if it is one of the known ones."""
    if isinstance(value, str) and value in known:
        return value
    hint = nearest_or_some(value, known) if isinstance(value, str) else ""
    choices = ", ".join(known)
    raise InputError(f"{what} is one of {choices}, not {_shown(value)}", hint)


def given_stated(rates: Mapping[str, str] | str | None) -> tuple[str, ...]:
    """Return rates as on the command line."""
    if isinstance(rates, str):
        return (rates,)
    by_name = given_texts(rates, "rates", '"2Tbit" or {"ckpt": "2Tbit"}').items()
    return tuple(f"{of}={rate}" if of else rate for of, rate in by_name)


def given_growth(text: str) -> float:
    """Return a share in per cent, such as the growth of a year: 0.25 of ``25%``."""
    try:
        share = float(text.removesuffix("%")) / 100
    except (AttributeError, ValueError):
        share = math.nan
    if not str(text).endswith("%") or not -1 < share <= MOST_GROWTH:
        raise InputError(
            f"{_shown(text)} is not a growth of a year", "write 25%, above -100% and up to 1000%"
        )
    return share


def given_factor(value: str | float | Fraction | None) -> Fraction | None:
    """Return a growth factor."""
    if value is None:
        return None
    try:
        times = growth_factor(str(value))
    except ValueError:
        raise InputError(f"times is {_shown(value)}, not a factor", "write 1.5 or 3/2") from None
    if times is None:
        raise InputError(f"growth is above 0 and up to a million, not {value}", "write 1.5 or 3/2")
    return times


def growth_factor(text: str) -> Fraction | None:
    """Return the factor of a text such as ``1.5`` or ``3/2``; None if it is out of range.

    Raises ValueError if the text is not a number. Large exponents are refused before they are
    multiplied out.
    """
    above, slash, below = text.partition("/")
    if len(text) > MOST_DIGITS:
        raise ValueError(text)
    try:
        parts = [Decimal(above), Decimal(below if slash else 1)]
    except InvalidOperation:
        raise ValueError(text) from None
    if any(part.is_nan() for part in parts):
        raise ValueError(text)
    if not all(part.is_finite() and part and abs(part.adjusted()) < MOST_DIGITS for part in parts):
        return None
    times = Fraction(parts[0]) / Fraction(parts[1])
    return times if 0 < times <= MOST_TIMES else None


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else " ".join(repr(value).split())
