"""Keeps answers of pure functions in memory, tells when to look there for cycles of values, and how
a guest's kernel maps memory."""

from __future__ import annotations

import contextlib
import gc
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from inspect import signature
from pathlib import Path
from typing import Any

SHORT = 1 << 10
"""Octets. Answers about longer ones are not kept, so that no sender of such fills the memory."""

_EVERYTHING: list[deque[tuple[Any, Any]]] = []


def forget() -> None:
    """All answers of all functions: after what they call has been changed, as tests do."""
    for known in _EVERYTHING:
        known.clear()


def remembered[**P, R](
    most: int, *, helping: frozenset[str] = frozenset()
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The last answers of a function, by equal arguments, which need not be hashable.

    Keyword arguments by the names ``helping`` do not count: the answer is the same with any of
    them. Raises TypeError where the function has no keyword argument of such a name.
    """

    def remembering(function: Callable[P, R]) -> Callable[P, R]:
        named = signature(function).parameters if helping else {}
        known_names = {one.name for one in named.values() if one.kind is one.KEYWORD_ONLY}
        if unknown := sorted(helping - known_names):
            name = getattr(function, "__name__", function)
            raise TypeError(f"{name} has no keyword-only argument {', '.join(unknown)}")
        known: deque[tuple[object, R]] = deque(maxlen=most)
        _EVERYTHING.append(known)

        @wraps(function)
        def answered(*args: P.args, **kwargs: P.kwargs) -> R:
            counted = {name: value for name, value in kwargs.items() if name not in helping}
            asked = (args, counted)
            for before, answer in tuple(known):
                if before == asked:
                    return answer
            answer = function(*args, **kwargs)
            known.append((asked, answer))
            return answer

        return answered

    return remembering


def remembered_if_short[*Ts, R](
    most: int,
) -> Callable[[Callable[[*Ts, bytes], R]], Callable[[*Ts, bytes], R]]:
    """The answers of a function whose last argument is octets, if at most ``SHORT`` of them."""

    def remembering(function: Callable[[*Ts, bytes], R]) -> Callable[[*Ts, bytes], R]:
        known = lru_cache(maxsize=most)(function)

        @wraps(function)
        def answered(*args: *tuple[*Ts, bytes]) -> R:
            octets: bytes = args[-1]
            return known(*args) if len(octets) <= SHORT else function(*args)

        return answered

    return remembering


_CPUINFO = Path("/proc/cpuinfo")
_MCL_FUTURE = 2
"""Of mlockall(2)."""


def map_when_reserved() -> None:
    """Have the kernel of a guest map memory when it is reserved, not page by page on first use.

    A page costs User Mode Linux 7 us so, and 40 us by a fault. A thread's stack is mapped as a
    whole, so this is for processes with few threads. Does nothing elsewhere, where faults are cheap
    and locked memory cannot be swapped.
    """
    if "User Mode Linux" in _CPUINFO.read_text():
        import ctypes

        # where it is refused, pages are mapped one by one
        ctypes.CDLL(None).mlockall(_MCL_FUTURE)


SEARCHED_EVERY = 64
"""How often ``Settled`` exempts values until all are searched for cycles once."""


@contextlib.contextmanager
def collecting_later() -> Iterator[None]:
    """For work that makes many values and no cycles: to look for some takes a third of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Settled:
    """For a process that makes many values, keeps them, and makes few cycles of them.

    Each call exempts all values that there are from the search for cycles, which would look through
    them again and again. That takes as long as to verify a cut of one fibre, and finds next to
    nothing. Cycles among them stay until ``SEARCHED_EVERY`` calls have been made.
    """

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self) -> None:
        self._calls += 1
        if self._calls % SEARCHED_EVERY == 0:
            gc.unfreeze()
            gc.collect()
        gc.freeze()
