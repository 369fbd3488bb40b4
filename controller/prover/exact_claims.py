"""Claims on the outcome of each intent's packets, failures taken one set at a time.

What is claimed of least sets of failures holds of all: more failures leave fewer paths, and an
outcome is the same for all sets that agree with it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.policy.product import Trail
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.prover.exact_decisions import End, Mask
from corridor.controller.prover.exact_outcomes import Lawful, Outcome, Searched, accepts
from corridor.controller.prover.exact_rates import admissions, misfits, unmetered
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.prover.search.claim import Breach
from corridor.controller.prover.search.tables import Tables
from corridor.topologies.base.progress import counting
from corridor.topologies.base.units import format_duration
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring

if TYPE_CHECKING:
    from corridor.controller.intent.values import Admission
from itertools import combinations

from corridor.topologies.base.words import few

# Claim C18: demands that are to be disjoint share nothing while nothing fails.

MOST_NAMED = 4


def are_asked(searched: Sequence[Searched]) -> bool:
    """Whether any are to be disjoint."""
    return any(one.intent.disjoint for one in searched)


def sharings(searched: Sequence[Searched]) -> Iterator[Breach]:
    """What packets of two demands meet alike, though they are not to. Packets that are dropped
    count as far as they come."""
    asked = [one for one in searched if one.intent.disjoint]
    for one, other in combinations(asked, 2):
        common = sorted(_common(one, other))
        if common:
            listed = few(common, MOST_NAMED)
            said = f"packets of {one.intent.id} and {other.intent.id} both meet {listed}"
            yield Breach(f"{said} while nothing fails", one.intent.pair[0])


def _common(one: Searched, other: Searched) -> frozenset[str]:
    kinds = one.intent.disjoint_kinds(other.intent)
    common = _met(one.intent, one.outcomes[0]) & _met(other.intent, other.outcomes[0])
    ends = {f"hub:{hub}" for hub in {*one.intent.pair} & {*other.intent.pair}}
    return frozenset(name for name in common - ends if name.partition(":")[0] in kinds)


def _met(intent: Intent, outcome: Outcome) -> frozenset[str]:
    """Return the names of everything whose failure alone hits packets of an intent.

    A demand whose packets never leave their hub has no path that a failure could hit.
    """
    if not outcome.crossed:
        return frozenset()
    causes = (outcome.causes.named(watch.causes) for watch in outcome.crossed)
    return frozenset({f"hub:{hub}" for hub in intent.pair}).union(*causes)


SENTENCES = {
    "C9": "No packet is dropped while a permitted path remains from its hub.",
    "C10": "If no permitted path remains, packets are dropped.",
    "C11": "No packet takes longer than the maximum delay of its policy.",
    "C12": "Guaranteed rates fit every fibre, and meters limit each demand to its rate.",
}
"""Under every set of failures that the intent is protected against."""
DISJOINT = "C18"


@dataclass(frozen=True)
class Stranded:
    """Packets are lost where they are, though from their source there is a permitted path.

    Only the controller can help: switches learn of failures from packets' labels, and by then the
    packet has gone too far: no permit that has a path onward accepts what it has passed.
    """

    outcome: Outcome
    failures: frozenset[str]
    """As few as do it: where C9 holds, each set of failures that does contains such a set."""
    permit: str
    """Under which there is a path."""


@dataclass(frozen=True)
class Slowest:
    """The largest delay of an intent's packets."""

    intent: str
    one_way_ns: int
    intact_ns: int | None
    """While no more fails than is known; None if they are lost then."""
    failures: frozenset[str]


@dataclass(frozen=True)
class Counts:
    """The size of what was looked at."""

    intents: int
    outcomes: int
    lost: int
    """Outcomes without delivery."""
    ms: float


@dataclass(frozen=True)
class ExactReport:
    """What was found about all intents; a claim holds if it has no breach."""

    searched: tuple[Searched, ...]
    breaches: Mapping[str, tuple[Breach, ...]]
    """By claim."""
    stranded: tuple[Stranded, ...]
    slowest: tuple[Slowest, ...]
    """Of each intent that is delivered at all."""
    admissions: tuple[Admission, ...]
    counts: Counts

    @property
    def holds(self) -> bool:
        return not any(self.breaches.values())


def examine(
    tables: Tables,
    wiring: Wiring,
    topology: Topology,
    intents: Iterable[Intent],
    within: Protection | None = None,
    known: Failures = NO_FAILURES,
    rates: bool = True,
    passed_over: frozenset[End] = frozenset(),
) -> ExactReport:
    """All claims, under the failures each intent is protected against, or others.

    A drop under failures beyond the protection in effect breaks no claim. What is ``known`` to
    have failed has been planned around: protected against are failures beside it. Without
    ``rates`` C12 is not claimed, nor is C18, which is only where something is to be disjoint. An
    outcome whose end is ``passed_over`` breaks nothing.
    """
    started = time.perf_counter()
    explorer = Explorer(tables, wiring, topology, known)
    asked = counting(tuple(intents), "directions searched under failures")
    each = [judged(explorer, intent, within, passed_over) for intent in asked]
    return report(explorer, each, started, rates=rates)


