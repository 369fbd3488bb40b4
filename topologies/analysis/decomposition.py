"""The probability that a system works while its lines fail, not independently: exact bounds. Pure.

Dotson and Gobien (IEEE Trans. Circuits and Systems 26, 1979): ask whether the system works while no
undecided line is down. If it does, it works as long as the lines that it relies on are up. Each of
these lines down, and all before it up, is a disjoint case to ask about next. Cases of
high probability come first, so that the bounds close early.

Lines are the bits of an int. Parts fail independently, and a part takes one or several lines down.
Lines that share parts form a cluster. An event has hits: while it lasts, it takes down the lines of
each hit with the probability of that hit. So clusters are independent while it is known which
events last. Within a cluster, inclusion and exclusion gives the probability that some lines are up
and others are down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
LEAST = 1e-300
"""Below this, a probability is taken as this, so that it has a logarithm."""
NEGLIGIBLE = 1e-15
"""Below this, a case is rounding error."""


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

    @cached_property
    def clusters(self) -> tuple[int, ...]:
        """Sets of lines that share parts or hits, those of the lowest line first."""
        found: list[int] = []
        for lines in (*self.alone, *(one.lines for one in self.hits)):
            joined, others = lines, []
            for one in found:
                if one & joined:
                    joined |= one
                else:
                    others.append(one)
            found = [*others, joined] if joined else found
        return tuple(sorted(found, key=lambda lines: lines & -lines))

    @cached_property
    def cluster_of(self) -> Mapping[int, int]:
        """By line, the number of its cluster."""
        return {line: number for number, lines in enumerate(self.clusters) for line in bits(lines)}

    @cached_property
    def lasting(self) -> tuple[frozenset[int], ...]:
        """All sets of events that may last at the same time."""
        choices = product((False, True), repeat=len(self.events))
        return tuple(
            frozenset(event for event, lasts in zip(self.events, one, strict=True) if lasts)
            for one in choices
        )

    def local(self, case: Case) -> tuple[Local, ...]:
        """Return the part of a case in each cluster; clusters that it does not decide are left
        out."""
        found, rest = [], case.up | case.down
        while rest:
            number = self.cluster_of[(rest & -rest).bit_length() - 1]
            lines = self.clusters[number]
            found.append(Local(number, case.up & lines, case.down & lines))
            rest &= ~lines
        return tuple(found)

    @cached_property
    def _alone_of(self) -> Mapping[int, tuple[int, ...]]:
        """By line, the parts that take it down."""
        return {
            line: tuple(part for part, lines in enumerate(self.alone) if lines >> line & 1)
            for line in self.cluster_of
        }

    def guards(self, lines: int, lasting: frozenset[int]) -> tuple[int, ...]:
        """Return the parts and hits that take down some of these lines while events last."""
        alone = dict.fromkeys(part for line in bits(lines) for part in self._alone_of[line])
        hits = (one.hit for one in self.hits if one.event in lasting and one.lines & lines)
        return (*alone, *hits)


class Case(NamedTuple):
    """All states in which some lines are up and some are down, whatever the others are."""

    up: int
    down: int


class Local(NamedTuple):
    """The part of a case in one cluster."""

    cluster: int
    up: int
    down: int

    def terms(self) -> Iterator[tuple[int, int]]:
        """Yield, by inclusion and exclusion, sets of lines that are up, and their signs."""
        subset = self.down
        while True:
            yield self.up | subset, -1 if subset.bit_count() & 1 else 1
            if not subset:
                return
            subset = (subset - 1) & self.down


@dataclass(frozen=True)
class Decomposition:
    """Disjoint cases in which a system works, or fails. What is left is not explored."""

    works: tuple[Case, ...]
    fails: tuple[Case, ...]
    gap: float
    """The probability that is not explored."""
    questions: int
    """Sets of lines that the system was asked about."""


class FailureSpace:
    """Parts with samples of their probabilities: splits states, and adds up cases.

    What was computed of a cluster is kept for all systems.
    """

    def __init__(self, parts: Parts, unavailable: Floats) -> None:
        """``unavailable``: probabilities that parts have failed (of a hit: that it occurs), one row
        a part, one column a sample; all above 0 and below 1. States are split by their means."""
        self.parts = parts
        self.unavailable = unavailable
        self._means = _Values(parts, unavailable.mean(axis=1, keepdims=True))
        self._samples = _Values(parts, unavailable)
        risk = {line: 1 - self._probability(Case(1 << line, 0)) for line in parts.cluster_of}
        order = sorted(risk, key=lambda line: (-risk[line], line))
        self._rank = {line: rank for rank, line in enumerate(order)}

    def decompose(
        self,
        system: System,
        *,
        gap: float,
        most_questions: int,
    ) -> Decomposition:
        """Split states into disjoint cases until the rest has a probability of at most ``gap``.

        Args:
            system: Asked once for each set of lines.
            gap: The probability that may be left unexplored, at the means of the samples.
            most_questions: Stop earlier after so many questions.
        """
        known: dict[int, Verdict] = {}
        works, fails = list[Case](), list[Case]()
        queue = [(-1.0, 0, Case(0, 0))]
        number, left = 1, 1.0
        while queue and left > gap and len(known) < most_questions:
            negative, _, case = heappop(queue)
            left += negative
            if case.down not in known:
                known[case.down] = system(case.down)
            verdict = known[case.down]
            up = case.up
            for line, probability in self._split(case, verdict.relies_on):
                if probability > NEGLIGIBLE:
                    number += 1
                    left += probability
                    heappush(queue, (-probability, number, Case(up, case.down | 1 << line)))
                up |= 1 << line
            (works if verdict.works else fails).append(Case(up, case.down))
        rest = math.fsum(-negative for negative, _, _ in queue)
        return Decomposition(tuple(works), tuple(fails), rest, len(known))

    def probabilities(self, cases: Sequence[Case]) -> Floats:
        """Return by sample the probability of any of some disjoint cases."""
        found: Floats = self.each(cases).sum(axis=0)
        return found

    def each(self, cases: Sequence[Case]) -> Floats:
        """Return the probability of each case: one row a case, one column a sample."""
        found: Floats = _CaseSum(self._samples, cases).by_events.sum(axis=0)
        return found

    def _probability(self, case: Case) -> float:
        return float(self._by_events(case).sum())

    def _by_events(self, case: Case) -> Floats:
        found = self._means.weights
        for local in self.parts.local(case):
            found = found * self._means.of(local)
        return found

    def _split(self, case: Case, lines: int) -> Iterator[tuple[int, float]]:
        """Yield undecided lines, those first that are down most, each with the probability that it
        is down and all before it up. Lines that are never down are left out."""
        undecided = [line for line in bits(lines & ~case.up) if line in self._rank]
        by_events, up = self._by_events(case), case.up
        before = float(by_events.sum())
        for line in sorted(undecided, key=self._rank.__getitem__):
            number = self.parts.cluster_of[line]
            of = self.parts.clusters[number]
            local = Local(number, up & of, case.down & of)
            known = self._means.of(local)
            by_events = by_events * self._means.of(local._replace(up=local.up | 1 << line)) / known
            after = float(by_events.sum())
            yield line, before - after
            up, before = up | 1 << line, after


class _Values:
    """Probabilities in one cluster, by lasting events and sample."""

    def __init__(self, parts: Parts, unavailable: Floats) -> None:
        self.parts = parts
        self._logs = np.log1p(-unavailable)
        lasts = [
            [unavailable[one] if one in lasting else 1 - unavailable[one] for one in parts.events]
            for lasting in parts.lasting
        ]
        self.weights: Floats = np.stack(
            [np.prod(one, axis=0) if one else np.ones(unavailable.shape[1]) for one in lasts]
        )
        """The probability that just these events last."""
        self._known: dict[Local, Floats] = {}

    def of(self, local: Local) -> Floats:
        """One row for each set of lasting events, or one row if events do not matter."""
        if local not in self._known:
            self._known[local] = np.maximum(self._computed(local), LEAST)
        return self._known[local]

    def _computed(self, local: Local) -> Floats:
        is_hit = any(one.lines & (local.up | local.down) for one in self.parts.hits)
        lasting = self.parts.lasting if is_hit else self.parts.lasting[:1]
        found = np.zeros((len(lasting), self._logs.shape[1]))
        for row, events in enumerate(lasting):
            for lines, sign in local.terms():
                guards = list(self.parts.guards(lines, events))
                found[row] += sign * np.exp(self._logs[guards].sum(axis=0))
        return found


class _CaseSum:
    """Disjoint cases, and their probabilities by lasting events and sample."""

    def __init__(self, values: _Values, cases: Sequence[Case]) -> None:
        self._values = values
        each = [values.parts.local(case) for case in cases]
        self._locals = tuple(dict.fromkeys(local for one in each for local in one))
        column = {local: at for at, local in enumerate(self._locals)}
        self._members = np.zeros((len(each), len(self._locals)))
        for row, one in enumerate(each):
            self._members[row, [column[local] for local in one]] = 1
        events, samples = values.weights.shape
        self.by_events: Floats = np.zeros((events, len(each), samples))
        """By lasting events, case and sample."""
        plain = np.array([len(values.of(one)) == 1 for one in self._locals], bool)
        common = self._members[:, plain] @ self._logs(plain, 0)
        for row in range(events if each else 0):
            logs = common + self._members[:, ~plain] @ self._logs(~plain, row)
            self.by_events[row] = values.weights[row] * np.exp(logs)

    def _logs(self, chosen: npt.NDArray[np.bool_], row: int) -> Floats:
        rows = [
            np.log(self._values.of(one)[row])
            for one, is_chosen in zip(self._locals, chosen, strict=True)
            if is_chosen
        ]
        return np.stack(rows) if rows else np.zeros((0, self._values.weights.shape[1]))


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
