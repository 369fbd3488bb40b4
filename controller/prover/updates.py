"""The claim about updates: whatever an update has come to, every claim holds.

In a two-phase update one version of a direction serves a packet from its edge to its end, and the
labels of all versions are disjoint. So two proofs cover every moment: of what switches hold once
the new versions are installed, and of what they will hold once their edges are flipped. Edges that
are flipped one after another are covered too, since the demands of each are proven by themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from corridor.controller.forwarding.program import Flow, Program, Table
from corridor.controller.prover.verdicts import NEVER, Proof, Verdict


@dataclass(frozen=True)
class UpdateProof:
    """What an update is allowed by."""

    beside: Proof
    """Of what switches say they hold, by the old deployment."""
    flipped: Proof
    """Of what they will hold, by the new deployment."""
    beyond: tuple[str, ...] = ()
    """What else than edges would change with them, as ``beyond_edges`` says it."""

    @property
    def holds(self) -> bool:
        return self.beside.holds and self.flipped.holds and not self.beyond

    @property
    def verdict(self) -> Verdict:
        """C13, with the counterexample of the first claim that does not hold."""
        broken = (*self.beside.violated, *self.flipped.violated)
        if not broken and self.beyond:
            return Verdict("C13", NEVER["C13"], "violated", self.beyond[0], len(self.beyond))
        if not broken:
            return Verdict("C13", NEVER["C13"], "proven")
        shown = broken[0].counterexample
        return Verdict("C13", NEVER["C13"], "violated", broken[0].claim, len(broken), shown)


def beyond_edges(beside: Program, flipped: Program) -> Iterator[str]:
    """Where more than edges would change when edges are flipped.

    They are flipped one switch after another, so whatever is beyond them must stand before: else a
    packet comes from a switch that has changed to one that has not.
    """
    later = {switch.hub: switch for switch in flipped.switches}
    for switch in beside.switches:
        then = later[switch.hub]
        held, will_hold = [*_core(switch.flows)], [*_core(then.flows)]
        # To count thousands of entries takes longer than to see that they are the same.
        differ = held != will_hold and Counter(held) != Counter(will_hold)
        if differ or (switch.groups, switch.meters) != (then.groups, then.meters):
            yield f"more than edges would change at {switch.hub} when edges are flipped"


def _core(flows: tuple[Flow, ...]) -> Iterator[Flow]:
    return (flow for flow in flows if flow.table not in (Table.CLASSIFY, Table.LABEL))


def objections(proof: Proof) -> tuple[str, ...]:
    """The claims that do not hold, each with the verdict of its counterexample."""
    return tuple(f"{one.claim} {_shown(one)}" for one in proof.violated)


def _shown(verdict: Verdict) -> str:
    shown = verdict.counterexample
    if shown is None:
        return verdict.sentence
    return f"{shown.demand}: {shown.verdict}" if shown.demand else shown.verdict
