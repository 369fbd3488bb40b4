"""The line that says that an answer is about a day past the last review of the law."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corridor.experiments.scenario.scenario import LoadedScenario


def warn(text: str) -> None:
    """To standard error, so that what is printed stays what was asked for."""
    if text:
        print(text, file=sys.stderr, flush=True)


def warn_of(loaded: LoadedScenario) -> None:
    """Where the policies of a scenario cite rules of law and its day is past their review."""
    from corridor.controller.policy.law import load_law
    from corridor.controller.policy.law_calendar import warning_of

    warn(warning_of(loaded.policies, load_law(), loaded.as_of))
