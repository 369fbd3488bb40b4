"""What can be asked of ways through a network by where they lead, and what is to be answered.

A question is whether some packet of a demand takes a way of a kind. Of all kinds but the first and
the last the answer is no where the claims hold. The last, whether packets come to hubs off the way
that they take while nothing fails, is asked so that not only no is to be answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from corridor.controller.export.found import arrives, least_dead
from corridor.controller.export.headers import Header, Sent, sent_headers
from corridor.controller.export.lawful import Arc, LawfulRegion, Region
from corridor.controller.export.subject import Subject
from corridor.controller.prover.search.core import DOOR, Turn
from corridor.controller.prover.search.reach import End
from corridor.controller.prover.search.search import Exploration

type Kind = Literal[
    "arrives",
    "forbidden hub",
    "forbidden fibre",
    "wrong host",
    "gateway bypassed",
    "border before gateway",
    "detour",
]
CLAIMS: dict[Kind, tuple[str, ...]] = {
    "arrives": ("C1", "C16"),
    "forbidden hub": ("C1", "C4", "C5", "C6", "C7"),
    "forbidden fibre": ("C1", "C4", "C5", "C6", "C7"),
    "wrong host": ("C2", "C6"),
    "gateway bypassed": ("C7",),
    "border before gateway": ("C7",),
    "detour": (),
}
"""The claims that answer each kind of question; none where each answer is as good."""


@dataclass(frozen=True)
class Question:
    """Whether packets with one header, sent by their demand's host, take a way of a kind."""

    kind: Kind
    demand: str
    src: str
    dst: str
    header: Header
    hubs: tuple[str, ...] = ()
    """Those forbidden, or whose hosts are the wrong ones, or whose gateways are owed."""
    arcs: tuple[Arc, ...] = ()
    """Fibres forbidden, each way by itself."""
    lawful: bool | None = False
    """The answer where all claims hold: whatever fails, or of what is lawful while nothing does;
    None where claims do not say."""
    needs: int | None = None
    """By our prover: the fewest dead ports with which the answer is yes; None if it never is."""


def questions(subject: Subject) -> Iterator[Question]:
    """All of every header of every demand."""
    for sent in sent_headers(subject.intents, subject.wiring):
        region = subject.regions[sent.number]
        seen = subject.findings.ways[sent.intent.pair[0], sent.number].seen
        off_its_way = frozenset(subject.network.hosts) - _undisturbed(seen)
        for question in _unanswered(subject, sent, region, off_its_way):
            yield replace(question, needs=_needs(question, seen))


def _undisturbed(seen: Exploration) -> frozenset[str]:
    """Hubs that packets come to while nothing fails."""
    waiting, met = [seen.start], {seen.start}
    while waiting:
        ways = seen.ways[waiting.pop()]
        fresh = {to for to, turn in ways if turn.step.without_failures} - met
        waiting += fresh
        met |= fresh
    places = seen.core.places
    src = {seen.demand.src} if seen.demand else set()
    return frozenset(places[place].hub for place, _ in met if place != DOOR) | src


def _unanswered(
    subject: Subject, sent: Sent, region: LawfulRegion, off_its_way: frozenset[str]
) -> Iterator[Question]:
    def asked(
        kind: Kind, hubs: frozenset[str] = frozenset(), arcs: frozenset[Arc] = frozenset()
    ) -> Question:
        ordered = tuple(hub for hub in subject.network.hosts if hub in hubs)
        ends = sent.intent.pair
        return Question(kind, sent.intent.id, *ends, sent.header, ordered, tuple(sorted(arcs)))

    whole, hosts = region.whole, frozenset(subject.network.hosts)
    is_blocked = subject.network.demands[sent.number - 1].is_blocked
    yield replace(asked("arrives"), lawful=not is_blocked)
    forbidden, arcs = unlawful(subject, whole)
    if forbidden:
        yield asked("forbidden hub", forbidden)
    if arcs:
        yield asked("forbidden fibre", arcs=arcs)
    yield asked("wrong host", hosts - {sent.intent.pair[1]})
    if owed := region.needed:
        yield asked("gateway bypassed", owed)
        before = region.before_gateways
        if arcs := frozenset(one for one in whole.arcs - before.arcs if one[0] in before.hubs):
            yield asked("border before gateway", region.gateways, arcs)
    if detours := off_its_way & whole.hubs:
        yield replace(asked("detour", detours), lawful=None)


def unlawful(subject: Subject, region: Region) -> tuple[frozenset[str], frozenset[Arc]]:
    """Hubs where no packet may be, and fibres between the others over which none may go."""
    arcs = frozenset(
        arc
        for fibre in subject.topology.fibres
        for arc in ((fibre.a, fibre.id, fibre.z), (fibre.z, fibre.id, fibre.a))
        if arc[0] in region.hubs and arc[2] in region.hubs
    )
    return frozenset(subject.network.hosts) - region.hubs, arcs - region.arcs


def _needs(question: Question, seen: Exploration) -> int | None:
    """By the ways that our prover has found."""
    kind, hubs, arcs = question.kind, frozenset(question.hubs), frozenset(question.arcs)
    owes = kind in ("gateway bypassed", "border before gateway")

    def goal(turn: Turn) -> bool:
        if kind in ("arrives", "gateway bypassed"):
            return arrives(turn, question.dst, question.header)
        if kind == "wrong host":
            return turn.step.end is End.DELIVERED and turn.step.at.hub in hubs
        if turn.move is None or not turn.move.fibre:
            return False
        if kind in ("forbidden hub", "detour"):
            return turn.move.hub in hubs
        return (turn.step.at.hub, turn.move.fibre, turn.move.hub) in arcs

    def spared(turn: Turn) -> bool:
        return owes and turn.step.end is End.ASSESSED and turn.step.at.hub in hubs

    return least_dead(seen, question.header, goal, spared)
