"""Differentiated services code points (RFC 2474) by name, as routers and RFCs write them. Pure."""

from __future__ import annotations

MOST = 63
NAMES = {
    **{f"CS{number}": 8 * number for number in range(8)},
    **{f"AF{klass}{drop}": 8 * klass + 2 * drop for klass in range(1, 5) for drop in range(1, 4)},
    "EF": 46,
    "VA": 44,
    "LE": 1,
    "BE": 0,
}
"""RFC 2474, 2597, 3246, 5865 and 8622; ``BE`` is what everybody calls the default."""


def parse_dscp(text: object) -> int:
    """``EF``, ``AF11`` or a whole number from 0 to 63; raises ValueError."""
    if isinstance(text, str) and text.upper() in NAMES:
        return NAMES[text.upper()]
    if isinstance(text, bool) or not isinstance(text, int) or not 0 <= text <= MOST:
        raise ValueError(f'"{text}" is not a DSCP: write for example EF, AF11, CS1 or 0 to {MOST}')
    return text


def format_dscp(dscp: int) -> str:
    """The name that is written first, else the number."""
    names = {value: name for name, value in reversed(NAMES.items())}
    return "BE" if dscp == 0 else names.get(dscp, str(dscp))
