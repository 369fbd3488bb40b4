"""What a study's answer leaves blank: names of measures and comparisons in braces. Pure.

``{rtt where law none}`` is the mean of a measure in the one condition with these levels,
``{of-law.rtt where line clean}`` the mean difference of a comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from corridor.experiments.study.matrix import Levels, matches
from corridor.experiments.study.study_file import CompareEntry, StudyFile, named
from corridor.topologies.base.suggestions import nearest

WHERE = " where "
BLANK = re.compile(r"\{(?P<inside>[^{}]*)\}")


class Blank(NamedTuple):
    text: str
    compare: CompareEntry | None
    measure: str
    where: Levels


def check_answer(study: StudyFile, combinations: Sequence[Levels]) -> None:
    """Raises ValueError for what names nothing, or more than one condition."""
    if set("{}") & set(BLANK.sub("", study.answer)):
        raise ValueError("a brace has no other: write {MEASURE} or {COMPARISON.MEASURE}")
    for blank in blanks(study):
        found = sum(_is_of(blank, levels) for levels in combinations)
        if found != 1:
            none = f"{found} conditions" if found else "no condition"
            raise ValueError(
                f"{{{blank.text}}} is of {none}: write {{... where AXIS LEVEL, AXIS LEVEL}}"
            )


def blanks(study: StudyFile) -> Iterator[Blank]:
    for found in BLANK.finditer(study.answer):
        name, _, where = found["inside"].partition(WHERE)
        *before, measure = name.strip().split(".")
        compare = entry_named(before[0], study.compare, "comparison") if before else None
        entry_named(measure, study.measures, "measure")
        if compare is not None and compare.measures and measure not in compare.measures:
            raise ValueError(f'"{compare.id}" does not compare "{measure}"')
        yield Blank(found["inside"], compare, measure, _levels(study, where))


def entry_named[Entry](name: str, entries: Sequence[Entry], of: str) -> Entry:
    by_name = {str(getattr(entry, "id", "")): entry for entry in entries}
    if name not in by_name:
        hint = nearest(name, by_name) or f"there are {', '.join(by_name) or 'none'}"
        raise ValueError(f'no {of} is called "{name}": {hint}')
    return by_name[name]


def _levels(study: StudyFile, where: str) -> Levels:
    found = {}
    for part in filter(None, map(str.strip, where.split(","))):
        axis = next((one for one in study.axes if part.startswith(f"{one} ")), None)
        level = "" if axis is None else part.removeprefix(axis).strip()
        if axis is None or level not in study.axes[axis]:
            raise ValueError(f'"{part}" is not an axis with one of its levels')
        found[axis] = level
    return found


def _is_of(blank: Blank, levels: Levels) -> bool:
    wanted = blank.where
    if blank.compare is not None:
        of = blank.compare
        wanted = {**wanted, **named(of.where), of.axis: of.one}
    return matches(levels, wanted)
