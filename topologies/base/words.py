"""Numbers and lists as sentences have them. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable

LEAST_SHOWN_MS = 0.05
"""A round trip that differs by less is shown as the same: to a tenth it is 0.0 ms."""


def counted(number: int, noun: str) -> str:
    """``1 hub``, ``2 hubs``, ``1,200 classes``."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    return f"{noun}es" if noun.endswith(("s", "ch")) else f"{noun}s"


def joined(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last
