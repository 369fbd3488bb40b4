"""What another tool has answered, in addition to what our prover says: where they agree, and what
of it is a breach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from corridor.topologies.base.errors import InputError

type Outcome = Literal["agree", "undecided", "differ", "not answered"]
OUTCOMES: tuple[Outcome, ...] = ("agree", "undecided", "differ", "not answered")
"""``undecided``: the other tool reports that it cannot decide."""


@dataclass(frozen=True)
class Compared:
    """One question, and both answers."""

    query: str
    kind: str
    demand: str
    k: int
    claims: tuple[str, ...]
    where_claims_hold: bool | None
    ours: bool
    theirs: bool | Literal["not answered"] | None

    @property
    def outcome(self) -> Outcome:
        if self.theirs is None:
            return "undecided"
        if self.theirs == "not answered":
            return "not answered"
        return "agree" if self.theirs == self.ours else "differ"

    @property
    def is_breach(self) -> bool:
        """Whether both find what may not be where claims hold."""
        agreed = self.outcome == "agree"
        return agreed and self.where_claims_hold is not None and self.ours != self.where_claims_hold


@dataclass(frozen=True)
class Comparison:
    """All questions of an export."""

    answers: tuple[Compared, ...]

    @cached_property
    def counts(self) -> Mapping[str, Counter[Outcome]]:
        """By the kind of question."""
        found: dict[str, Counter[Outcome]] = {}
        for one in self.answers:
            found.setdefault(one.kind, Counter())[one.outcome] += 1
        return found

    @property
    def total(self) -> Counter[Outcome]:
        return sum(self.counts.values(), Counter())

    def having(self, outcome: Outcome) -> tuple[Compared, ...]:
        return tuple(one for one in self.answers if one.outcome == outcome)

    @property
    def breaches(self) -> tuple[Compared, ...]:
        """Each with the fewest failures that both find it under."""
        found: dict[tuple[str, str], Compared] = {}
        for one in self.answers:
            if one.is_breach:
                found.setdefault((one.kind, one.demand), one)
        return tuple(found.values())


def compare(expected: Any, said: Iterable[Any], file: str) -> Comparison:
    """The questions of ``expected.json``, by what ``said`` documents of AalWiNes answer.

    Raises InputError, which names ``file``, for an ``expected`` that is none.
    """
    theirs = dict(_answers(said))
    try:
        answers = tuple(
            Compared(
                one["query"],
                one["kind"],
                one["demand"],
                one["k"],
                tuple(one["claims"]),
                one["where_claims_hold"],
                one["by_our_prover"],
                theirs.get(one["query"], "not answered"),
            )
            for one in expected["questions"]
        )
    except (KeyError, TypeError) as problem:
        why = f"is not what an export to aalwines expects: {problem!r}"
        raise InputError(why, "export again", file=file) from None
    return Comparison(answers)


def _answers(said: Iterable[Any]) -> Iterable[tuple[str, bool | None]]:
    """What is not understood is not an answer."""
    for document in said:
        answers = document.get("answers") if isinstance(document, dict) else None
        for one in answers.values() if isinstance(answers, dict) else ():
            if isinstance(one, dict) and isinstance(one.get("query"), str) and "result" in one:
                result = one["result"]
                yield one["query"], result if isinstance(result, bool) else None
