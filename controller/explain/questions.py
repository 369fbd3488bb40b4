"""Questions about paths through a network, by where the paths lead, with the answers of the prover.

A question is whether some packet of a demand takes a path of a kind. For all kinds but the first
and the last the answer is no where the claims hold. The last, whether packets reach hubs off
their path without failures, is included so that not every expected answer is no. The prover finds
how many ports must be dead to see a yes, if ever.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any, Literal, NamedTuple

from corridor.controller.explain.subject import Arc, Elements, LawfulRegion, Region, Subject
from corridor.controller.forwarding.program import Value
from corridor.controller.intent.intent import Intent, Selector
from corridor.controller.policy.clauses.via import Via
from corridor.controller.prover.search.claim import dead_before
from corridor.controller.prover.search.core import DOOR, Turn
from corridor.controller.prover.search.declared_demands import some_packet
from corridor.controller.prover.search.headers import Box
from corridor.controller.prover.search.reach import End
from corridor.controller.prover.search.search import Exploration, Node
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.wiring import HostEnd, Wiring

# Headers that hosts send for demands, each its own packet: fields by their OXM names.

type Header = tuple[tuple[str, Value], ...]
"""Sorted by name."""


class Sent(NamedTuple):
    """One header of a demand."""

    number: int
    """Of the demand, from 1: what cookies call it."""
    intent: Intent
    selector: Selector
    header: Header


def sent_headers(intents: tuple[Intent, ...], wiring: Wiring) -> Iterator[Sent]:
    """One for each selector of each demand; what a selector leaves open is chosen."""
    for number, intent in enumerate(intents, start=1):
        for selector in intent.selectors:
            yield Sent(number, intent, selector, _header(intent, selector, wiring))


def _header(intent: Intent, selector: Selector, wiring: Wiring) -> Header:
    src, dst = (wiring.host(name) for name in intent.hosts)
    return tuple(sorted(some_packet(src, dst, intent.family, selector).items()))


type Kind = Literal[
    "arrives",
    "forbidden hub",
    "forbidden fibre",
    "wrong host",
    "gateway bypassed",
    "border before gateway",
    "stop missed",
    "detour",
]
CLAIMS: dict[Kind, tuple[str, ...]] = {
    "arrives": ("C1", "C16"),
    "forbidden hub": ("C1", "C4", "C5", "C6", "C7"),
    "forbidden fibre": ("C1", "C4", "C5", "C6", "C7"),
    "wrong host": ("C2", "C6"),
    "gateway bypassed": ("C7",),
    "border before gateway": ("C7",),
    "stop missed": ("C7",),
    "detour": (),
}
"""The claims that answer each kind of question; none where each answer is as good."""


@dataclass(frozen=True)
class Question:
    """Whether packets with one header, sent by their demand's host, take a path of a kind."""

    kind: Kind
    demand: str
    src: str
    dst: str
    header: Header
    ends: tuple[HostEnd, HostEnd]
    """The hosts that send and receive."""
    hubs: tuple[str, ...] = ()
    """Those forbidden, or one of which is a stop, or whose hosts or gateways are meant."""
    arcs: tuple[Arc, ...] = ()
    """Fibres forbidden, or one of which is a stop, by direction."""
    hosts: tuple[HostEnd, ...] = ()
    """Those that must not receive it."""
    lawful: bool | None = False
    """The answer where all claims hold: whatever fails, or of what is lawful while nothing does;
    None where claims do not say."""
    needs: int | None = None
    """By our prover: the fewest dead ports with which the answer is yes; None if it never is."""


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
        self._dst, self._sent = question.ends[1], dict(question.header)
        self._wrong = frozenset((host.hub, host.port) for host in question.hosts)
        self._hubs, self._arcs = frozenset(question.hubs), frozenset(question.arcs)

    def arrives(self, turn: Turn) -> bool:
        """At the right host, with the headers that were sent."""
        step = turn.step
        at = (self._dst.hub, self._dst.port)
        ends = step.end is End.DELIVERED and (step.at.hub, step.port) == at
        return (
            ends
            and step.packet.label is None
            and all(self._sent.get(name) == value for name, value in step.packet.written)
        )

    def misses(self, turn: Turn) -> bool:
        """At another host."""
        step = turn.step
        return step.end is End.DELIVERED and (step.at.hub, step.port) in self._wrong

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


