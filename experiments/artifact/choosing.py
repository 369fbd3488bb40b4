"""Which runs a short check repeats: decided by what they are, so that no one picks. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from corridor.experiments.artifact.expected import ExpectedRun

SHORT_CHECK_S = 600
BUDGET_S = SHORT_CHECK_S / 2
"""What the chosen runs took where they were measured: another machine may take twice as long."""


def chosen(runs: Sequence[ExpectedRun], budget_s: float = BUDGET_S) -> list[ExpectedRun]:
    """In the order of their ids, which are hashes: first one of each condition, then others, as
    long as they fit; one at least."""
    found: list[ExpectedRun] = []
    left_s = budget_s
    for one in _by_condition(runs):
        if not found or one.took_s <= left_s:
            found.append(one)
            left_s -= one.took_s
    return found


def _by_condition(runs: Sequence[ExpectedRun]) -> list[ExpectedRun]:
    ordered = sorted(runs, key=lambda one: one.cell)
    seen: dict[str, int] = {}
    ranked = []
    for one in ordered:
        seen[one.condition] = seen.get(one.condition, 0) + 1
        ranked.append((seen[one.condition], one))
    return [one for _, one in sorted(ranked, key=lambda pair: (pair[0], pair[1].cell))]
