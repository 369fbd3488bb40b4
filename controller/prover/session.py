"""Proofs of one set of tables after another, each of which asks only what differs.

A proof is carried over from the one before it. A finding is kept where everything that it read is
equal, and is computed again elsewhere. ``findings`` states what each kind of finding reads, and
``ExactKey`` states it for the exact search. Keys are values, never their hashes. The decisions of
switches along the path are kept separately (``Read``), since it does not depend on what has failed.

Only proofs that hold are carried over. Where a carried proof does not hold, a whole proof decides.
After ``WHOLE_EVERY`` carried proofs, a whole one checks them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from corridor.controller.forwarding.program import FastFailover, Program
from corridor.controller.intent.intent import Intent
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.prover.exact_claims import Judged, judged, judged_again, report
from corridor.controller.prover.exact_search import Explorer, Journeys
from corridor.controller.prover.findings import Findings
from corridor.controller.prover.prove import Prover
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.reach import Step
from corridor.controller.prover.search.tables import Tables
from corridor.controller.prover.verdicts import Proof
from corridor.topologies.base.progress import counting
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring

WHOLE_EVERY = 32
MOST_FOUND = 3
"""Findings that are kept: of the current tables, of those before, and of those to come."""
MOST_SEARCHED = 4
"""Exact searches that are kept of each direction, so that a state which returns is known."""


@dataclass(frozen=True)
class Question:
    """Everything that a proof is about."""

    tables: Tables
    wiring: Wiring
    topology: Topology
    intents: tuple[Intent, ...]
    intended: Program | None
    failures: Failures = NO_FAILURES
    """What is known to have failed."""
    resting: frozenset[int] = frozenset()
    """Labels that may be let in although no host's port gives them."""
    rates: bool = False
    """Whether guaranteed rates must fit."""

    @property
    def network(self) -> Network:
        return Network(
            self.tables,
            self.wiring,
            self.topology,
            self.intents,
            self.intended,
            self.failures,
            self.resting,
        )


class Read(NamedTuple):
    """Everything that decides where packets of one direction go, whatever has failed.

    A packet of it meets no entry, and no group, that is not among those which the search under any
    failures has met.
    """

    intent: Intent
    steps: tuple[Step, ...]
    groups: tuple[FastFailover, ...]
    wiring: Wiring
    topology: Topology


class ExactKey(NamedTuple):
    """Everything that the exact search of one direction depends on."""

    known: Failures
    read: Read


class _Found(NamedTuple):
    """A question whose proof holds, and the findings of that proof."""

    asked: Question
    findings: Findings


