"""What our own prover finds of a question: how many ports must be dead to see it, if ever."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, Literal

from corridor.controller.explain.question import Kind, Question
from corridor.controller.prover.search.claim import dead_before
from corridor.controller.prover.search.core import DOOR, Turn
from corridor.controller.prover.search.headers import Box
from corridor.controller.prover.search.reach import End
from corridor.controller.prover.search.search import Exploration, Node
from corridor.topologies.base.errors import InputError

type Ask = Callable[[Turn], bool]


def least_dead(question: Question, seen: Exploration) -> int | None:
    """The fewest dead ports with which packets take a path that a question asks for.

    None where no failures lead there. Ports are counted as packets meet them: a fibre that is
    met dead from both ends counts twice.
    """
    goal, spared = _asked(question)
    sent = Box(frozenset(one for one in question.header if one[0] != "ip_dscp"))
    order = count()
    queue: list[tuple[int, int, Node | None]] = [(0, next(order), seen.start)]
    settled: set[Node] = set()
    while queue:
        dead, _, node = heapq.heappop(queue)
        if node is None:
            return dead
        if node in settled:
            continue
        settled.add(node)
        following = {id(turn): to for to, turn in seen.edges[node]}
        for turn in seen.at(node[0]).turns:
            if _takes(node, turn, sent) and not spared(turn):
                more = dead + dead_before(turn.step)
                if goal(turn):
                    heapq.heappush(queue, (more, next(order), None))
                if (to := following.get(id(turn))) is not None and to not in settled:
                    heapq.heappush(queue, (more, next(order), to))
    return None


def _takes(node: Node, turn: Turn, sent: Box) -> bool:
    """Whether a turn that depends on what was sent happens to such packets."""
    if node[0] != DOOR and not turn.is_narrow:
        return True
    return turn.step.packet.sent.meet(sent) is not None


def _asked(question: Question) -> tuple[Ask, Ask]:
    """The step that a path has to reach, and the steps that it must not take."""
    turns = _Turns(question)
    asked: dict[Kind, tuple[Ask, Ask]] = {
        "arrives": (turns.arrives, turns.never),
        "forbidden hub": (turns.enters, turns.never),
        "forbidden fibre": (turns.enters, turns.never),
        "wrong host": (turns.misses, turns.never),
        "gateway bypassed": (turns.arrives, turns.passes),
        "border before gateway": (turns.crosses, turns.passes),
        "stop missed": (turns.arrives, turns.enters),
        "detour": (turns.enters, turns.never),
    }
    return asked[question.kind]


class _Turns:
    """The turns that a question speaks of."""

    def __init__(self, question: Question) -> None:
        self._dst, self._sent = question.dst, dict(question.header)
        self._hubs, self._arcs = frozenset(question.hubs), frozenset(question.arcs)

    def arrives(self, turn: Turn) -> bool:
        """At the right host, with the headers that were sent."""
        step = turn.step
        ends = step.end is End.DELIVERED and step.at.hub == self._dst
        return (
            ends
            and step.packet.label is None
            and all(self._sent.get(name) == value for name, value in step.packet.written)
        )

    def misses(self, turn: Turn) -> bool:
        """At one of the hubs' hosts."""
        return turn.step.end is End.DELIVERED and turn.step.at.hub in self._hubs

    def crosses(self, turn: Turn) -> bool:
        """Over one of the fibres."""
        move = turn.move
        return move is not None and (turn.step.at.hub, move.fibre, move.hub) in self._arcs

    def enters(self, turn: Turn) -> bool:
        """Over one of the fibres, or over any to one of the hubs."""
        move = turn.move
        into = move is not None and bool(move.fibre) and move.hub in self._hubs
        return into or self.crosses(turn)

    def passes(self, turn: Turn) -> bool:
        """Through one of the hubs' gateways."""
        return turn.step.end is End.ASSESSED and turn.step.at.hub in self._hubs

    def never(self, _: Turn) -> bool:
        return False


# What another tool has answered, in addition to what our prover says: where they agree, and what
# of it is a breach.

type Outcome = Literal["agree", "undecided", "differ", "not answered"]
OUTCOMES: tuple[Outcome, ...] = ("agree", "undecided", "differ", "not answered")
"""``undecided``: the other tool reports that it cannot decide."""


@dataclass(frozen=True)
class Compared:
    """One question, and both answers."""

    query: str
    kind: str
    demand: str
    k: int
    claims: tuple[str, ...]
    where_claims_hold: bool | None
    ours: bool
    theirs: bool | Literal["not answered"] | None

    @property
    def outcome(self) -> Outcome:
        if self.theirs is None:
            return "undecided"
        if self.theirs == "not answered":
            return "not answered"
        return "agree" if self.theirs == self.ours else "differ"

    @property
    def is_breach(self) -> bool:
        """Whether both find what may not be where claims hold."""
        agreed = self.outcome == "agree"
        return agreed and self.where_claims_hold is not None and self.ours != self.where_claims_hold


@dataclass(frozen=True)
class Comparison:
    """All questions of an export."""

    answers: tuple[Compared, ...]

    @cached_property
    def counts(self) -> Mapping[str, Counter[Outcome]]:
        """By the kind of question."""
        found: dict[str, Counter[Outcome]] = {}
        for one in self.answers:
            found.setdefault(one.kind, Counter())[one.outcome] += 1
        return found

    @property
    def total(self) -> Counter[Outcome]:
        return sum(self.counts.values(), Counter())

    def having(self, outcome: Outcome) -> tuple[Compared, ...]:
        return tuple(one for one in self.answers if one.outcome == outcome)

    @property
    def breaches(self) -> tuple[Compared, ...]:
        """Each with the fewest failures that both find it under."""
        found: dict[tuple[str, str], Compared] = {}
        for one in self.answers:
            if one.is_breach:
                found.setdefault((one.kind, one.demand), one)
        return tuple(found.values())


def compare(expected: Any, said: Iterable[Any], file: str) -> Comparison:
    """The questions of ``expected.json``, by what ``said`` documents of AalWiNes answer.

    Raises InputError, which names ``file``, for an ``expected`` that is none.
    """
    theirs = dict(_answers(said))
    try:
        answers = tuple(
            Compared(
                one["query"],
                one["kind"],
                one["demand"],
                one["k"],
                tuple(one["claims"]),
                one["where_claims_hold"],
                one["by_our_prover"],
                theirs.get(one["query"], "not answered"),
            )
            for one in expected["questions"]
        )
    except (KeyError, TypeError) as problem:
        why = f"is not what an export to aalwines expects: {problem!r}"
        raise InputError(why, "export again", file=file) from None
    return Comparison(answers)


def _answers(said: Iterable[Any]) -> Iterable[tuple[str, bool | None]]:
    """What is not understood is not an answer."""
    for document in said:
        answers = document.get("answers") if isinstance(document, dict) else None
        for one in answers.values() if isinstance(answers, dict) else ():
            if isinstance(one, dict) and isinstance(one.get("query"), str) and "result" in one:
                result = one["result"]
                yield one["query"], result if isinstance(result, bool) else None
