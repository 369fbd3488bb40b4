"""Numbers and lists as people read them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from corridor.experiments.answers.document import Way
from corridor.experiments.answers.map_document import FibreEntry
from corridor.topologies.base import words

NOTHING = "–"
MS_PER_S = 1000.0
LONGEST_LEAD = 20


def ms(value: float | None) -> str:
    """To a tenth of a millisecond."""
    return NOTHING if value is None else f"{value:.1f}"


def extra(value: float | None) -> str:
    """With its sign; what rounds to nothing is 0."""
    if value is None:
        return NOTHING
    return "0" if abs(value) < words.LEAST_SHOWN_MS else f"{value:+.1f}"


def between(interval: Sequence[float] | None) -> str:
    """An interval in ms; empty if there is none, or if it is 0 to 0."""
    if interval is None:
        return ""
    low, high = (f"{one:.1f}" for one in interval)
    return "" if low == high == "0.0" else f"{low} to {high}"


def duration(value_ms: float | None) -> str:
    return NOTHING if value_ms is None else words.duration(value_ms)


def led(sentence: str) -> tuple[str, str]:
    """What a sentence is about, where it says so before a colon, and the rest."""
    lead, colon, rest = sentence.partition(":")
    short = len(lead) <= LONGEST_LEAD and colon and rest
    return (f"{lead}:", rest) if short else ("", sentence)


def crosses(of: Way | FibreEntry | None) -> str:
    """Jurisdictions that a way or a fibre meets; with a ``?`` those that it may meet besides."""
    return " ".join([*of.crosses, *(f"{code}?" for code in of.may_cross)]) if of else ""
