"""What a table or a figure of the study's own choice shows of its answers. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from corridor.experiments.study.answers import Answers
from corridor.experiments.study.matrix import matches
from corridor.experiments.study.study_file import ShownEntry, named


def chosen(found: Answers, entry: ShownEntry, measures: Sequence[str]) -> Answers:
    """Only of some ``measures`` (all if there are none), in these conditions and comparisons."""
    where = named(entry.where)

    def shows(measure: str) -> bool:
        return not measures or measure in measures

    return found._replace(
        conditions=[
            one for one in found.conditions if shows(one.measure) and matches(one.levels, where)
        ],
        comparisons=[
            one
            for one in found.comparisons
            if shows(one.measure)
            and matches(one.levels, where)
            and (not entry.compare or one.id in entry.compare)
        ],
    )
