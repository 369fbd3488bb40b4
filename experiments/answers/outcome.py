"""The outcome of a demand under a policy set, and what a set does not cover: one vocabulary for all
faces. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Self

from corridor.topologies.base.words import counted, is_longer

if TYPE_CHECKING:
    from corridor.experiments.scenario.demands import Demand
    from corridor.experiments.scenario.scenario import LoadedScenario


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


# Text on what a policy set does not cover: demands that are served all the same, and days past
# the last review of the law.

NOT_JUDGED = Outcome.NOT_COVERED.word


def with_coverage(status: str, not_judged: Sequence[str]) -> str:
    """A status, with what of it rests on no law: ``UP, not covered``, ``UP, reverse demand
    not covered``."""
    if not not_judged:
        return status
    whose = "" if "data" in not_judged else "reverse demand "
    return f"{status}, {whose}{NOT_JUDGED}"


def statuses_counted(of: Iterable[tuple[str, Sequence[str]]]) -> str:
    """How many demands have each status; demands not covered, in a direction, count separately:
    ``30 UP, 24 not covered, 8 BLOCKED``."""
    counts = Counter(NOT_JUDGED if unjudged else status for status, unjudged in of)
    order = ("UP", "ALT", NOT_JUDGED, "BLOCKED", "DOWN")
    return ", ".join(f"{counts[name]} {name}" for name in order if counts[name])


def not_judged_line(policies: str, of: Iterable[tuple[str, Sequence[str]]]) -> str:
    """What a proof covers of demands that policies do not cover; empty if there are none."""
    names = [name for name, unjudged in of if unjudged]
    if not names:
        return ""
    they, paths = ("It is", "a path") if len(names) == 1 else ("They are", "paths")
    return (
        f"not covered by {policies}, in one or both directions: {counted(len(names), 'demand')}. "
        f"{they} served on {paths} that no rule of the set forbids. Verification treats such paths "
        "as permitted; this is not a statement about law."
    )


def unclassified_line(not_judged: Iterable[Demand]) -> str:
    """How many of these demands state no data class; empty if all do."""
    from corridor.controller.policy.model import UNCLASSIFIED

    count = sum(demand.data == UNCLASSIFIED for demand in not_judged)
    if not count:
        return ""
    states = "states" if count == 1 else "state"
    return (
        f"{counted(count, 'demand')} {states} no data class, and no rule covers such data: "
        'add "data" (corridor law classify names the class)'
    )


# The line that says that an answer is about a day past the last review of the law.


def warning_of(loaded: LoadedScenario) -> str:
    """A line where the policies of a scenario cite rules of law and its day is past their review;
    else an empty text."""
    from corridor.controller.policy import law_calendar
    from corridor.controller.policy.law import load_law

    return law_calendar.warning_of(loaded.policies, load_law(), loaded.as_of)
