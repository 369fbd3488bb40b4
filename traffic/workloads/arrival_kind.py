"""What the file of a kind of arrivals holds. Standard library only: agents import it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from corridor.topologies.base.options import Option, Values, nothing_wrong

_MASK = 0xFFFF_FFFF_FFFF_FFFF


class SplitMix64:
    """The generator of Steele, Lea and Flood (OOPSLA 2014): the same numbers everywhere.

    Chosen over ``random`` because agents then need not import it, and its stream is fixed by
    these few lines instead of by a library's version.
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def next(self) -> int:
        self._state = (self._state + 0x9E37_79B9_7F4A_7C15) & _MASK
        mixed = self._state
        mixed = (mixed ^ mixed >> 30) * 0xBF58_476D_1CE4_E5B9 & _MASK
        mixed = (mixed ^ mixed >> 27) * 0x94D0_49BB_1331_11EB & _MASK
        return mixed ^ mixed >> 31

    def unit(self) -> float:
        """Uniform in (0, 1], so its logarithm is finite."""
        return ((self.next() >> 11) + 1) * 2.0**-53


class ArrivalKind(NamedTuple):
    """One kind of arrivals.

    ``times(start_ns, interval_ns, count, numbers, options)`` gives ``count`` send times in
    nanoseconds, none before ``start_ns`` and none before the one it follows; ``interval_ns`` is
    the mean gap that is asked for, and ``numbers`` the demand's own random numbers.
    """

    key: str
    words: str
    """What it does, for people: a phrase for a table."""
    example: str
    """As YAML writes it after ``arrival:``."""
    times: Callable[[int, int, int, SplitMix64, Values], Sequence[int]]
    options: Mapping[str, Option] = {}
    draws: bool = True
    """Whether it uses random numbers; if not, demands start spread over an interval."""
    problem: Callable[[Values], str] = nothing_wrong
    """What is wrong with options that are right one by one; empty if nothing."""
