"""The sentence that answers a study, with what it came to in its blanks. Pure."""

from __future__ import annotations

from corridor.experiments.study.answer_blanks import BLANK, Blank, blanks, entry_named
from corridor.experiments.study.answers import Answers
from corridor.experiments.study.intervals import Difference, Estimate
from corridor.experiments.study.matrix import matches
from corridor.experiments.study.study_file import StudyFile
from corridor.experiments.study.tables import bounds, figure


def answer_of(study: StudyFile, answers: Answers) -> str:
    """Empty where the study has no such sentence."""
    values = {blank.text: _value(study, answers, blank) for blank in blanks(study)}
    said = BLANK.sub(lambda found: values[found["inside"]], study.answer)
    return " ".join(said.split())


def _value(study: StudyFile, answers: Answers, blank: Blank) -> str:
    measure = entry_named(blank.measure, study.measures, "measure")
    unit = f" {measure.shown_unit}" if measure.shown_unit else ""
    found: Estimate | Difference | None
    if blank.compare is None:
        of = (
            one.estimate
            for one in answers.conditions
            if one.measure == blank.measure and matches(one.levels, blank.where)
        )
        found = next(of, None)
        within = None if found is None else found.mean_within
        sign = ""
    else:
        differences = (
            one.difference
            for one in answers.comparisons
            if (one.id, one.measure) == (blank.compare.id, blank.measure)
            and matches(one.levels, blank.where)
        )
        found = next(differences, None)
        within = None if found is None else found.within
        sign = "+" if found is not None and found.mean > 0 else ""
    if found is None:
        return "(no run)"
    said = f"{sign}{figure(found.mean)}{unit}"
    if found.is_same or _looks_the_same(found):
        return said
    return f"{said} (95 %: {bounds(within)})" if within else f"{said} (no interval)"


def _looks_the_same(found: Estimate | Difference) -> bool:
    """Whether all runs have one value, to the digits that are shown."""
    if isinstance(found, Difference):
        return False
    return found.runs > 1 and figure(found.least) == figure(found.most)
