"""Systems of lines that work or fail, and their sets of states as binary decision diagrams. Pure.

Lines are the bits of an int. Parts fail independently, and a part takes one or several lines down.
An event has hits: while it lasts, it takes down the lines of each hit with the probability of that
hit. Diagrams are reduced and ordered; they give the probabilities of sets of states.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corridor.topologies.base.arrays import Floats

type Combine = Callable[[int, int], int]
NONE, ALL = 0, 1
"""The diagrams of the empty set and of all states."""
MOST_VALUES = 4_000_000
"""Of nodes times samples that are computed at a time: 32 MB."""


class TooManyNodes(Exception):
    """Diagrams need more nodes than they may have."""


class _Operation(NamedTuple):
    """An operation on two sets."""

    name: str
    at_once: Callable[[int, int], int | None]
    """Its result if that needs no look into the sets, of a symmetric one with ``a <= b``."""
    is_symmetric: bool


def _both(a: int, b: int) -> int | None:
    if a in (NONE, b):
        return a
    return b if a == ALL else None


def _either(a: int, b: int) -> int | None:
    if a in (NONE, b):
        return b
    return a if a == ALL else None


def _without(a: int, b: int) -> int | None:
    if a == NONE or b == NONE:
        return a
    return NONE if b in (a, ALL) else None


_BOTH = _Operation("both", _both, is_symmetric=True)
_EITHER = _Operation("either", _either, is_symmetric=True)
_WITHOUT = _Operation("without", _without, is_symmetric=False)


class Diagrams:
    """Diagrams over the same variables. A diagram is the number of its first node."""

    def __init__(self, variables: int) -> None:
        self.variable = [variables, variables]
        self.up = [NONE, ALL]
        self.down = [NONE, ALL]
        self.most: int | None = None
        """Nodes, at most: beyond it, operations raise TooManyNodes."""
        self._nodes: dict[tuple[int, int, int], int] = {}
        self._known: dict[str, dict[tuple[int, int], int]] = {
            one.name: {} for one in (_BOTH, _EITHER, _WITHOUT)
        }

    def is_down(self, variable: int) -> int:
        """Return all states in which a variable is down."""
        return self._node(variable, NONE, ALL)

    def both(self, a: int, b: int) -> int:
        """Return the states of both sets."""
        return self._combined(_BOTH, a, b)

    def either(self, a: int, b: int) -> int:
        """Return the states of either set."""
        return self._combined(_EITHER, a, b)

    def without(self, a: int, b: int) -> int:
        """Return the states of ``a`` that are not in ``b``."""
        return self._combined(_WITHOUT, a, b)

    def all_of(self, each: Iterable[int]) -> int:
        """Return the states of all sets."""
        return self._by_pairs(self.both, each, ALL)

    def any_of(self, each: Iterable[int]) -> int:
        """Return the states of any set."""
        return self._by_pairs(self.either, each, NONE)

    def _by_pairs(self, combine: Combine, each: Iterable[int], of_none: int) -> int:
        """Combine neighbours first: their diagrams are small for longer."""
        left = sorted(each, key=lambda one: (-self.variable[one], one))
        while len(left) > 1:
            odd = left[len(left) & ~1 :]
            left = [combine(a, b) for a, b in zip(left[::2], left[1::2], strict=False)] + odd
        return left[0] if left else of_none

    def _combined(self, of: _Operation, a: int, b: int) -> int:
        """Combine two diagrams. Pairs wait in a list: a diagram is as deep as it has variables, so
        calls of a call would end at the limit of Python's stack."""
        known, at_once, waiting = self._known[of.name], of.at_once, list[tuple[int, int]]()

        def result(a: int, b: int) -> int | None:
            if of.is_symmetric and a > b:
                a, b = b, a
            found = at_once(a, b)
            if found is None:
                found = known.get((a, b))
                if found is None:
                    waiting.append((a, b))
            return found

        found = result(a, b)
        while waiting:
            a, b = pair = waiting[-1]
            of_a, of_b = self.variable[a], self.variable[b]
            a_up, a_down = (self.up[a], self.down[a]) if of_a <= of_b else (a, a)
            b_up, b_down = (self.up[b], self.down[b]) if of_b <= of_a else (b, b)
            # What is added last is combined first.
            down, up = result(a_down, b_down), result(a_up, b_up)
            if up is not None and down is not None:
                found = known[pair] = self._node(min(of_a, of_b), up, down)
                waiting.pop()
        assert found is not None  # the first pair is combined last
        return found

    def _node(self, variable: int, up: int, down: int) -> int:
        if up == down:
            return up
        key = (variable, up, down)
        found = self._nodes.get(key)
        if found is None:
            if self.most is not None and len(self.variable) >= self.most:
                raise TooManyNodes
            found = self._nodes[key] = len(self.variable)
            self.variable.append(variable)
            self.up.append(up)
            self.down.append(down)
        return found

    def nodes(self, diagram: int) -> list[int]:
        """Return its nodes, each behind those that it leads to."""
        seen, waiting = set[int](), [diagram]
        while waiting:
            node = waiting.pop()
            if node > ALL and node not in seen:
                seen.add(node)
                waiting += (self.up[node], self.down[node])
        # A node is made after those that it leads to.
        return sorted(seen)

    def values(self, diagram: int, unavailable: Sequence[float]) -> dict[int, float]:
        """Return by node the probability of its states, by those that variables are down."""
        values = {NONE: 0.0, ALL: 1.0}
        for node in self.nodes(diagram):
            q = unavailable[self.variable[node]]
            values[node] = (1 - q) * values[self.up[node]] + q * values[self.down[node]]
        return values

    def kept(self, diagram: int) -> Diagram:
        """Return the nodes of one diagram as arrays."""
        nodes = sorted(self.nodes(diagram), key=lambda node: -self.variable[node])
        number = {NONE: NONE, ALL: ALL} | {node: at for at, node in enumerate(nodes, ALL + 1)}
        return Diagram(
            np.array([self.variable[node] for node in nodes], int),
            np.array([number[self.up[node]] for node in nodes], int),
            np.array([number[self.down[node]] for node in nodes], int),
            number[diagram],
        )


