"""Progress of long work, for functions that asked to receive it. Standard library only.

Work counts what it goes through with ``counting``, wherever it is; ``told`` says for the time of a
``with`` block who is told. While no one is, counting costs nothing and reads no clock.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar

type Tell = Callable[[str], None]

_TOLD: ContextVar[Tell | None] = ContextVar("told", default=None)


@contextlib.contextmanager
def told(tell: Tell) -> Iterator[None]:
    """``tell`` takes how far it is, as often as something is done: often."""
    before = _TOLD.set(tell)
    try:
        yield
    finally:
        _TOLD.reset(before)


def counting[Thing](things: Sequence[Thing], done: str) -> Iterator[Thing]:
    """The things, one after another. Progress is reported before each: ``1,200 of 8,000 paths
    planned``; before the first, which may take long, that it is in progress. After the last, all
    are counted."""
    tell = _TOLD.get()
    if tell is None:
        return iter(things)
    return _told_of(things, done, tell)


def _told_of[Thing](things: Sequence[Thing], done: str, tell: Tell) -> Iterator[Thing]:
    for number, thing in enumerate(things):
        first = "" if number else ", the first in progress"
        tell(f"{number:,} of {len(things):,} {done}{first}")
        yield thing
    if things:
        tell(f"{len(things):,} of {len(things):,} {done}")
