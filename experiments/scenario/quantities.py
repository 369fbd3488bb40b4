"""Quantities as scenarios write them, with a unit or a percent sign, and as values hold them."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from corridor.topologies.base.units import (
    format_duration,
    format_rate,
    format_size,
    parse_duration_ns,
    parse_rate_bps,
    parse_size_bytes,
)


def _share(text: object) -> float:
    """``12%`` or ``0.5%`` as a fraction."""
    if not isinstance(text, str) or not text.strip().endswith("%"):
        raise ValueError(f'"{text}" needs a percent sign, for example 0.1%')
    try:
        share = float(text.strip()[:-1]) / 100
    except ValueError:
        raise ValueError(f'"{text}" is not a percentage') from None
    if not math.isfinite(share) or share < 0:
        raise ValueError(f'"{text}" must be a percentage of 0% or more')
    return share


def _duration(text: object) -> int:
    return parse_duration_ns(text, allow_zero=False)


Share = Annotated[float, BeforeValidator(_share)]
_NS_AS_TEXT = PlainSerializer(format_duration, when_used="json")
DurationNs = Annotated[int, BeforeValidator(_duration), _NS_AS_TEXT]
OffsetNs = Annotated[int, BeforeValidator(parse_duration_ns), _NS_AS_TEXT]
SizeBytes = Annotated[
    int, BeforeValidator(parse_size_bytes), PlainSerializer(format_size, when_used="json")
]


def format_share(share: float) -> str:
    """``0.005`` -> ``0.5%``."""
    return f"{share * 100:.12g}%"


ShareAsText = Annotated[Share, PlainSerializer(format_share, when_used="json")]
"""A share that is written as it is read."""
RateBps = Annotated[
    int, BeforeValidator(parse_rate_bps), PlainSerializer(format_rate, when_used="json")
]