class Judged(NamedTuple):
    """What was found about one intent."""

    searched: Searched
    breaches: tuple[tuple[str, Breach], ...]
    """Each with its claim."""
    stranded: tuple[Stranded, ...]


def judged(
    explorer: Explorer,
    intent: Intent,
    within: Protection | None = None,
    passed_over: frozenset[End] = frozenset(),
) -> Judged:
    """Search the outcomes of one intent, and hold them against its policies; see ``examine``."""
    searched = explorer.search(intent, within)
    judge = _Judge(explorer, searched, passed_over)
    return Judged(searched, tuple(judge.breaches()), tuple(judge.stranded()))


def judged_again(explorer: Explorer, before: Judged) -> Judged | None:
    """What was found while fewer fibres were known to have failed, with the same entries, groups
    and network; None where that may differ, or broke a claim.

    While more fibres have failed there are fewer paths, so what was not lost in spite of a path is
    not now, and packets are stranded at most where they were.
    """
    more = explorer.known & ~before.searched.known
    fewer = before.searched.known & ~explorer.known
    if before.breaches or fewer or more & ~explorer.causes.over(("link", "srlg")):
        return None
    searched = explorer.searched_again(before.searched)
    if searched is None:
        return None
    stranded = _Judge(explorer, searched, frozenset()).stranded() if before.stranded else ()
    return Judged(searched, (), tuple(stranded))


def report(
    explorer: Explorer, each: Sequence[Judged], started: float, *, rates: bool
) -> ExactReport:
    """Join what was found about all intents, and add the claims on all of them together."""
    known, searched = explorer.known_failures, tuple(one.searched for one in each)
    breaches: dict[str, list[Breach]] = {claim: [] for claim in SENTENCES}
    for claim, breach in chain.from_iterable(one.breaches for one in each):
        breaches[claim].append(breach)
    stranded = chain.from_iterable(one.stranded for one in each)
    admitted: tuple[Admission, ...] = ()
    if rates:
        admitted = tuple(admissions(explorer, searched))
        breaches["C12"] += [*misfits(admitted), *unmetered(explorer, searched)]
        if are_asked(searched) and not (known.links or known.srlgs or known.hubs):
            breaches[DISJOINT] = list(sharings(searched))
    else:
        del breaches["C12"]
    return ExactReport(
        searched,
        {claim: tuple(found) for claim, found in breaches.items()},
        tuple(stranded),
        tuple(slowest for one in searched if (slowest := _slowest(one)) is not None),
        admitted,
        _counts(searched, started),
    )


def predict(
    explorer: Explorer, intents: Iterable[Intent], failures: Failures
) -> dict[str, Outcome]:
    """What switches do with each intent's packets at once, whatever has failed; by intent."""
    return {intent.id: explorer.follow(intent, failures) for intent in intents}