@dataclass(frozen=True)
class Diagram:
    """A set of states. Nodes are numbered from 2 on, each behind those that it leads to."""

    variable: npt.NDArray[np.int64]
    """By node, the last variable first."""
    up: npt.NDArray[np.int64]
    """By node, the number of the next one if the variable is up."""
    down: npt.NDArray[np.int64]
    first: int

    def probability(self, unavailable: Floats) -> Floats:
        """Return the probability by sample; ``unavailable``: a row a variable, a column a
        sample."""
        return np.concatenate([self._values(q)[self.first] for q in self._chunks(unavailable)])

    def derivative(self, unavailable: Floats) -> Floats:
        """Return by variable and sample how much that probability rises with the variable's."""
        return np.concatenate([self._derivative(q) for q in self._chunks(unavailable)], axis=1)

    def _chunks(self, unavailable: Floats) -> list[Floats]:
        samples = unavailable.shape[1]
        width = max(1, MOST_VALUES // (len(self.variable) + 2))
        return [unavailable[:, at : at + width] for at in range(0, samples, width)]

    def _levels(self) -> list[slice]:
        """Nodes by variable, the last variable first."""
        starts = [0, *(np.flatnonzero(np.diff(self.variable)) + 1), len(self.variable)]
        return [slice(a, z) for a, z in pairwise(starts) if a < z]

    def _values(self, unavailable: Floats) -> Floats:
        values = np.zeros((len(self.variable) + 2, unavailable.shape[1]))
        values[ALL] = 1
        for level in self._levels():
            q = unavailable[self.variable[level.start]]
            found = (1 - q) * values[self.up[level]] + q * values[self.down[level]]
            values[level.start + 2 : level.stop + 2] = found
        return values

    def _derivative(self, unavailable: Floats) -> Floats:
        values, found = self._values(unavailable), np.zeros_like(unavailable)
        reached = np.zeros_like(values)
        reached[self.first] = 1
        for level in reversed(self._levels()):
            variable = self.variable[level.start]
            q, weight = unavailable[variable], reached[level.start + 2 : level.stop + 2]
            up, down = self.up[level], self.down[level]
            found[variable] = (weight * (values[down] - values[up])).sum(axis=0)
            np.add.at(reached, up, weight * (1 - q))
            np.add.at(reached, down, weight * q)
        return found


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
