"""What ``corridor place`` answers, as a typed document. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from corridor.controller.policy.clauses.clause import StatementKind
from corridor.experiments.placement.day_documents import Day
from corridor.topologies.base.codec import Document
from corridor.topologies.model.topology import Confidence

PLACE_SCHEMA = 1


@dataclass(frozen=True)
class Optimum:
    """The value of an objective, and what the solver proved."""

    value: float
    """Of the placement found."""
    bound: float
    """No placement has a lower value."""
    is_optimal: bool
    """Whether the gap that was asked for was reached in time."""

    @property
    def gap(self) -> float:
        """The distance of the bound over the value; 0 if both are 0."""
        return (self.value - self.bound) / self.value if self.value else 0.0


@dataclass(frozen=True)
class Quantiles:
    """Of samples."""

    low: float
    """5 % quantile."""
    median: float
    high: float
    """95 % quantile."""


@dataclass(frozen=True)
class CostOfLaw:
    """The optimum under law less that without, for the same jobs."""

    value: float
    low: float
    high: float
    """Bounds: the gaps of both optima are carried."""
    rtt: Quantiles
    """What it adds to the mean RTT of a job in ms, in Monte Carlo samples of the map."""
    moved_mw: float
    """Mean IT power that is at another hub because of it."""
    money: tuple[float, float, float] | None
    """What it adds to the cost of power in ``currency``: with all prices at the low end, as they
    are, and at the high end; None where a hub in use by either has no price."""


@dataclass(frozen=True)
class CountedTotal:
    """Emissions of the placement in a day, by one counting: of the hubs in use with a factor."""

    count: str
    tco2: float | None
    """None where one of them has bounds only, or there is none."""
    low: float | None
    high: float | None
    """The same placement with all factors at one end."""
    hubs: tuple[str, ...]
    """Hubs in use that are counted."""
    unknown: tuple[str, ...]
    """Hubs in use without a direct factor of this counting: they are not in the figures."""
    without_interval: tuple[str, ...]
    """Hubs in use whose factor has no interval, or one on one side of the value only."""


@dataclass(frozen=True)
class NearTie:
    """A hub in use and a candidate hub of another country, whose emissions per MWh of IT energy
    differ by less than the methods of two countries do."""

    hub: str
    other: str
    difference: float
    """The share by which the other one emits more; negative: less."""


@dataclass(frozen=True)
class PlacedHub:
    """What runs at one hub in a day."""

    hub: str
    grid: str
    """Province or country."""
    limit_mw: float
    """IT power that the jobs may use."""
    limit_basis: str
    """``stated``, or that of the published figure."""
    pue: float
    pue_basis: str
    mean_mw: float
    """IT power."""
    peak_mw: float
    it_mwh: float
    meter_mwh: float
    """IT energy times PUE."""
    factor: float | None
    """g/kWh by the counting of the objective."""
    tco2: float | None
    cost: float | None
    hourly_mw: tuple[float, ...]
    """IT power by hour of the day."""


@dataclass(frozen=True)
class UncertainPermit:
    """The permit in use of a path that no permit allows for certain."""

    leg: str
    """``input`` or ``results``."""
    policy: str
    confidence: Confidence
    kind: StatementKind | None
    """None: a rule that cites no law."""


@dataclass(frozen=True)
class PlacedPart:
    """Jobs of a group at one hub."""

    hub: str
    jobs: float
    rtt_ms: float
    """By the delays that the map states; 0 at the origin itself."""
    rtt_low_ms: float
    rtt_high_ms: float
    """90 % interval of Monte Carlo samples of the map."""
    within_budget: float | None
    """The share of samples within the RTT budget; None without a budget."""
    is_covered: bool
    """Whether the policy set covers the data."""
    input_path: tuple[str, ...]
    """Hubs; empty where data stays at the hub."""
    result_path: tuple[str, ...]
    uncertain_permits: tuple[UncertainPermit, ...] = ()
    """Empty without law."""


@dataclass(frozen=True)
class PlacedGroup:
    """One entry of the file: equal jobs."""

    job: str
    count: int
    origin: str
    destination: str
    data: str
    returns: str
    it_mwh: float
    """Of all its jobs."""
    rtt_budget_ms: float | None
    window_h: tuple[int, int]
    parts: tuple[PlacedPart, ...]


@dataclass(frozen=True)
class ForbiddenBetter:
    """A hub that would be better for a group, and what blocks it."""

    job: str
    hub: str
    jobs: float
    """That run there without law."""
    saves: float
    """What these jobs cost less there than their mean under law, in the unit of the objective. Hubs
    may be full under law, so that other jobs would have to leave: savings do not add up."""
    leg: str
    """``input`` or ``results``; ``round trip`` if the lawful one exceeds the budget."""
    why: str
    policy: str
    clause: str
    confidence: str


@dataclass(frozen=True)
class NotPlaced:
    """A group without a candidate hub; it is in no total and in neither optimum."""

    job: str
    count: int
    it_mwh: float
    is_blocked_by_law: bool
    """Whether a hub is within reach without law."""
    why: str


@dataclass(frozen=True)
class AtEnd:
    """The linear relaxation (parts of jobs) with all factors at one end of their intervals."""

    end: str
    """``low`` or ``high``."""
    tco2: float
    moved: float
    """The share of IT energy that is at other hubs than with the factors of the placement."""
    most_used: str
    """The hub with most IT energy."""
    is_same: bool
    """Whether it is that of the placement."""
    cost_of_law: float
    """The same with law less that without."""


@dataclass(frozen=True)
class OtherCounting:
    """The linear relaxation by a counting that did not choose the placement."""

    count: str
    moved: float
    """The share of IT energy that it would place at other hubs."""
    most_used: str


@dataclass(frozen=True)
class SampledHub:
    """What one hub has of the IT energy in samples of the values."""

    hub: str
    share: Quantiles
    first: float
    """The share of samples in which it has most."""


@dataclass(frozen=True)
class Sensitivity:
    """The linear relaxation (parts of jobs) in samples of values within their intervals: power
    limits, PUE, and factors or prices."""

    samples: int
    seed: int
    placed: int
    """Samples in which the jobs fit, under law and without; all figures are of these."""
    hub: str
    """The hub with most IT energy of the placement."""
    stays_first: float
    """The share of samples in which it has most."""
    stays_interval: tuple[float, float]
    """95 % interval of that share, since samples are finite."""
    optimum: Quantiles
    """In the unit of the objective."""
    cost_of_law: Quantiles
    """Law and no law by the same values."""
    hubs: tuple[SampledHub, ...]
    """The largest median first."""
    drawn: tuple[str, ...]
    """Values with an interval: ``mw tianfu``."""
    held: tuple[str, ...]
    """Values without one: the same in all samples."""


@dataclass(frozen=True)
class SampledDifference:
    """What other hubs add, in samples in which both placements have the same values."""

    placed: int
    """Samples in which the jobs fit at both."""
    adds: Quantiles
    """In the unit of the objective."""
    more: float
    """The share of samples in which it is more than 0."""


@dataclass(frozen=True)
class OtherHubs:
    """The same jobs at other hubs, by the same law, power limits and counting."""

    hubs: tuple[str, ...]
    """That may compute instead."""
    optimum: Optimum
    adds: float
    """The optimum there less that of the placement, in the unit of the objective."""
    low: float
    high: float
    """Bounds: the gaps of both optima are carried."""
    rtt: Quantiles
    """What it adds to the mean RTT of a job in ms, in Monte Carlo samples of the map."""
    sampled: SampledDifference | None
    """None without samples of the values."""


@dataclass(frozen=True)
class CommonHub:
    """A hub where all entries of the file may run without law: one site for all."""

    hub: str
    rtt_ms: float
    """The longest RTT of an entry without law."""
    rtt_low_ms: float
    rtt_high_ms: float
    """90 % interval of Monte Carlo samples of the map."""
    within_budget: float | None
    """The share of samples in which that entry is within its RTT budget; None without a budget."""
    lawful_rtt_ms: float | None
    """The longest under law; None where law blocks one."""
    blocked: tuple[str, ...]
    """Entries that law blocks there."""
    why: str
    """What blocks the first of them."""


@dataclass(frozen=True)
class LiftedPolicy:
    """The optimum (linear relaxation, same jobs) with one change of law and all else in force."""

    kind: str
    """``lift`` a policy, or another legal ``basis`` of a data class."""
    what: str
    """The policy or the class."""
    saves: float
    """What the optimum under law falls by, in the unit of the objective."""
    low: float
    high: float
    """The smallest and largest of it with all factors at an end."""
    moved: float
    """The share of IT energy that moves."""
    opens: tuple[str, ...]
    """Hubs that all entries of the file may share only then."""


@dataclass(frozen=True)
class ParetoPoint:
    """The lowest emissions with a limit of the mean RTT."""

    mean_rtt_ms: float
    tco2: float
    bound: float
    hubs: dict[str, float]
    """IT energy by hub in MWh."""


@dataclass(frozen=True)
class LoadedLink:
    """A fibre or shared landing in one direction, with the mean rate of the jobs."""

    link: str
    direction: str
    gbps: float
    """Of the jobs, without cuts: the largest mean of an hour."""
    capacity_gbps: float
    capacity_basis: str
    background_gbps: float = 0.0
    """Beside the jobs, without cuts."""
    cut: tuple[str, ...] = ()
    """Of the file's ``cuts``, that under which it is fullest; empty if that is without cuts."""
    cut_gbps: float = 0.0
    """Of the jobs under that cut."""
    cut_background_gbps: float = 0.0

    @property
    def share(self) -> float:
        """Of its capacity, of jobs and background under that cut."""
        return (self.cut_gbps + self.cut_background_gbps) / self.capacity_gbps


