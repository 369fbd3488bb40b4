"""Text on demands that are served though a policy set does not cover them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from corridor.experiments.answers.outcome import Outcome

NOT_JUDGED = Outcome.NOT_COVERED.word


def marked(status: str, not_judged: Sequence[str]) -> str:
    """A status, with what of it rests on no law: ``UP, not covered``, ``UP, reverse demand
    not covered``."""
    if not not_judged:
        return status
    whose = "" if "data" in not_judged else "reverse demand "
    return f"{status}, {whose}{NOT_JUDGED}"


def counted(of: Iterable[tuple[str, Sequence[str]]]) -> str:
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
        f"not covered by {policies}: {len(names)} (either direction). {they} served on {paths} "
        "that no rule of the set forbids. Verification treats this as permitted; it is not a "
        "statement about law."
    )
