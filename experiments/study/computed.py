"""Answers that cells compute instead of runs, without a guest: kinds, and what a study asks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from corridor.experiments.availability.availability_answer import (
    SAMPLES,
    AvailabilityAnswer,
    availability_answer,
    check_question,
    checked_limits,
)
from corridor.experiments.availability.served import QUESTIONS
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.analysis.failure_rates import DEFAULT_CLIMATE, read_failure_rates
from corridor.topologies.base.bounded_file import is_file
from corridor.topologies.base.codec import Document
from corridor.topologies.base.documents import Document as Written
from corridor.topologies.base.documents import Plain, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.registry import Recorder, Registry
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.fields import Frozen

ASK = "ask"
"""The key of a study, and the first part of the paths in levels that change it."""
type SameUnder = Callable[[str], LoadedScenario]
"""The scenario of a cell under another policy set, by its name or file."""


class AnswerKind(NamedTuple):
    """An answer that the cells of a study compute."""

    key: str
    question: type[Frozen]
    """The keys of ``ask``. A text may name a file next to the study."""
    document: type[Document]
    """What measures are paths into."""
    check: Callable[[Any], None]
    """Raises InputError for a question that has no answer, before any cell is computed."""
    compute: Callable[[LoadedScenario, Any, int, SameUnder], Document]
    """From the scenario of a cell, its question and seed."""


class AvailabilityQuestion(Frozen):
    """What a study asks of ``corridor availability``, with the same defaults."""

    against: str | None = "none"
    climate: str = DEFAULT_CLIMATE
    rates: str | None = None
    samples: int = SAMPLES
    questions: int = QUESTIONS


def _check_availability(of: AvailabilityQuestion) -> None:
    check_question(read_failure_rates(of.rates), of.climate, of.samples)
    checked_limits(questions=of.questions)


def _availability(
    loaded: LoadedScenario, of: AvailabilityQuestion, seed: int, under: SameUnder
) -> AvailabilityAnswer:
    return availability_answer(
        loaded,
        read_failure_rates(of.rates),
        baseline=None if of.against is None else under(of.against),
        climate=of.climate,
        samples=of.samples,
        seed=seed,
        limits=checked_limits(questions=of.questions),
    )


KINDS = Registry(
    "corridor.answers",
    (
        AnswerKind(
            key="availability",
            question=AvailabilityQuestion,
            document=AvailabilityAnswer,
            check=_check_availability,
            compute=_availability,
        ),
    ),
    of=AnswerKind,
)
"""By name."""


class Asked(NamedTuple):
    """A question of one condition."""

    kind: AnswerKind
    written: Mapping[str, Plain]
    digest: str
    """Of the question with the files that it names, and of the package of its kind."""


def kind_named(name: str) -> AnswerKind:
    """Return the kind of that name.

    Raises:
        InputError: There is none.
    """
    try:
        return KINDS[name]
    except KeyError as error:
        hint = nearest(name, list(KINDS)) or f"known are {', '.join(KINDS)}"
        raise InputError(f'a study computes no "{name}"', hint) from error


def asked(computes: str, written: Mapping[str, Plain], folder: Path, file: str) -> Asked:
    """Return a question that is known to have an answer.

    Args:
        computes: The name of its kind.
        written: The keys of ``ask``, with what the levels change.
        folder: Where files that it names are.
        file: The study, for errors.

    Raises:
        InputError: A name, a file or a number is invalid.
    """
    with Recorder() as recorder:
        kind = kind_named(computes)
    kind.check(question_of(kind, written, folder, file))
    known = [computes, dict(written), _contents(written, folder), sorted(map(str, recorder.used))]
    digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
    return Asked(kind, written, digest)


def question_of(
    kind: AnswerKind, written: Mapping[str, Plain], folder: Path, file: str = ""
) -> Any:
    """Return the question, with the paths of the files that it names."""
    values: dict[str, Plain] = {
        key: str(folder / str(value)) if _is_beside(value, folder) else value
        for key, value in written.items()
    }
    return validate(Written(values, file, {}), kind.question)


def _is_beside(value: Plain, folder: Path) -> bool:
    return isinstance(value, str) and bool(value) and is_file(folder / value)


def _contents(written: Mapping[str, Plain], folder: Path) -> list[str]:
    files = [folder / str(one) for one in written.values() if _is_beside(one, folder)]
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
