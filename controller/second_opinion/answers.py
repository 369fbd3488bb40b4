"""Answers that may be unknown: True, False, or None where no one can tell."""

from __future__ import annotations

from collections.abc import Iterable

type Known = bool | None


def every(answers: Iterable[Known]) -> Known:
    """Whether all hold: one that does not decides, whatever is unknown."""
    known = list(answers)
    if False in known:
        return False
    return None if None in known else True


def some(answers: Iterable[Known]) -> Known:
    """Whether one holds: one that does decides, whatever is unknown."""
    known = list(answers)
    if True in known:
        return True
    return None if None in known else False


def opposite(answer: Known) -> Known:
    return None if answer is None else not answer
