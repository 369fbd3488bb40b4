"""When to look for cycles of values that no one holds."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

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
