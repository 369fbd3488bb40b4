"""Text on what a policy set does not cover: demands that are served all the same, and days past the
last review of the law. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from corridor.experiments.answers.outcome import Outcome
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.experiments.scenario.demands import Demand
    from corridor.experiments.scenario.scenario import LoadedScenario


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
