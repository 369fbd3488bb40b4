"""Answers of pure functions, so that what was just computed is not computed again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any

_EVERYTHING: list[deque[tuple[Any, Any]]] = []


def forget() -> None:
    """All answers of all functions: after what they call has been changed, as tests do."""
    for known in _EVERYTHING:
        known.clear()


def remembered[**P, R](most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The last answers of a function, by equal arguments, which need not be hashable."""

    def remembering(function: Callable[P, R]) -> Callable[P, R]:
        known: deque[tuple[object, R]] = deque(maxlen=most)
        _EVERYTHING.append(known)

        @wraps(function)
        def answered(*args: P.args, **kwargs: P.kwargs) -> R:
            asked = (args, kwargs)
            for before, answer in tuple(known):
                if before == asked:
                    return answer
            answer = function(*args, **kwargs)
            known.append((asked, answer))
            return answer

        return answered

    return remembering
