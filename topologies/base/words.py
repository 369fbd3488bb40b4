"""Numbers and lists as sentences have them. Standard library only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

LEAST_SHOWN_MS = 0.05
"""A round trip that differs by less is shown as the same: to a tenth it is 0.0 ms."""
MOST_DIGITS = 6
"""Of milliseconds: delays are computed in whole nanoseconds."""


def is_longer(more_ms: float | None) -> bool:
    """Whether an added round-trip time is large enough to be shown; None adds nothing."""
    return (more_ms or 0.0) >= LEAST_SHOWN_MS


def has_moved(change_ms: float | None) -> bool:
    """The same of a change in either direction."""
    return abs(change_ms or 0.0) >= LEAST_SHOWN_MS


CONFIDENCES = {"unsure": "uncertain"}
"""Terms for values of data files."""


def confidence_word(word: str) -> str:
    """Return the word for a confidence of the map or the law in sentences, such as
    ``uncertain``; other words stay as they are."""
    return CONFIDENCES.get(word, word)


def short_name(name: str) -> str:
    """Return a name without the part in parentheses: ``China`` of ``China (mainland)``."""
    return name.partition(" (")[0]


def counted(number: int, noun: str) -> str:
    """``1 hub``, ``2 hubs``, ``1,200 classes``."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "ch")) else f"{noun}s"


def by_number(names: Iterable[str]) -> list[str]:
    """Names of a letter and a number in the order of numbers: ``C2`` before ``C10``, ``T0`` first,
    as claims are listed."""
    return sorted(names, key=lambda one: (one[:1] != "T", len(one), one))


def joined(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def joined_few(words: Iterable[str], most: int) -> str:
    """``a, b and 3 more`` where there are more than ``most``."""
    found = list(words)
    left = len(found) - most
    return joined([*found[:most], f"{left} more"] if left > 0 else found)


def few(names: Iterable[object], most: int, between: str = ", ") -> str:
    """``a, b, c``, and ``a, b and 3 more`` where there are more than ``most``."""
    found = list(map(str, names))
    left = len(found) - most
    return between.join(found[:most]) + (f" and {left} more" if left > 0 else "")


def ms(value: float, digits: int | None = None) -> str:
    """``16.4 ms``, ``127 ms``: to a tenth below 100 ms, else whole, or with these digits."""
    shown = value if digits is not None or has_moved(value) else 0.0
    digits = _digits(shown) if digits is None else digits
    return f"{round(shown, digits) or 0.0:.{digits}f} ms"


def ms_within(value: float, interval: Sequence[float]) -> tuple[str, str]:
    """Return ``16.4 ms`` and its interval ``5.2 to 18.1``: both with the same digits.

    The half width of the interval then has at least one digit that is not 0.
    Rounding then neither makes a bound equal to the other one nor moves it beyond the value.
    """
    low, high = interval
    digits = max(_digits(value), _digits_of_half(low, high))
    return ms(value, digits), f"{low:.{digits}f} to {high:.{digits}f}"


def between_ms(low: float, high: float) -> str:
    """Return ``5-18 ms``, or ``0.02-0.13 ms``: whole, unless the half width is below 1 ms."""
    digits = _digits_of_half(low, high)
    dash = "-" if low >= 0 else " to "
    return f"{low:.{digits}f}{dash}{high:.{digits}f} ms"


def _digits_of_half(low: float, high: float) -> int:
    """Return the digits that show the half width of an interval, 0 from 1 ms on."""
    half = (high - low) / 2
    if not 0 < half < 1:
        return 0
    return min(-math.floor(math.log10(half)), MOST_DIGITS)


def _digits(value_ms: float) -> int:
    return 1 if abs(value_ms) < 99.95 else 0


def duration(value_ms: float) -> str:
    """To three digits, in ms or s."""
    if not value_ms:
        return "0"
    if value_ms < 999.5:
        return f"{value_ms:.3g} ms"
    seconds = value_ms / 1000
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:,.0f} s"


def more_ms(value: float, digits: int = 1) -> str:
    """``+16.4 ms``, ``-0.2 ms``, and ``+0.0 ms`` where the digits show no difference."""
    return f"{round(value, digits) or 0.0:+.{digits}f} ms"


def percent(share: float) -> str:
    """``34 %``; only 0 is shown as 0, and only all as 100."""
    if 0 < share < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < share < 1 else f"{share * 100:.0f} %"


# Plain text as LaTeX sets it, with any of its engines and without packages. Pure.

_SPECIAL = {
    "\\": r"\textbackslash{}",
    **{one: f"\\{one}" for one in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "\N{EN DASH}": "--",
    "\N{EM DASH}": "---",
    "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
    "\N{MINUS SIGN}": r"\ensuremath{-}",
    "\N{MICRO SIGN}": r"\ensuremath{\mu}",
    "\N{GREEK SMALL LETTER MU}": r"\ensuremath{\mu}",
    "\N{MIDDLE DOT}": r"\ensuremath{\cdot}",
    "\N{MULTIPLICATION SIGN}": r"\ensuremath{\times}",
    "\N{PLUS-MINUS SIGN}": r"\ensuremath{\pm}",
    "\N{DEGREE SIGN}": r"\ensuremath{^\circ}",
    "\N{LESS-THAN OR EQUAL TO}": r"\ensuremath{\leq}",
    "\N{GREATER-THAN OR EQUAL TO}": r"\ensuremath{\geq}",
    "\N{RIGHTWARDS ARROW}": r"\ensuremath{\rightarrow}",
}
_LATIN = range(0xC0, 0x180)
"""Letters with accents, which LaTeX knows in UTF-8."""


def escaped(text: str) -> str:
    return "".join(_SPECIAL.get(one, one) for one in text)


def can_set(text: str) -> bool:
    """Whether LaTeX has every letter, whatever fonts a document loads."""
    return all(one.isascii() or one in _SPECIAL or ord(one) in _LATIN for one in text)
