"""Plain text as LaTeX sets it, with any of its engines and without packages. Pure."""

from __future__ import annotations

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
