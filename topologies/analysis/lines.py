"""Parts that take lines down, and systems of lines that work or fail. Pure.

Lines are the bits of an int. Parts fail independently, and a part takes one or several lines down.
An event has hits: while it lasts, it takes down the lines of each hit with the probability of that
hit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]


class Verdict(NamedTuple):
    """The answer of a system to some lines being down."""

    works: bool
    relies_on: int
    """Lines that are up and must stay so for this answer; none if it fails whatever else does."""


type System = Callable[[int], Verdict]
"""What a system does while a set of lines is down. Its answer must be the same for all sets that
contain these and nothing that it relies on."""


class Hit(NamedTuple):
    """What an event takes down with the probability of the hit."""

    event: int
    hit: int
    lines: int


@dataclass(frozen=True)
class Parts:
    """Parts by number, with the lines that they take down."""

    alone: tuple[int, ...]
    """By part, the lines that its failure takes down; none of an event and of its hits."""
    hits: tuple[Hit, ...] = ()

    @cached_property
    def events(self) -> tuple[int, ...]:
        """Parts that have hits."""
        return tuple(dict.fromkeys(one.event for one in self.hits))

    @cached_property
    def counted(self) -> tuple[int, ...]:
        """Parts that are failures: all but hits."""
        hits = {one.hit for one in self.hits}
        return tuple(part for part in range(len(self.alone)) if part not in hits)


def bits(number: int) -> Iterator[int]:
    """Yield the positions of the bits that are set, the lowest first."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def at_most_failed(unavailable: Iterable[float], most: int) -> float:
    """Return the probability that at most ``most`` independent parts have failed."""
    counts = [1.0] + [0.0] * most
    for one in unavailable:
        for count in range(most, -1, -1):
            before = counts[count - 1] if count else 0.0
            counts[count] = counts[count] * (1 - one) + before * one
    return math.fsum(counts)
