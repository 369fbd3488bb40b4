"""What ``corridor plan`` answers, as typed documents. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from corridor.topologies.base.codec import Document

PLAN_SCHEMA = 1
type Measure = Literal["latency", "reach", "survival", "capacity", "nines", "cost"]
"""What plans are compared by."""
type Varied = Literal["length", "cost", "law", "rates", "traffic", "demands"]
"""What samples vary; ``rates`` are those of failures and repairs, ``traffic`` is the Internet
traffic on the fibres, ``demands`` are rates of demands with a stated interval."""


@dataclass(frozen=True)
class Latencies:
    """RTTs of the demands that are served today, in ms; and how many demands are served."""

    sum_ms: float
    """Each demand times its weight."""
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
class Measured:
    """Further measures of some candidates; None where one was not asked for."""

    survival_pairs: int | None
    """Pairs of a demand and a failure in which the demand has a lawful path both ways."""
    growth_times: float | None
    """Up to how many times all rates of the scenario fit, in real rates, whatever fails that the
    scenario names."""
    worst_utilization: float | None
    """The highest share of the capacity of a fibre that rates take."""
    low_minutes: float | None
    """Expected minutes a year without a lawful path, added over the demands that are served today:
    a lower bound."""
    high_minutes: float | None


@dataclass(frozen=True)
class Building:
    """One candidate, and what it gives if nothing else is built."""

    id: str
    kind: Literal["fibre", "gateway"]
    what: str
    origin: str
    """``announced``, ``discussed``, or ``assumption``: no plan is known."""
    hub: str | None
    """Of a gateway."""
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
    """Share of samples in which it alone saves most; None without samples."""
    value_share: float | None
    """Share of samples in which it alone saves most for its cost; None without samples, or if its
    cost is unknown."""
    measured: Measured
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
    measured: Measured


@dataclass(frozen=True)
class ParetoPlan:
    """A plan that no other plan within the limits is better than by all measures."""

    ids: tuple[str, ...]
    values: Mapping[Measure, float]
    """ms, demands, pairs, times, minutes or million US dollars (high ends)."""
    equals: int
    """Other plans with the same values."""


@dataclass(frozen=True)
class Proof:
    """What was proved of the plan."""

    method: Literal["program", "enumeration"]
    sets: int | None
    """Sets of candidates that were compared one by one; None for a program."""
    gap: float
    """By how much a better plan may exist, in the unit of the objective; 0 if none does."""


@dataclass(frozen=True)
class TargetValue:
    """What the plan has to reach."""

    measure: Measure
    value: float


@dataclass(frozen=True)
class ChangedDemand:
    """A demand whose RTT the plan changes."""

    demand: str
    before_ms: float | None
    """None without a lawful path."""
    after_ms: float


@dataclass(frozen=True)
class CertainChoice:
    """A set of candidates that could be chosen instead, over the samples."""

    id: str
    """Its candidates, joined by ``+``; ``nothing`` without any."""
    ids: tuple[str, ...]
    best_share: float
    mean_gain: float
    low_gain: float
    """5 % quantile over the samples."""
    high_gain: float
    """95 % quantile."""
    """ms or minutes a year saved, demands added, or times that rates may grow more."""
    mean_regret: float
    """What the best plan of each sample would gain more."""
    most_regret: float


@dataclass(frozen=True)
class Information:
    """What it is worth to know one quantity before the choice."""

    what: str
    gain: float
    """By how much the expected gain of the best choice grows, in the unit of gains."""


@dataclass(frozen=True)
class Certainty:
    """How often the plan is the best one, over samples. Gains and regrets are in ms, demands,
    minutes a year or times that rates grow."""

    samples: int
    seed: int
    varied: tuple[Varied, ...]
    interpretations: int
    """Combinations of interpretations of the law, all equally likely."""
    sets: int
    """Sets of candidates that were compared in each sample."""
    best_share: float
    """Of samples in which no other plan is better."""
    mean_regret: float
    """What the best plan of each sample would gain more, on average."""
    most_regret: float
    choices: tuple[CertainChoice, ...]
    """The plan, the choices with the lowest mean regret, and each single candidate that fits."""
    best_expected: tuple[str, ...]
    """The choice with the highest mean gain."""
    perfect_information: float
    """What the mean gain would grow by if everything were known before the choice."""
    information: tuple[Information, ...]
    """By quantity, the largest first."""
    held: tuple[str, ...] = ()
    """Demands whose rate the answer depends on and no sample varies: no interval is stated."""


@dataclass(frozen=True)
class EmulatedMap:
    """One of the two runs."""

    map: str
    """``today`` or ``planned``."""
    folder: str
    """Its results."""


@dataclass(frozen=True)
class EmulatedDemand:
    """RTTs of one demand on both maps, in ms: what the run predicts of its path, and the median of
    its probes. None without a path."""

    demand: str
    today_predicted_ms: float | None
    today_measured_ms: float | None
    planned_predicted_ms: float | None
    planned_measured_ms: float | None


@dataclass(frozen=True)
class EmulatedPlan:
    """The demands on the map today and on the map with the plan."""

    runs: tuple[EmulatedMap, ...]
    demands: tuple[EmulatedDemand, ...]

    @property
    def largest_error_ms(self) -> float:
        """The largest difference of a measured RTT and its prediction."""
        pairs = (
            pair
            for one in self.demands
            for pair in (
                (one.today_predicted_ms, one.today_measured_ms),
                (one.planned_predicted_ms, one.planned_measured_ms),
            )
        )
        return max((abs(a - b) for a, b in pairs if a is not None and b is not None), default=0.0)


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
    by: Measure
    target: TargetValue | None
    """Of the lowest cost: what the plan has to reach."""
    weigh: Literal["equal", "traffic"]
    """Whether the RTT of a demand counts by its rate."""
    most: int | None
    """Candidates that may be built; None without a limit."""
    budget_musd: float | None
    demands: int
    failures: int | None
    """Shared-risk groups, and fibres in none, that fail one at a time; None if not asked for."""
    today: Latencies
    today_measured: Measured
    plan: Selected
    bound: float
    """Of the objective: ms, minutes or MUSD that no plan within the limits undercuts, or demands,
    pairs or growth that none exceeds."""
    proof: Proof
    greedy: Selected
    everything: Latencies
    """With all candidates: what no plan can better."""
    everything_measured: Measured
    singles: tuple[Building, ...]
    """Each candidate alone, the best first."""
    changed: tuple[ChangedDemand, ...]
    """Those whose RTT the plan changes."""
    pareto: tuple[ParetoPlan, ...]
    """All plans that are not dominated by the measures asked for, today's map among them."""
    certainty: Certainty | None
    """None without samples."""
    emulated: EmulatedPlan | None = None
    """None unless the plan was emulated."""
