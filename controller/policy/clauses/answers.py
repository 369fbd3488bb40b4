"""Three answers to a question: yes, no, not known.

The policies and the law share one principle: *what is not known never helps*. A permit or an
exemption needs ``True``; a restriction takes anything but ``False``. The connectives are
Kleene's strong three-valued logic (S. C. Kleene, Introduction to Metamathematics, 1952, 64).
"""

from __future__ import annotations

from collections.abc import Iterable

type Answer = bool | None
"""``None``: not known."""


def every(answers: Iterable[Answer]) -> Answer:
    """No if one is no; else not known if one is not known; else yes."""
    known = list(answers)
    if False in known:
        return False
    return None if None in known else True


def some(answers: Iterable[Answer]) -> Answer:
    """Yes if one is yes; else not known if one is not known; else no."""
    return negation(every(negation(answer) for answer in answers))


def negation(answer: Answer) -> Answer:
    return None if answer is None else not answer
