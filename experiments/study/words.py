"""What a study comes to, in sentences. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from corridor.experiments.study.answer_blanks import BLANK, Blank, blanks, entry_named
from corridor.experiments.study.answers import (
    Answers,
    ComparisonAnswer,
    ExpectationAnswer,
    RunValues,
)
from corridor.experiments.study.intervals import Difference, Estimate
from corridor.experiments.study.matrix import Levels, matches
from corridor.experiments.study.study_file import StudyFile, described
from corridor.experiments.study.tables import bounds, figure

# The sentence that answers a study, with what it came to in its blanks.


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
    is_one_answer = bool(study.computes) and study.repetitions == 1
    if found.is_same or is_one_answer or _looks_the_same(found):
        return said
    return f"{said} (95 %: {bounds(within)})" if within else f"{said} (no interval)"


def _looks_the_same(found: Estimate | Difference) -> bool:
    """Whether all runs have one value, to the digits that are shown."""
    if isinstance(found, Difference):
        return False
    return found.runs > 1 and figure(found.least) == figure(found.most)


MOST_NAMED = 5
SAVES = 1.1
"""Times as narrow; less is nothing."""


def sentences(study: StudyFile, answers: Answers) -> Iterator[str]:
    """The question and its answer first, then differences, what was expected, what is left out."""
    if study.question:
        yield study.question
    if study.answer:
        yield answer_of(study, answers)
    yield from differences(study, answers)
    for wanted in answers.expectations:
        yield _expected(wanted)
    yield from _left_out(answers.left_out)
    for none in answers.unresolved:
        runs = "1 run" if none.runs == 1 else f"{none.runs} runs"
        yield f"{none.measure} has no value in {runs}: {none.why}."
    yield from _unexpected(answers.unexpected)


def differences(study: StudyFile, answers: Answers) -> Iterator[str]:
    """What each comparison gave, a sentence each."""
    for one in answers.comparisons:
        yield _compared(study, one)


def _compared(study: StudyFile, one: ComparisonAnswer) -> str:
    measure = next(each for each in study.measures if each.id == one.measure)
    where = f" ({described(one.levels)})" if one.levels else ""
    what = f"{measure.name}, {one.one} to {one.other}{where}"
    found = one.difference
    if found is None:
        return f"{what}: unknown, because no seed has a run of each."
    unit = f" {measure.shown_unit}" if measure.shown_unit else ""
    seeds = f"{found.blocks} seed{'' if found.blocks == 1 else 's'}"
    if found.is_same:
        same = f"{_signed(found.mean)}{unit}" if found.mean else "no difference"
        return f"{what}: {same} with each of {seeds}."
    if found.within is None:
        return f"{what}: {_signed(found.mean)}{unit} ({seeds}: too few for an interval)."
    said = f"{_signed(found.mean)}{unit} (95 %: {bounds(found.within)}; {seeds}{_saved(found)})"
    if found.within.holds(0):
        return f"{what}: {said}; the difference may be 0."
    return f"{what}: {said}."


def _saved(found: Difference) -> str:
    """What it saves that both conditions have the same seeds."""
    if found.narrower is None:
        return ""
    if found.narrower < SAVES:
        return ", interval not narrower than with independent seeds"
    return f", interval {figure(found.narrower, 2)} times narrower than with independent seeds"


def _signed(value: float) -> str:
    return f"+{figure(value)}" if value > 0 else figure(value)


def _expected(one: ExpectationAnswer) -> str:
    verdict = {True: "met", False: "not met", None: "undecided"}[one.holds]
    where = f" ({described(one.where)})" if one.where else ""
    return (
        f"Expectation {verdict}: {one.of} of {one.measure} {one.wanted}{where}; found {one.found}."
    )


def _left_out(cells: Sequence[RunValues]) -> Iterator[str]:
    counts = Counter(one.state for one in cells)
    words = {
        "missing": "not run yet",
        "failed": "failed",
        "invalid": "invalid, and not used",
    }
    for state, count in counts.items():
        named = [_named(one.levels, one.repetition) for one in cells if one.state == state]
        more = f", and {count - MOST_NAMED} more" if count > MOST_NAMED else ""
        why = next((f" ({one.message})" for one in cells if one.state == state and one.message), "")
        cell = "cell is" if count == 1 else "cells are"
        verb = words[state] if state != "failed" else "without results"
        yield f"{count} {cell} {verb}{why}: {'; '.join(named[:MOST_NAMED])}{more}."


def _unexpected(cells: Sequence[RunValues]) -> Iterator[str]:
    if cells:
        first = cells[0]
        runs = "1 run" if len(cells) == 1 else f"{len(cells)} runs"
        yield (
            f"Warning: {runs} measured values outside their own expectation. The first is "
            f"{_named(first.levels, first.repetition)}: {first.unexpected[0]}."
        )


def _named(levels: Levels, repetition: int) -> str:
    return f"{described(levels)}, seed {repetition + 1}"


def failed(answers: Answers) -> bool:
    """Whether an expectation does not hold, or is unknown: a study that is a test fails."""
    return any(one.holds is not True for one in answers.expectations)
