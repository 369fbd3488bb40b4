"""Words that sentences share. Pure."""

from __future__ import annotations

from collections.abc import Sequence

LEAST_MS = 0.05
"""A round trip that differs by less is told as the same."""


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def joined(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def ms(value: float) -> str:
    """To a tenth below 100 ms, else whole."""
    shown = 0.0 if abs(value) < LEAST_MS else value
    return f"{shown:.1f} ms" if abs(shown) < 100 else f"{shown:.0f} ms"
