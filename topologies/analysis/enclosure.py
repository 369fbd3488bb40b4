"""The probability that a system works while its lines fail, not independently: exact bounds. Pure.

Two sets of states close in on each other: those in which a line of each known path is down, and
those in which all lines of a known cut are. States that are only in the first are not explored. A
sample of them, by their probability, asks what the system does: each answer is a path or a cut that
was not known. Both sets are decision diagrams over the parts that take lines down, so that their
probabilities are exact for any rates, whatever lines have in common.

Lines are the bits of an int. A part takes one or several lines down. An event has hits: while it
lasts, it takes down the lines of each hit with the probability of that hit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from corridor.topologies.analysis.lines import (
    ALL,
    NONE,
    Diagram,
    Diagrams,
    Parts,
    System,
    TooManyNodes,
    Verdict,
    bits,
)
from corridor.topologies.base.arrays import Floats

SAMPLED = 4
"""States to ask about before both sets are computed again."""
NODES_A_QUESTION = 250
"""Of diagrams: bounds memory and time where paths are many."""


class Branch(NamedTuple):
    """What a packet meets next: by the state of a line, an earlier branch of a walk or an end."""

    line: int
    """As a bit."""
    if_up: int
    if_down: int


DELIVERED, DROPPED = -1, -2
type Walk = Sequence[Branch]
"""A decision tree. Each branch leads to earlier ones, or to an end; the last is where it begins."""


def variables_of(parts: Parts, position: Mapping[int, float]) -> tuple[tuple[int, ...], ...]:
    """Return parts that decide together: those that take the same lines down are one variable.

    Args:
        parts: What fails.
        position: By the bit of a line, where it is. Diagrams are small if lines of the same paths
            are near.
    """
    alike: dict[int, list[int]] = {}
    reach = list(parts.alone)
    for part, lines in enumerate(parts.alone):
        if lines:
            alike.setdefault(lines, []).append(part)
    for one in parts.hits:
        reach[one.event] |= one.lines
        reach[one.hit] |= one.lines

    def place(part: int) -> float:
        at = [position.get(1 << line, 0.0) for line in bits(reach[part])]
        return sum(at) / len(at) if at else 0.0

    others = ((part,) for part in (*parts.events, *(one.hit for one in parts.hits)))
    found = [*map(tuple, alike.values()), *others]
    return tuple(sorted(found, key=lambda of: (place(of[0]), of)))


@dataclass(frozen=True)
class Decided:
    """What is known of a system."""

    fails: Diagram
    """States in which it is known to fail."""
    may_fail: Diagram
    """States in which it is not known to work."""
    gap: float
    """The probability that is not explored, at the means of the samples."""
    questions: int
    """Sets of lines that the system was asked about."""


class FailureDiagrams:
    """Parts with samples of their probabilities."""

    def __init__(
        self, parts: Parts, unavailable: Floats, position: Mapping[int, float] | None = None
    ) -> None:
        """``unavailable``: probabilities that parts have failed (of a hit: that it occurs), one row
        a part, one column a sample. ``position``: as of ``variables_of``."""
        self.parts = parts
        self._variables = variables_of(parts, position or {})
        self.unavailable = unavailable
        self._by_variable = np.stack(
            [1 - np.prod(1 - unavailable[list(of)], axis=0) for of in self._variables]
        )
        self._means = [float(one) for one in self._by_variable.mean(axis=1)]

    def decide(self, system: System, *, gap: float, most_questions: int) -> Decided:
        """Ask a system until what is not explored has a probability of at most ``gap``.

        Args:
            system: What to ask.
            gap: The probability that may be left unexplored, at the means of the samples.
            most_questions: Stop earlier after so many, or when diagrams get large.
        """
        lines = _Lines(self.parts, self._variables, most_questions * NODES_A_QUESTION)
        return _Search(lines, self._means, system, most_questions).decided(gap)

    def followed(self, walks: Sequence[Walk], most_nodes: int) -> Decided:
        """Decide what is delivered if all walks are; exact. If the diagrams would have more than
        ``most_nodes``, nothing is known."""
        lines = _Lines(self.parts, self._variables, most_nodes)
        try:
            fails = lines.of.any_of(map(lines.dropped, walks))
        except TooManyNodes:
            return Decided(lines.of.kept(NONE), lines.of.kept(ALL), 1.0, 0)
        kept = lines.of.kept(fails)
        return Decided(kept, kept, 0.0, 0)

    def probabilities(self, diagram: Diagram) -> Floats:
        """Return by sample the probability of some states."""
        return diagram.probability(self._by_variable)

    def at_means(self, diagram: Diagram) -> float:
        """Return the probability of some states at the means of the samples."""
        return float(diagram.probability(np.reshape(self._means, (-1, 1)))[0])

    def by_state(self, sample: int, known: Sequence[int], states: Sequence[int]) -> Floats:
        """Return what ``probability`` of a diagram takes, at the rates of a sample: a row a
        variable, a column a state.

        Args:
            sample: The number of the sample.
            known: Parts and hits of which each state states whether they have failed. An event
                whose hits are known lasts if it hits something; others fail by their probability.
            states: What has failed, as bits.
        """
        octets = (len(self.unavailable) + 7) // 8
        packed = b"".join(one.to_bytes(octets, "little") for one in states)
        rows = np.frombuffer(packed, np.uint8).reshape(len(states), octets)
        failed = np.unpackbits(rows, axis=1, bitorder="little").T
        q = np.repeat(self.unavailable[:, [sample]], len(states), axis=1)
        q[list(known)] = failed[list(known)]
        for event in self.parts.events:
            hits = [one.hit for one in self.parts.hits if one.event == event]
            if set(hits) <= set(known):
                q[event] = failed[hits].any(axis=0)
        return np.stack([1 - np.prod(1 - q[list(of)], axis=0) for of in self._variables])

    def depends(self, diagram: Diagram, parts: Sequence[int]) -> bool:
        """Whether some of these parts matter to a diagram."""
        looked_at = (self._variables[one] for one in np.unique(diagram.variable))
        return any(not set(of).isdisjoint(parts) for of in looked_at)

    def saved(self, diagram: Diagram) -> Floats:
        """Return by part and sample by how much that probability falls if the part never fails.
        Divided by the part's own probability this is its Birnbaum importance, divided by the sum
        its Fussell-Vesely importance. Rows of hits are 0."""
        found, rises = np.zeros_like(self.unavailable), diagram.derivative(self._by_variable)
        counted = set(self.parts.counted)
        for of, rise in zip(self._variables, rises, strict=True):
            for part in counted.intersection(of):
                others = [one for one in of if one != part]
                up = np.prod(1 - self.unavailable[others], axis=0)
                found[part] = rise * self.unavailable[part] * up
        return found


class _Lines:
    """Diagrams of the states in which lines are down."""

    def __init__(self, parts: Parts, variables: Sequence[tuple[int, ...]], most_nodes: int) -> None:
        self.parts, self.variables = parts, variables
        self.of = Diagrams(len(variables))
        self._hit = {one.hit: one for one in parts.hits}
        self._number = {of[0]: at for at, of in enumerate(variables)}
        takes: dict[int, list[int]] = {}
        for at, (part, *_) in enumerate(variables):
            lines, failed = parts.alone[part], self.of.is_down(at)
            if part in self._hit:
                lines = self._hit[part].lines
                event = self.of.is_down(self._number[self._hit[part].event])
                failed = self.of.both(failed, event)
            for line in bits(lines):
                takes.setdefault(1 << line, []).append(failed)
        self._down = {line: self.of.any_of(each) for line, each in takes.items()}
        self.of.most = len(self.of.variable) + most_nodes

    def any_down(self, lines: int) -> int:
        """The states in which some of these lines is down."""
        return self.of.any_of(self._down.get(1 << line, NONE) for line in bits(lines))

    def all_down(self, lines: int) -> int:
        """The states in which all of these lines are down."""
        return self.of.all_of(self._down.get(1 << line, NONE) for line in bits(lines))

    def dropped(self, walk: Walk) -> int:
        """The states in which a packet is dropped."""
        found = {DELIVERED: NONE, DROPPED: ALL}
        last = DROPPED
        for last, branch in enumerate(walk):
            down = self._down.get(branch.line, NONE)
            found[last] = self.of.either(
                self.of.both(down, found[branch.if_down]),
                self.of.without(found[branch.if_up], down),
            )
        return found[last]

    def down_while(self, failed: set[int]) -> int:
        """The lines that are down while variables are."""
        lines = 0
        for at in failed:
            part = self.variables[at][0]
            hit = self._hit.get(part)
            if hit is None:
                lines |= self.parts.alone[part]
            elif self._number[hit.event] in failed:
                lines |= hit.lines
        return lines


class _Search:
    """Paths and cuts of one system, as they are found."""

    def __init__(
        self, lines: _Lines, means: Sequence[float], system: System, most_questions: int
    ) -> None:
        self._means, self._system = means, system
        self._lines = lines
        self._most = most_questions
        self._known: dict[int, Verdict] = {}
        self._paths: list[int] = []
        # Samples decide what is asked next, never what is true.
        self._random = np.random.default_rng(0)

    def decided(self, gap: float) -> Decided:
        of, fails, may_fail, rest = self._lines.of, NONE, ALL, ALL
        known, cuts = list[int](), list[int]()
        values = {NONE: 0.0, ALL: 1.0}
        try:
            while True:
                broken = of.all_of(map(self._lines.any_down, known))
                cut = of.any_of(map(self._lines.all_down, cuts))
                narrowed, widened = of.both(may_fail, broken), of.either(fails, cut)
                rest = of.without(narrowed, widened)
                may_fail, fails = narrowed, widened
                values = of.values(rest, self._means)
                if values[rest] <= gap or len(self._known) >= self._most:
                    break
                known, cuts = self._asked(rest, values)
                self._paths += known
        except TooManyNodes:
            pass
        return Decided(of.kept(fails), of.kept(may_fail), values[rest], len(self._known))

    def _asked(self, rest: int, values: Mapping[int, float]) -> tuple[list[int], list[int]]:
        """Paths and cuts that states of ``rest`` show."""
        paths, cuts = list[int](), list[int]()
        for _ in range(SAMPLED):
            down = self._lines.down_while(self._sampled(rest, values))
            if any(not one & down for one in paths) or any(not one & ~down for one in cuts):
                continue
            verdict = self._ask(down)
            if not verdict.works:
                cuts.append(self._least(down, paths))
            else:
                paths.append(verdict.relies_on)
        return paths, cuts

    def _sampled(self, diagram: int, values: Mapping[int, float]) -> set[int]:
        """Variables that are down in a state of a diagram, by the probability of the state."""
        of, failed = self._lines.of, set[int]()
        while diagram > ALL:
            variable, up, down = of.variable[diagram], of.up[diagram], of.down[diagram]
            q = self._means[variable]
            is_up = (1 - q) * values[up] > self._random.random() * values[diagram]
            if not is_up:
                failed.add(variable)
            diagram = up if is_up else down
        return failed

    def _least(self, down: int, paths: list[int]) -> int:
        """Leave out lines that the system does not need to fail; add paths that this shows."""
        for line in bits(down):
            verdict = self._ask(down & ~(1 << line))
            if not verdict.works:
                down &= ~(1 << line)
            elif verdict.relies_on not in self._paths and verdict.relies_on not in paths:
                paths.append(verdict.relies_on)
        return down

    def _ask(self, down: int) -> Verdict:
        if down not in self._known:
            self._known[down] = self._system(down)
        return self._known[down]
