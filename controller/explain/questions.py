"""All questions about the paths of demands, with the answers of the prover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from corridor.controller.explain.found_answers import least_dead
from corridor.controller.explain.lawful import Arc, Elements, LawfulRegion, Region
from corridor.controller.explain.question import Kind, Question, Sent, sent_headers
from corridor.controller.explain.subject import Subject
from corridor.controller.policy.clauses.via import Via
from corridor.controller.prover.search.core import DOOR
from corridor.controller.prover.search.search import Exploration


def questions(subject: Subject) -> Iterator[Question]:
    """All of every header of every demand."""
    for sent in sent_headers(subject.intents, subject.wiring):
        region = subject.regions[sent.number]
        seen = subject.findings.searched[sent.intent.pair[0], sent.number].seen
        off_its_path = frozenset(subject.network.hosts) - _undisturbed(seen)
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
    return frozenset(subject.network.hosts) - region.hubs, arcs - region.arcs
