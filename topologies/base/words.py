"""Numbers and lists as sentences have them. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable

LEAST_SHOWN_MS = 0.05
"""A round trip that differs by less is shown as the same: to a tenth it is 0.0 ms."""


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
    return sorted(names, key=lambda one: (one[:1] != "T", int(one[1:])))


def joined(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def joined_few(words: Iterable[str], most: int) -> str:
    """``a, b and 3 more`` where there are more than ``most``."""
    found = list(words)
    left = len(found) - most
    return joined([*found[:most], f"{left} more"] if left > 0 else found)