class Session:
    """Proves one question after another."""

    def __init__(self, differs: Callable[[str], object] = lambda _said: None) -> None:
        """``differs`` is called with a sentence where a whole proof contradicts a carried one."""
        self._differs = differs
        self._found: deque[_Found] = deque(maxlen=MOST_FOUND)
        self._searched: dict[str, tuple[tuple[ExactKey, Judged], ...]] = {}
        """By intent, the last search first."""
        self._explorer: Explorer | None = None
        """Of the last proof."""
        self._journeys: dict[str, tuple[Read, Journeys]] = {}
        """By intent, what switches decided in the last search: the same while others fail."""
        self._carried = 0
        """How many proofs were carried since the last whole one."""

    def prove(self, asked: Question) -> Proof:
        """Prove with earlier findings, and without any where the result does not hold."""
        started = time.perf_counter()
        findings = self._found_in(asked)
        carried = self._proof(asked, findings, started)
        self._carried += 1
        if carried.holds and self._carried <= WHOLE_EVERY:
            self._keep(asked, findings)
            return carried
        whole = self.prove_whole(asked)
        differing = _differing(carried, whole)
        if differing:
            self.forget()
            self._differs(f"a carried proof differs from the whole proof in {differing}")
        return whole

    def prove_whole(self, asked: Question) -> Proof:
        """Prove without earlier findings; the new ones serve later proofs."""
        self.forget()
        started = time.perf_counter()
        findings = Findings.of(asked.network)
        proof = self._proof(asked, findings, started)
        if proof.holds:
            self._keep(asked, findings)
        return proof

    def forget(self) -> None:
        """Have the next proof be a whole one."""
        self._found.clear()
        self._searched.clear()
        self._explorer = None
        self._journeys.clear()
        self._carried = 0

    def _found_in(self, asked: Question) -> Findings:
        """From the findings on the same demands whose tables differ by the fewest entries."""
        known = [one.findings for one in reversed(self._found) if _is_alike(one.asked, asked)]
        if not known:
            return Findings.of(asked.network)
        known.sort(key=lambda one: one.core.network.failures != asked.failures)
        nearest, least = known[0], None
        for one in known:
            apart = _apart(one.core.network.tables, asked.tables)
            if least is None or apart < least:
                nearest, least = one, apart
            if not apart:
                break
        return nearest.after(
            asked.tables,
            intended=asked.intended,
            failures=asked.failures,
            resting=asked.resting,
            intents=asked.intents,
            others=[one for one in known if one is not nearest],
        )

    def _keep(self, asked: Question, findings: Findings) -> None:
        """Keep the last findings of each state of the network."""
        for one in tuple(self._found):
            before = one.asked
            same = (before.failures, before.intents) == (asked.failures, asked.intents)
            if same and _is_alike(before, asked):
                self._found.remove(one)
        self._found.append(_Found(asked, findings))

    def _proof(self, asked: Question, findings: Findings, started: float) -> Proof:
        explorer = self._explorer = self._exploring(asked, findings.core.network.tables)
        asking = counting(asked.intents, "directions searched under failures")
        each = [
            self._judged(explorer, asked, findings, number, intent)
            for number, intent in enumerate(asking, start=1)
        ]
        exact = report(explorer, each, started, rates=asked.rates)
        ms = round((time.perf_counter() - started) * 1e3, 3)
        return Prover(findings, ms, exact).proof

    def _exploring(self, asked: Question, tables: Tables) -> Explorer:
        """One for the question, whose ``tables`` are equal to those of the findings."""
        last = self._explorer
        if last is None or (last.wiring, last.topology) != (asked.wiring, asked.topology):
            return Explorer(tables, asked.wiring, asked.topology, asked.failures)
        return last.after(tables, asked.failures)

    def _judged(
        self, explorer: Explorer, asked: Question, findings: Findings, number: int, intent: Intent
    ) -> Judged:
        """The result of the exact search for one intent, kept or new."""
        seen = findings.searched[intent.hosts[0], number].seen
        read = Read(intent, *seen.read, asked.wiring, asked.topology)
        key = ExactKey(asked.failures, read)
        known = self._searched.get(intent.id, ())
        found = next((one for before, one in known if before == key), None)
        if found is None:
            alike = (judged_again(explorer, one) for was, one in known if was.read == read)
            found = next((one for one in alike if one is not None), None)
        if found is None:
            before, journeys = self._journeys.get(intent.id, (None, None))
            if journeys is not None and before == read:
                explorer.resume(intent, journeys)
            found = judged(explorer, intent)
            self._journeys[intent.id] = read, explorer.journeys(intent)
        others = tuple(one for one in known if one[1] is not found)
        self._searched[intent.id] = ((key, found), *others)[:MOST_SEARCHED]
        return found


def _is_alike(before: Question, asked: Question) -> bool:
    """Whether findings on one may count for the other.

    They may if both differ only in the tables, the intended program, the failures, the resting
    labels, whether rates are checked, and the policies and protection of the demands.
    """
    return (
        before.wiring == asked.wiring
        and before.topology == asked.topology
        and len(before.intents) == len(asked.intents)
        and all(map(_of_same_packets, before.intents, asked.intents))
    )


def _of_same_packets(one: Intent, other: Intent) -> bool:
    return one is other or _packets(one) == _packets(other)


def _packets(intent: Intent) -> tuple[object, ...]:
    return intent.demand, intent.selectors, intent.dscp


def _apart(one: Tables, other: Tables) -> int:
    """How many entries are objects of only one of two reports."""
    return sum(
        len({*map(id, held.flows)} ^ {*map(id, other.switches[hub].flows)})
        for hub, held in one.switches.items()
        if hub in other.switches and held is not other.switches[hub]
    )


def _differing(carried: Proof, whole: Proof) -> str:
    """The claims on which two proofs differ, in a list; for the reader of an error."""
    pairs = zip(carried.verdicts, whole.verdicts, strict=True)
    return ", ".join(one.claim for one, other in pairs if one.status != other.status)
