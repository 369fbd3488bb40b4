"""All plans that no other plan is better than, by two or more measures; exact. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from corridor.experiments.expansion.measures import LARGE, Measures
from corridor.experiments.expansion.plan_documents import Measure, ParetoPlan

DIGITS = 6
"""Values that are equal to so many places are equal."""


def pareto_plans(measures: Measures, by: Sequence[Measure]) -> tuple[ParetoPlan, ...]:
    """Return the plans within the limits that are not dominated, by the first measure.

    Args:
        measures: Of the candidates.
        by: Two measures or more.

    Raises:
        InputError: There are too many sets of candidates to compare one by one.
    """
    sets = measures.sets(by)
    values = {one: tuple(round(measures.of(name, one), DIGITS) for name in by) for one in sets}
    counts = Counter(values.values())
    kept: dict[tuple[float, ...], tuple[str, ...]] = {}
    for one in sorted(sets, key=lambda names: (values[names], len(names), names)):
        mine = values[one]
        if not any(all(a <= b for a, b in zip(other, mine, strict=True)) for other in kept):
            kept[mine] = one
    return tuple(
        ParetoPlan(
            ids=names,
            values={
                name: -value + 0.0 if name in LARGE else value
                for name, value in zip(by, mine, strict=True)
            },
            equals=counts[mine] - 1,
        )
        for mine, names in kept.items()
    )