@dataclass(frozen=True)
class CutJobs:
    """Placed jobs that a cut disturbs, for all recomputed paths."""

    cut: tuple[str, ...]
    no_path: tuple[str, ...]
    """Ids of entries with jobs that have no path there or back."""
    late: tuple[str, ...]
    """Ids of entries with jobs whose RTT is above their budget."""
    it_mwh: float
    """IT energy of a day of both."""


@dataclass(frozen=True)
class PlaceAnswer(Document):
    """What ``corridor place`` answers."""

    schema: int
    name: str
    topology: str
    policies: str
    as_of: str
    objective: str
    count: str
    """The counting of the objective; empty for cost and latency."""
    unit: str
    """Of the objective: ``tCO2``, a currency, or ``ms`` (sum over jobs)."""
    is_without_law: bool
    """Whether the placement shown ignores law."""
    jobs: int
    """That are placed."""
    it_mwh: float
    mean_rtt: Quantiles
    """Over jobs in ms, in Monte Carlo samples of the map."""
    hubs: tuple[PlacedHub, ...]
    groups: tuple[PlacedGroup, ...]
    not_placed: tuple[NotPlaced, ...]
    with_law: Optimum
    without_law: Optimum
    cost_of_law: CostOfLaw
    totals: tuple[CountedTotal, ...]
    """The same placement by all three countings: figures of different countings are not added."""
    currency: str
    """Of costs; empty where prices of the hubs in use are unknown or differ in currency."""
    ends: tuple[AtEnd, ...]
    other_countings: tuple[OtherCounting, ...]
    """Those by which every candidate hub has a value."""
    is_tie: bool
    """Whether all hubs in use emit the same by the counting, so that RTT decides."""
    near_ties: tuple[NearTie, ...]
    """The smallest difference of each hub in use, that with most IT energy first."""
    pareto: tuple[ParetoPoint, ...]
    sensitivity: Sensitivity | None
    """None without samples."""
    against: OtherHubs | None
    """None where no other hubs were named."""
    common: tuple[CommonHub, ...]
    lifted: tuple[LiftedPolicy, ...] | None
    """The largest saving first; None if it was not asked for."""
    forbidden: tuple[ForbiddenBetter, ...]
    """The largest savings first."""
    links: tuple[LoadedLink, ...]
    """The highest utilization first, by jobs and background under the worst cut."""
    fibre_share: float | None
    """None: fibres are not limited."""
    wan_mwh: float | None
    """Energy of the network, in no total; None: not counted."""
    published_limits: tuple[str, ...]
    """Hubs whose limit is a published one: all IT power in operation, not what is free."""
    without_rules: tuple[str, ...]
    """Hubs in use in whose country the policy set describes no data: only the law of the data's
    origin was applied there."""
    stated: tuple[str, ...]
    """Values that the caller stated, such as ``mw guian=120``."""
    day: Day | None = None
    """The day with the events of the file; None without events."""
    equal: tuple[str, ...] = ()
    """Candidate hubs that emit as much for an MWh of IT energy by the counting as the hub with most
    of it, so that RTT decides between them."""
    unresolved: tuple[str, ...] = ()
    """Candidate hubs that emit more than that hub by the values, and may emit less by the intervals
    of both factors."""
    season: str = ""
    """Of the emissions by location: ``wet``, ``dry`` or a month; empty: the year. By contracts
    nothing is known then."""
    annual: tuple[str, ...] = ()
    """Candidate hubs whose factor is that of the year all the same, as the caller states."""
    background: str = ""
    """The source of traffic beside the jobs: ``internet``, ``stated`` or a file; empty without."""
    cuts: str = ""
    """What is cut one by one: ``groups``, ``fibres`` or ``pairs``; empty: nothing."""
    disturbing: tuple[CutJobs, ...] = ()
    """Cuts after which jobs have no path or are above their RTT budget, most IT energy first."""
