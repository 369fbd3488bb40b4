"""What ``corridor plan`` answers, as typed documents. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from corridor.topologies.base.codec import Document

PLAN_SCHEMA = 1


@dataclass(frozen=True)
class Latencies:
    """RTTs of the demands that are served today, in ms; and how many demands are served."""

    sum_ms: float
    median_ms: float
    p95_ms: float
    """95 % of these demands have at most this RTT."""
    maximum_ms: float
    served: int
    """Demands with a lawful path for requests and answers, of all demands."""


@dataclass(frozen=True)
class CostRange:
    """Million US dollars."""

    low_musd: float
    high_musd: float


@dataclass(frozen=True)
class SavingRange:
    """ms of RTT for each million US dollars, at the high and at the low end of the cost."""

    low_ms_per_musd: float
    high_ms_per_musd: float


@dataclass(frozen=True)
class YearRange:
    """Years from the decision to service."""

    low_years: float
    high_years: float


@dataclass(frozen=True)
class Building:
    """One candidate, and what it gives if nothing else is built."""

    id: str
    kind: Literal["fibre", "gateway"]
    what: str
    origin: str
    """``announced``, ``discussed``, or ``assumption``: no plan is known."""
    length_km: float | None
    """Of a fibre, as written; its delay is computed from it."""
    saves_ms: float
    """Of the sum of RTTs of demands that are served today."""
    newly_served: int
    """Demands."""
    cost: CostRange | None
    """None where nothing is known."""
    cost_because: str
    saves_per_musd: SavingRange | None
    first_share: float | None
    """Share of samples of lengths in which it alone saves most; None without samples."""
    years: YearRange | None
    """None where nothing is known."""
    needs: str
    """Permits, partners, and who decides."""
    confidence: str
    sources: tuple[str, ...]
    """Title and date of each; none of an assumption."""


@dataclass(frozen=True)
class Selected:
    """Candidates to build, and what they give together."""

    ids: tuple[str, ...]
    latencies: Latencies
    saves_ms: float
    cost: CostRange | None
    """None where the cost of one is unknown."""


@dataclass(frozen=True)
class ChangedDemand:
    """A demand whose RTT the plan changes."""

    demand: str
    before_ms: float | None
    """None without a lawful path."""
    after_ms: float


@dataclass(frozen=True)
class Certainty:
    """How often the plan is the best one, over samples of the lengths of candidates."""

    samples: int
    seed: int
    best_share: float
    """Of samples in which no other plan is better."""
    mean_regret_ms: float
    """What the best plan of each sample would save more, on average."""
    most_regret_ms: float


@dataclass(frozen=True)
class PlanAnswer(Document):
    """The best candidates to build for one scenario."""

    schema: int
    scenario: str
    topology: str
    policies: str
    as_of: str
    candidates: str
    """Name of the file of candidates."""
    by: Literal["latency", "reach"]
    most: int | None
    """Candidates that may be built; None without a limit."""
    budget_musd: float | None
    demands: int
    today: Latencies
    plan: Selected
    bound: float
    """Of the objective: ms of RTT that no plan within the limits undercuts, or demands that none
    exceeds."""
    greedy: Selected
    everything: Latencies
    """With all candidates: what no plan can better."""
    singles: tuple[Building, ...]
    """Each candidate alone, the best first."""
    changed: tuple[ChangedDemand, ...]
    """Those whose RTT the plan changes."""
    certainty: Certainty | None
    """None without samples."""
