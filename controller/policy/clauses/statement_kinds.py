"""Three kinds of statement about law: its text, an interpretation of it, an assumption."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from corridor.topologies.model.topology import Confidence

StatementKind = Literal["text", "interpretation", "assumption"]
"""``text``: the words of a legal text say so. ``interpretation``: what we take a legal text to
mean; another reader may read it otherwise. ``assumption``: a rule or model of ours that no legal
text states."""

_STRONGEST_FIRST: tuple[StatementKind, ...] = ("text", "interpretation", "assumption")


def weakest(kinds: Iterable[StatementKind]) -> StatementKind | None:
    """Return the weakest kind; None without kinds."""
    return max(kinds, key=_STRONGEST_FIRST.index, default=None)


def caveat(kind: StatementKind | None, confidence: Confidence) -> str:
    """Return `` (interpretation)``, `` (assumption of ours)``, `` (unsure)``, or an empty string
    for what is confident."""
    if kind == "assumption":
        return " (assumption of ours)"
    if kind == "interpretation":
        return " (interpretation)"
    return "" if confidence == "confident" else " (unsure)"


def check_confidence(name: str, kind: StatementKind | None, confidence: Confidence) -> None:
    """Raise ValueError where what no text says is marked as confident."""
    if kind in ("interpretation", "assumption") and confidence == "confident":
        raise ValueError(f"{name} is an {kind}, so its confidence must be unsure")
