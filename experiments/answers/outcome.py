"""The outcome of a demand under a policy set: one vocabulary for all faces. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, Self

from corridor.topologies.base.words import is_longer

type Role = Literal["fine", "free", "ink", "unsure", "dead"]
"""A colour of ``page.css``: ``--fine`` and so on."""


class Outcome(StrEnum):
    """Its value is its key in the JSON of a page, and its class in style sheets."""

    word: str
    role: Role
    marker: str
    """In figures, of matplotlib; empty where a bar is drawn instead."""

    PERMITTED = ("lawful", "permitted", "fine")
    LONGER = ("longer", "permitted, longer path", "free")
    OTHER_PERMIT = ("alt", "by another permit", "free")
    SERVED = ("served", "served", "ink")
    """No policy set is active, so that nothing was checked."""
    NOT_COVERED = ("unjudged", "not covered", "unsure")
    BLOCKED = ("kept", "blocked", "dead", "x")
    NO_PATH = ("down", "no path", "dead")
    """Without policies there is none either."""
    RELAXED = ("less", "served, constraints relaxed", "ink")
    """Of live networks, as the next two."""
    RELAXED_UNCHECKED = ("partly", "served, constraints relaxed", "ink")
    NOT_VERIFIED = ("unknown", "not verified", "ink")

    def __new__(cls, key: str, word: str, role: Role, marker: str = "") -> Self:
        made = str.__new__(cls, key)
        made._value_ = key
        made.word, made.role, made.marker = word, role, marker
        return made

    @property
    def is_served(self) -> bool:
        return self not in (Outcome.BLOCKED, Outcome.NO_PATH, Outcome.NOT_VERIFIED)

    @property
    def is_permitted(self) -> bool:
        return self.is_served and self is not Outcome.NOT_COVERED


def outcome_of(
    status: str, *, is_checked: bool, is_covered: bool = True, extra_ms: float | None = None
) -> Outcome:
    """Classify a demand by its status, and by the RTT that policies add.

    ``is_checked``: a policy set is active. ``is_covered``: the set has a rule for the data.
    """
    if status in UNSERVED:
        return UNSERVED[status]
    is_relaxed = status == "DEGRADED"
    if not is_checked:
        return Outcome.RELAXED_UNCHECKED if is_relaxed else Outcome.SERVED
    if not is_covered:
        return Outcome.NOT_COVERED
    if is_relaxed:
        return Outcome.RELAXED
    if status == "ALT":
        return Outcome.OTHER_PERMIT
    return Outcome.LONGER if is_longer(extra_ms) else Outcome.PERMITTED


UNSERVED: Mapping[str, Outcome] = {
    "BLOCKED": Outcome.BLOCKED,
    "DOWN": Outcome.NO_PATH,
    "UNKNOWN": Outcome.NOT_VERIFIED,
}
SERVED = ("UP", "ALT", "DEGRADED")
OF_STATUS: Mapping[str, Outcome] = {
    **{one: outcome_of(one, is_checked=True) for one in (*SERVED, *UNSERVED)},
    **{f"{one} without policies": outcome_of(one, is_checked=False) for one in SERVED},
}
"""For scripts of pages, which receive the status of a live demand."""
