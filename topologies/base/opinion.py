"""A second opinion as a value: how much was judged, and where the two differ."""

from __future__ import annotations

from dataclasses import dataclass, fields

MOST_TOLD = 20
"""Lines of disagreements."""


@dataclass(frozen=True)
class Disagreement:
    """One thing that the first opinion takes for so, and the second does not."""

    kind: str
    """``unlawful path``, ``needless drop``, ``wrong host``, ``not blocked``, ``not preferred``,
    ``witness`` or ``counterexample``."""
    demand: str
    failures: tuple[str, ...]
    path: str
    reason: str

    def __str__(self) -> str:
        failures = f" while {', '.join(self.failures)} failed" if self.failures else ""
        path = f": {self.path}" if self.path else ""
        return f"{self.kind}, {self.demand}{failures}{path}: {self.reason}"


@dataclass(frozen=True)
class OpinionEntry:
    """An opinion as ``proof.json`` has it: with the plainest disagreements."""

    agrees: bool
    demands: int
    witnesses: int
    counterexamples: int
    failure_sets: int
    walks: int
    """Packets that were followed through the tables."""
    paths: int
    """Different paths that the evaluator judged, of packets, witnesses and counterexamples."""
    disagreements: tuple[Disagreement, ...]
    differs: int
    """How many disagreements there are in all."""


@dataclass(frozen=True)
class SecondOpinion:
    """The outcome of a comparison."""

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

    @property
    def plainest(self) -> tuple[Disagreement, ...]:
        """Of each kind and demand the one that needs the fewest failures; these come first."""
        found: dict[tuple[str, str], Disagreement] = {}
        for one in sorted(self.disagreements, key=lambda one: len(one.failures)):
            found.setdefault((one.kind, one.demand), one)
        return tuple(found.values())

    @property
    def entry(self) -> OpinionEntry:
        counts = {one.name: getattr(self, one.name) for one in fields(self)}
        told = {"disagreements": self.plainest, "differs": len(self.disagreements)}
        return OpinionEntry(agrees=self.agrees, **{**counts, **told})

    def __str__(self) -> str:
        judged = (
            f"evaluated {self.paths:,} paths, with {self.walks:,} packets of {self.demands:,} "
            f"demands (each direction counts) under {self.failure_sets:,} failure sets, "
            f"{self.witnesses:,} witnesses and {self.counterexamples:,} counterexamples"
        )
        if self.agrees:
            return f"independent check: agrees; {judged}"
        lines = [f"independent check: differs {len(self.disagreements):,} times; {judged}"]
        lines += [f"  {one}" for one in self.plainest[:MOST_TOLD]]
        more = len(self.plainest) - MOST_TOLD
        return "\n".join([*lines, *([f"  and {more:,} more (--json)"] if more > 0 else [])])
