"""A second opinion as a value: how much was judged, and where the two differ."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

MOST_TOLD = 20
"""Lines of disagreements; those that need the fewest failures come first."""


@dataclass(frozen=True)
class Disagreement:
    """One thing that the first opinion takes for so, and the second does not."""

    kind: str
    """``unlawful path``, ``needless drop``, ``wrong host``, ``not blocked``, ``witness`` or
    ``counterexample``."""
    demand: str
    failures: tuple[str, ...]
    path: str
    reason: str

    def __str__(self) -> str:
        failures = f" while {', '.join(self.failures)} failed" if self.failures else ""
        path = f": {self.path}" if self.path else ""
        return f"{self.kind}, {self.demand}{failures}{path}: {self.reason}"


@dataclass(frozen=True)
class SecondOpinion:
    """What became of a comparison."""

    demands: int
    witnesses: int
    counterexamples: int
    failure_sets: int
    walks: int
    """Packets that were followed through the tables."""
    paths: int
    """Different paths that the evaluator judged, of packets, witnesses and counterexamples."""
    disagreements: tuple[Disagreement, ...]

    @property
    def agrees(self) -> bool:
        return not self.disagreements

    def to_json(self) -> dict[str, Any]:
        return {"agrees": self.agrees, **asdict(self)}

    def __str__(self) -> str:
        judged = (
            f"{self.paths:,} paths judged: {self.walks:,} packets of {self.demands:,} demands "
            f"under {self.failure_sets:,} sets of failures, {self.witnesses:,} witnesses, "
            f"{self.counterexamples:,} counterexamples"
        )
        if self.agrees:
            return f"second opinion: agrees; {judged}"
        differ = [f"second opinion: differs {len(self.disagreements):,} times; {judged}"]
        plainest = sorted(self.disagreements, key=lambda one: len(one.failures))
        differ += [f"  {one}" for one in plainest[:MOST_TOLD]]
        more = len(plainest) - MOST_TOLD
        return "\n".join([*differ, *([f"  and {more:,} more (--json)"] if more > 0 else [])])