def questions(subject: Subject) -> Iterator[Question]:
    """All of every header of every demand."""
    for sent in sent_headers(subject.intents, subject.wiring):
        region = subject.regions[sent.number]
        seen = subject.findings.searched[sent.intent.hosts[0], sent.number].seen
        off_its_path = frozenset(subject.network.hubs) - _undisturbed(seen)
        for question in _unanswered(subject, sent, region, off_its_path):
            yield replace(question, needs=least_dead(question, seen))


def _undisturbed(seen: Exploration) -> frozenset[str]:
    """Hubs that packets come to while nothing fails."""
    waiting, met = [seen.start], {seen.start}
    while waiting:
        edges = seen.edges[waiting.pop()]
        fresh = {to for to, turn in edges if turn.step.without_failures} - met
        waiting += fresh
        met |= fresh
    places = seen.core.places
    src = {seen.demand.src} if seen.demand else set()
    return frozenset(places[place].hub for place, _ in met if place != DOOR) | src


def _unanswered(
    subject: Subject, sent: Sent, region: LawfulRegion, off_its_path: frozenset[str]
) -> Iterator[Question]:
    def asked(
        kind: Kind, hubs: frozenset[str] = frozenset(), arcs: frozenset[Arc] = frozenset()
    ) -> Question:
        ordered = tuple(hub for hub in subject.network.hubs if hub in hubs)
        return Question(
            kind,
            sent.intent.id,
            *sent.intent.pair,
            sent.header,
            (hosts[sent.intent.hosts[0]], receiver),
            ordered,
            tuple(sorted(arcs)),
        )

    hosts = subject.network.hosts
    whole, receiver = region.whole, hosts[sent.intent.hosts[1]]
    is_blocked = subject.network.demands[sent.number - 1].is_blocked
    yield replace(asked("arrives"), lawful=not is_blocked)
    forbidden, arcs = unlawful(subject, whole)
    if forbidden:
        yield asked("forbidden hub", forbidden)
    if arcs:
        yield asked("forbidden fibre", arcs=arcs)
    wrong = tuple(host for host in hosts.values() if host is not receiver)
    yield replace(asked("wrong host", frozenset(host.hub for host in wrong)), hosts=wrong)
    if owed := region.needed:
        yield asked("gateway bypassed", owed)
        before = region.before_gateways
        if arcs := frozenset(one for one in whole.arcs - before.arcs if one[0] in before.hubs):
            yield asked("border before gateway", region.gateways, arcs)
    for hubs, fibres in _stops(subject, sent, region):
        yield asked("stop missed", hubs, frozenset(_arcs(subject, fibres)))
    if detours := off_its_path & whole.hubs:
        yield replace(asked("detour", detours), lawful=None)


def _stops(subject: Subject, sent: Sent, region: LawfulRegion) -> Iterator[Elements]:
    """What ``via`` asks for, a stop at a time, as far as every lawful path meets it."""
    topology = subject.topology
    found: dict[Elements, None] = {}
    for automaton in sent.intent.applicable_policies.automata:
        groups = automaton.trip.groups
        for clause in (bound.clause for bound in automaton.clauses):
            for stop in clause.stops if isinstance(clause, Via) else ():
                chosen = (
                    frozenset(one.id for one in some if stop.any_of.selects(one, groups) is True)
                    for some in (topology.hubs, topology.fibres)
                )
                found[Elements(*chosen)] = None
    return filter(region.needs, found)


def _arcs(subject: Subject, fibres: frozenset[str]) -> Iterator[Arc]:
    """Both directions of some fibres."""
    for fibre in subject.topology.fibres:
        if fibre.id in fibres:
            yield from ((fibre.a, fibre.id, fibre.z), (fibre.z, fibre.id, fibre.a))


def unlawful(subject: Subject, region: Region) -> tuple[frozenset[str], frozenset[Arc]]:
    """Hubs where no packet may be, and fibres between the others over which none may go."""
    every = frozenset(fibre.id for fibre in subject.topology.fibres)
    arcs = frozenset(
        arc for arc in _arcs(subject, every) if arc[0] in region.hubs and arc[2] in region.hubs
    )
    return frozenset(subject.network.hubs) - region.hubs, arcs - region.arcs
