"""The claim about updates: whatever an update has come to, every claim holds.

In a two-phase update a packet is served by one epoch from its edge to its end, and labels of two
epochs are disjoint. So two proofs cover every moment: of what switches hold once the new epoch
stands beside the old, and of what they will hold once their edges are flipped. Edges that are
flipped one after another are covered too, since the demands of each are proven by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from corridor.controller.prover.verdicts import NEVER, Proof, Verdict


@dataclass(frozen=True)
class UpdateProof:
    """What an update is allowed by."""

    beside: Proof
    """Of what switches say they hold, by what the old epoch is to serve."""
    flipped: Proof
    """Of what they will hold, by what the new epoch is to serve."""

    @property
    def holds(self) -> bool:
        return self.beside.holds and self.flipped.holds

    @property
    def verdict(self) -> Verdict:
        """C13, with the counterexample of the first claim that does not hold."""
        broken = (*self.beside.violated, *self.flipped.violated)
        if not broken:
            return Verdict("C13", NEVER["C13"], "proven")
        shown = broken[0].counterexample
        return Verdict("C13", NEVER["C13"], "violated", broken[0].claim, len(broken), shown)


def objections(proof: Proof) -> tuple[str, ...]:
    """The claims that do not hold, each with the verdict of its counterexample."""
    return tuple(f"{one.claim} {_shown(one)}" for one in proof.violated)


def _shown(verdict: Verdict) -> str:
    shown = verdict.counterexample
    if shown is None:
        return verdict.sentence
    return f"{shown.demand}: {shown.verdict}" if shown.demand else shown.verdict