class _Judge:
    """Holds the outcomes of one intent against what its policies allow."""

    def __init__(self, explorer: Explorer, searched: Searched, passed_over: frozenset[End]) -> None:
        self._explorer = explorer
        self._searched = searched
        self._told = [one for one in searched.outcomes if one.end not in passed_over]
        self._causes = explorer.causes
        self._intent = searched.intent
        self._automata = searched.intent.applicable_policies.automata
        self._target = explorer.causes.bits[f"hub:{searched.intent.pair[1]}"]
        self._covered = explorer.causes.over(searched.promised.over)
        self._lawful: dict[int, Lawful] = {}

    def breaches(self) -> Iterator[tuple[str, Breach]]:
        """Each with its claim."""
        if not self._are_alike():
            said = f"packets of {self._intent.id} are not all treated alike"
            yield "C9", Breach(said, self._intent.pair[0])
        for outcome in self._told:
            if outcome.delivered:
                yield from self._unlawful(outcome)
            else:
                yield from self._needless(outcome)
            if outcome.end in (End.ELSEWHERE, End.GARBLED, End.UNCLEAR):
                said = f"of packets of {outcome.intent}: {outcome.end} {_when(outcome)}"
                yield "C10", Breach(said, outcome.hub, outcome.entry)

    def stranded(self) -> Iterator[Stranded]:
        """What is lost though there is a path from the source, and no claim is broken by it."""
        for outcome in self._searched.outcomes:
            at_stake = [] if outcome.delivered else self._survivable(outcome)
            # What fails takes down what was seen dead, so that alone leaves the largest set of
            # paths.
            if not at_stake or self._permit_with_path(outcome.down) is None:
                continue
            for failed in at_stake:
                permit = self._permit_with_path(self._causes.down(failed))
                if permit is not None and not self._is_needless(outcome, failed):
                    yield Stranded(outcome, self._causes.named(failed), permit)

    def _permit_with_path(self, down: Mask) -> str | None:
        """A permit with a path from the source, the one in use before the others."""
        in_use = self._searched.permit
        if in_use is None:
            return None
        for number in sorted(range(len(self._automata)), key=lambda number: number != in_use):
            if self._of(number).has_path(down):
                return self._automata[number].permit.id
        return None

    def _are_alike(self) -> bool:
        """Whether the source's switch does the same with packets by each selector."""
        switch = self._explorer.switches[self._intent.pair[0]]
        treatments = set()
        for selector in self._intent.selectors:
            _, sent, clear = switch.walk(self._explorer.packet(self._intent, selector))
            labels = tuple((action, *leaving.outermost) for action, leaving in sent)
            treatments.add((clear, labels))
        return len(treatments) == 1

    def _needless(self, outcome: Outcome) -> Iterator[tuple[str, Breach]]:
        """Dropped, and from there a path was left under some permit."""
        for failed in self._survivable(outcome):
            if self._is_needless(outcome, failed):
                path = self._left(outcome, self._causes.down(failed))
                assert path is not None
                hubs = " - ".join(place.hub for place in path.places)
                came = " - ".join(outcome.hubs)
                lost = f"packets of {outcome.intent} come by {came} and are lost"
                said = f"{lost} {_when(outcome, failed)}, though {hubs} is left"
                yield "C9", Breach(said, outcome.hub, outcome.entry)
                return

    def _is_needless(self, outcome: Outcome, failed: Mask) -> bool:
        """Whether a path was left; not if none is left by what was seen dead, which is less."""
        more = failed & ~self._explorer.known
        if more.bit_count() > self._searched.promised.k or more & ~self._covered:
            return False
        if self._left(outcome, outcome.down) is None:
            return False
        return self._left(outcome, self._causes.down(failed)) is not None

    def _left(self, outcome: Outcome, down: Mask) -> Trail | None:
        """A path from where packets are dropped, under any permit that is still satisfied there."""
        for number, state in enumerate(outcome.states):
            if state is None:
                continue
            left = self._of(number).left(outcome.hub, state, down, outcome.one_way_ns)
            if left is not None:
                return left
        return None

    def _unlawful(self, outcome: Outcome) -> Iterator[tuple[str, Breach]]:
        """Delivered by a path that no permit allows, or that is too long for all permits."""
        allowing = [
            automaton
            for automaton, state in zip(self._automata, outcome.states, strict=True)
            if state is not None and automaton.finish(state) is None
        ]
        if not allowing:
            said = f"{_arriving(outcome)}, which no permit allows"
            yield "C10", Breach(said, outcome.hub, outcome.entry)
        elif all(automaton.exceeds(outcome.one_way_ns) for automaton in allowing):
            took = format_duration(outcome.one_way_ns)
            said = f"{_arriving(outcome)} after {took}, more than is permitted"
            yield "C11", Breach(said, outcome.hub, outcome.entry)

    def _survivable(self, outcome: Outcome) -> list[Mask]:
        """Least sets of failures that leave the destination alive."""
        return [failed for failed in outcome.family if not failed & self._target]

    def _of(self, number: int) -> Lawful:
        if number not in self._lawful:
            lawful = self._explorer.lawful(self._automata[number])
            for outcome in self._searched.outcomes:
                arrived = (outcome.states[number], outcome.one_way_ns)
                if outcome.delivered and accepts(lawful.automaton, *arrived):
                    lawful.know(outcome.used)
            self._lawful[number] = lawful
        return self._lawful[number]


def _when(outcome: Outcome, failed: Mask | None = None) -> str:
    names = sorted(outcome.explained[0] if failed is None else outcome.causes.named(failed))
    fail = "fails" if len(names) == 1 else "fail"
    return f"when {' and '.join(names)} {fail}" if names else "while nothing fails"


def _arriving(outcome: Outcome) -> str:
    path = " - ".join(outcome.hubs)
    return f"packets of {outcome.intent} arrive by {path} {_when(outcome)}"


def _slowest(searched: Searched) -> Slowest | None:
    delivered = [outcome for outcome in searched.outcomes if outcome.delivered]
    if not delivered:
        return None
    worst = max(delivered, key=lambda outcome: outcome.one_way_ns)
    intact = searched.outcomes[0]
    intact_ns = intact.one_way_ns if intact.delivered else None
    return Slowest(searched.intent.id, worst.one_way_ns, intact_ns, worst.explained[0])


def _counts(searched: tuple[Searched, ...], started: float) -> Counts:
    outcomes = [outcome for one in searched for outcome in one.outcomes]
    return Counts(
        intents=len(searched),
        outcomes=len(outcomes),
        lost=sum(not outcome.delivered for outcome in outcomes),
        ms=round((time.perf_counter() - started) * 1e3, 3),
    )
