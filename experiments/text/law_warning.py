"""The line that says that an answer is about a day past the last review of the law. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corridor.experiments.scenario.scenario import LoadedScenario


def warning_of(loaded: LoadedScenario) -> str:
    """A line where the policies of a scenario cite rules of law and its day is past their review;
    else an empty text."""
    from corridor.controller.policy import law_calendar
    from corridor.controller.policy.law import load_law

    return law_calendar.warning_of(loaded.policies, load_law(), loaded.as_of)
