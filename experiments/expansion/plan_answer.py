"""``corridor plan``: which candidates to build next. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Literal, get_args

from corridor.experiments.expansion.candidates import (
    FibreCandidate,
    GatewayCandidate,
    read_candidates,
)
from corridor.experiments.expansion.certainty import VARIED, Samples
from corridor.experiments.expansion.measures import (
    LARGE,
    MEASURES,
    Measures,
    Target,
    growth,
    traffic_weights,
)
from corridor.experiments.expansion.pareto import pareto_plans
from corridor.experiments.expansion.plan_documents import (
    PLAN_SCHEMA,
    Building,
    ChangedDemand,
    CostRange,
    Latencies,
    Measure,
    Measured,
    PlanAnswer,
    Proof,
    SavingRange,
    Selected,
    TargetValue,
    Varied,
    YearRange,
)
from corridor.experiments.expansion.problem import Limits, Outcome, Problem
from corridor.experiments.expansion.selection import Objective, Selection, best, greedy
from corridor.experiments.expansion.uncertain_rates import StatedRates
from corridor.experiments.scenario.intents import specify, with_rates
from corridor.experiments.scenario.scenario import LoadedScenario, load_under, under_given
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_MS
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.words import joined

MOST, MOST_SAMPLES = 20, 10_000
MOST_BUDGET_MUSD = 1e9
MOST_SECONDS = 86_400.0
SAMPLED: dict[Measure, tuple[Varied, ...]] = {
    "latency": ("length", "cost", "demands", "law"),
    "reach": ("length", "cost", "law"),
    "nines": ("length", "cost", "rates", "law"),
    "capacity": ("cost", "traffic", "demands"),
}
"""Objectives that samples can be drawn of, and what these may vary; all but law by default, and
demands where rates matter and one has an interval."""
type Weigh = Literal["equal", "traffic"]


@dataclass(frozen=True)
class PlanQuestion:
    """What is asked."""

    most: int | None = 1
    budget_musd: float | None = None
    by: Measure = "latency"
    samples: int = 0
    seed: int = 1
    target: TargetValue | None = None
    weigh: Weigh = "equal"
    rates: tuple[str, ...] = ()
    """Real rates in place of guarantees: ``RATE``, ``CLASS=RATE`` or ``DEMAND=RATE``, each with an
    interval or without: ``2Tbit:1Tbit-3Tbit``."""
    measures: tuple[Measure, ...] = ()
    """Further measures of each candidate alone."""
    pareto: tuple[Measure, ...] = ()
    vary: tuple[Varied, ...] = ()
    """What samples vary; without it, all that the objective depends on but law."""
    seconds: float = 120.0
    """For each program."""

    def __post_init__(self) -> None:
        for name in (self.by, *self.measures, *self.pareto):
            if name not in MEASURES:
                raise _no_measure(name)
        for varied in self.vary:
            if varied not in VARIED:
                raise InputError(f'samples cannot vary "{varied}"', f"write {', '.join(VARIED)}")
        if self.weigh not in get_args(Weigh.__value__):
            raise InputError(f'weigh is "{self.weigh}"', "write equal or traffic")
        if (self.by == "cost") != (self.target is not None):
            hint = "write --by cost with --at-least reach=60 or --at-most latency=2800"
            raise InputError("the lowest cost needs a target, and only that has one", hint)
        if self.target is not None and not math.isfinite(self.target.value):
            raise InputError(f"a {self.target.measure} of {self.target.value}", "state a number")
        if len(set(self.pareto)) < len(self.pareto) or len(self.pareto) == 1:
            raise InputError(
                "a comparison by one measure", "name two or more, each once: latency,cost"
            )
        self._check_numbers()

    def _check_numbers(self) -> None:
        if self.most is None and self.budget_musd is None and self.by != "cost":
            raise InputError("a plan needs a limit", "state --next N or --budget MUSD")
        if self.most is not None and not 1 <= self.most <= MOST:
            raise InputError(f"a plan of {self.most} candidates", f"write 1 to {MOST}")
        if self.budget_musd is not None and not 0 < self.budget_musd <= MOST_BUDGET_MUSD:
            raise InputError(
                f"a budget of {self.budget_musd:g} million USD", "state an amount above 0"
            )
        if not 0 <= self.samples <= MOST_SAMPLES:
            raise InputError(f"{self.samples} samples", f"write 0 to {MOST_SAMPLES:,}")
        if self.samples and self.by not in SAMPLED:
            raise InputError(f"samples of {self.by}", f"samples are of {joined(SAMPLED)}")
        for varied in self.vary if self.samples else ():
            if varied not in SAMPLED[self.by]:
                hint = f"write {', '.join(SAMPLED[self.by])}"
                raise InputError(f"{self.by} does not depend on {varied}", hint)
        if self.samples and "demands" in self.vary and not self._varies_demands:
            raise InputError(
                "no rate that decides has an interval",
                "write --rate ckpt=2Tbit:1Tbit-3Tbit, and --weigh traffic if RTTs are compared",
            )
        if not 0 < self.seconds <= MOST_SECONDS:
            raise InputError(
                f"a time limit of {self.seconds:g} s", f"write up to {MOST_SECONDS:,.0f} s"
            )

    @property
    def varied(self) -> tuple[Varied, ...]:
        """What samples vary."""
        out = ("law",) if self._varies_demands else ("law", "demands")
        return self.vary or tuple(one for one in SAMPLED[self.by] if one not in out)

    @property
    def _varies_demands(self) -> bool:
        """Whether rates matter, and one has an interval."""
        matter = self.by == "capacity" or self.weigh == "traffic"
        return matter and StatedRates.read(self.rates).are_uncertain

    @property
    def limits(self) -> Limits:
        """What may be built."""
        asks_cost = self.by == "cost" or "cost" in self.pareto
        return Limits(self.most, self.budget_musd, asks_cost, self.seconds)

    @property
    def measured(self) -> frozenset[Measure]:
        """What is computed for each candidate alone."""
        target = () if self.target is None else (self.target.measure,)
        return frozenset((self.by, *target, *self.measures))


def _no_measure(name: str) -> InputError:
    hint = nearest(name, MEASURES) or f"they are {', '.join(MEASURES)}"
    if name == "carbon":
        hint = "corridor place JOBS --objective carbon places jobs by emissions"
    return InputError(f'no measure of plans is called "{name}"', hint)


def plan(
    scenario: str | Path = "reference",
    *,
    most: int | None = None,
    budget_musd: float | None = None,
    by: Measure = "latency",
    at_least: Mapping[Measure, float] | None = None,
    at_most: Mapping[Measure, float] | None = None,
    weigh: Weigh = "equal",
    rates: Iterable[str] = (),
    measures: Iterable[Measure] = (),
    pareto: Iterable[Measure] = (),
    candidates: str | Path | None = None,
    leave_out: Iterable[str] = (),
    only: Iterable[str] = (),
    policies: str | None = None,
    as_of: str | date | None = None,
    samples: int = 0,
    seed: int = 1,
    vary: Iterable[Varied] = (),
    time_limit_s: float = 120.0,
) -> PlanAnswer:
    """Compute which candidate fibres and gateways to build next.

    Args:
        scenario: A shipped scenario or a file.
        most: How many to build; 1 without a budget, no limit for the lowest cost.
        budget_musd: Million US dollars for the high ends of their costs together.
        by: ``latency``: the smallest sum of RTTs of demands that are served today; ``reach``: the
            highest number of served demands; ``survival``: pairs of a demand and a single failure
            of a shared-risk group in which it has a path; ``capacity``: growth of all rates;
            ``nines``: expected minutes a year without a path; ``cost``: the lowest cost of what
            ``at_least`` or ``at_most`` asks for.
        at_least: One measure and its value: ``{"reach": 60}``; ``survival`` and ``capacity``, too.
        at_most: The same of ``latency`` (ms) or ``nines`` (minutes).
        weigh: ``traffic`` multiplies the RTT of each demand by its rate over the mean rate.
        rates: Real rates in place of guarantees: ``10Gbit``, ``CLASS=RATE`` or ``DEMAND=RATE``,
            with an interval where you know one: ``ckpt=2Tbit:1Tbit-3Tbit``.
        measures: Further measures of each candidate alone.
        pareto: Measures by which all plans that are not dominated are listed.
        candidates: A file of candidates; the shipped one without it.
        leave_out: Ids of candidates that are not considered.
        only: Ids of the candidates that are considered; all without it.
        policies: A policy set or file instead of the scenario's.
        as_of: The day of the policies.
        samples: Samples of what is uncertain, for how certain the answer is.
        seed: Selects the samples.
        vary: What samples vary: ``length``, ``cost``, ``law`` (interpretations), ``rates`` (of
            failures and repairs, for ``nines``), ``traffic`` (background, for ``capacity``),
            ``demands`` (rates with an interval, for ``capacity`` and weights by traffic); all that
            ``by`` depends on but law without it.
        time_limit_s: For each program that is solved.

    Returns:
        The plan with RTTs in ms before and after, its bound, costs in million US dollars, and each
        candidate alone.

    Raises:
        InputError: An argument or a file has a mistake, or a cost or rate that is needed is
            unknown.
        EnvironmentUnsupported: The extra ``optimize`` is not installed.

    Example:
        >>> corridor.plan("sovereignty").plan.ids
        ('mengla-chiangmai',)
    """
    given = under_given(policies, as_of).model_copy(update={"unconnected": True})
    loaded = load_under(str(scenario), given)
    question = PlanQuestion(
        most=1 if most is None and budget_musd is None and by != "cost" else most,
        budget_musd=budget_musd,
        by=by,
        samples=samples,
        seed=seed,
        target=target_of(at_least or {}, at_most or {}),
        weigh=weigh,
        rates=tuple(rates),
        measures=tuple(measures),
        pareto=tuple(pareto),
        vary=tuple(vary),
        seconds=time_limit_s,
    )
    path = None if candidates is None else Path(candidates)
    return plan_answer(loaded, question, path, leave_out, only)


def target_of(
    at_least: Mapping[Measure, float], at_most: Mapping[Measure, float]
) -> TargetValue | None:
    """Return what a plan has to reach; None if nothing is asked for.

    Raises:
        InputError: There are two targets, or a measure has the other direction.
    """
    for given, is_large in ((at_least, True), (at_most, False)):
        for name in given:
            if name == "cost" or name not in MEASURES or (name in LARGE) != is_large:
                known = [one for one in MEASURES if (one in LARGE) == is_large and one != "cost"]
                option = "--at-least" if is_large else "--at-most"
                raise InputError(f'{option} of "{name}"', f"it is of {' or '.join(known)}")
    given_all = [*at_least.items(), *at_most.items()]
    if len(given_all) > 1:
        raise InputError("a plan has two targets", "state one of --at-least and --at-most")
    return TargetValue(*given_all[0]) if given_all else None


def plan_answer(
    loaded: LoadedScenario,
    question: PlanQuestion,
    path: Path | None = None,
    leave_out: Iterable[str] = (),
    only: Iterable[str] = (),
) -> PlanAnswer:
    """Return the same for a scenario that is loaded. Raises as ``plan`` does."""
    stated = StatedRates.read(question.rates)
    loaded = with_rates(loaded, stated.plain)
    asked = specify(loaded)
    known = read_candidates(asked.topology, path).without(leave_out, only)
    if not known.file.all:
        hint = "name a file with --candidates, or change --only and --leave-out"
        raise InputError("there is no candidate", hint)
    problem = Problem(asked, known, question.limits)
    measures = Measures(problem, loaded, _weights(loaded, problem, question))
    objective = Objective(measures, question.by, _target(question.target))
    found, compared = best(problem, objective), greedy(problem, objective)
    samples = None
    if question.samples:
        samples = Samples(objective, question.samples, question.seed, question.varied, stated)
    today, asks = measures.outcome(()), question.measured
    everything = (*problem.fibres, *problem.gateways)
    sign = -1 if question.by in LARGE else 1
    return PlanAnswer(
        schema=PLAN_SCHEMA,
        scenario=loaded.scenario.name,
        topology=loaded.topology.name,
        policies=loaded.policies.name,
        as_of=asked.as_of.isoformat(),
        candidates=known.file.name,
        by=question.by,
        target=question.target,
        weigh=question.weigh,
        most=question.most,
        budget_musd=question.budget_musd,
        demands=len(today.rtts_ns),
        failures=len(measures.survival.failures) if "survival" in asks else None,
        today=_latencies(today, measures),
        today_measured=_measured(measures, (), asks),
        plan=_selected(found, measures, asks),
        bound=round(sign * found.bound, 6),
        proof=Proof(
            method="enumeration" if found.compared else "program",
            sets=found.compared or None,
            gap=round(found.may_improve, 6),
        ),
        greedy=_selected(compared, measures, asks),
        everything=_latencies(problem.everything(), measures),
        everything_measured=_measured(measures, everything, asks, is_everything=True),
        singles=_singles(objective, {} if samples is None else samples.first_shares(), asks),
        changed=_changed(problem, today, found.outcome),
        pareto=pareto_plans(measures, question.pareto) if question.pareto else (),
        certainty=None if samples is None else samples.certainty(found),
    )


def _weights(
    loaded: LoadedScenario, problem: Problem, question: PlanQuestion
) -> dict[str, float] | None:
    if question.weigh == "equal":
        return None
    pairs = zip(problem.demands[::2], problem.served, strict=True)
    names = [one.id for one, was in pairs if was]
    return traffic_weights(loaded, names)


def _target(of: TargetValue | None) -> Target | None:
    if of is None:
        return None
    return Target(of.measure, -of.value if of.measure in LARGE else of.value)


def _measured(
    measures: Measures,
    names: Collection[str],
    asks: Collection[Measure],
    *,
    is_everything: bool = False,
) -> Measured:
    capacity = measures.capacity(names) if "capacity" in asks else None
    minutes = measures.minutes(names) if "nines" in asks else None
    pairs = None
    if "survival" in asks:
        survival = measures.survival
        nominal = measures.problem.nominal
        pairs = survival.with_everything() if is_everything else survival.count(names, nominal)
    return Measured(
        survival_pairs=pairs,
        growth_times=None if capacity is None else round(growth(capacity), 6),
        worst_utilization=None
        if capacity is None
        else round(max(one.share for one in capacity.links), 6),
        low_minutes=None if minutes is None else round(minutes.low, 3),
        high_minutes=None if minutes is None else round(minutes.high, 3),
    )


def _latencies(outcome: Outcome, measures: Measures) -> Latencies:
    rtts_ns = outcome.rtts_ns
    known = [
        (ns / NS_PER_MS, weight)
        for ns, was, weight in zip(rtts_ns, measures.served, measures.weights, strict=True)
        if was and ns is not None
    ]
    today = sorted(ms for ms, _ in known)
    return Latencies(
        sum_ms=round(sum(ms * weight for ms, weight in known), 3),
        median_ms=round(median(today), 3) if today else 0.0,
        p95_ms=round(today[-(-95 * len(today) // 100) - 1], 3) if today else 0.0,
        maximum_ms=round(today[-1], 3) if today else 0.0,
        served=sum(ns is not None for ns in rtts_ns),
    )


def _selected(found: Selection, measures: Measures, asks: Collection[Measure]) -> Selected:
    now = _latencies(found.outcome, measures)
    saves = _latencies(measures.outcome(()), measures).sum_ms - now.sum_ms
    costs = measures.problem.costs
    known = [costs[name] for name in found.names if name in costs]
    total = CostRange(
        round(sum(one.low for one in known), 6), round(sum(one.high for one in known), 6)
    )
    return Selected(
        ids=found.names,
        latencies=now,
        saves_ms=round(saves, 3),
        cost=total if len(known) == len(found.names) else None,
        measured=_measured(measures, found.names, asks),
    )


def _singles(
    objective: Objective,
    shares: Mapping[str, tuple[float, float | None]],
    asks: Collection[Measure],
) -> tuple[Building, ...]:
    measures = objective.measures
    file = measures.problem.candidates.file
    written = measures.problem.candidates.built(measures.problem.fibres)
    before = _latencies(measures.outcome(()), measures)

    def building(one: FibreCandidate | GatewayCandidate) -> Building:
        now = _latencies(measures.outcome([one.id]), measures)
        is_fibre = isinstance(one, FibreCandidate)
        needs = one.needs if isinstance(one, FibreCandidate) else f"decided by {one.decided_by}"
        saves, cost = round(before.sum_ms - now.sum_ms, 3), one.cost_musd
        return Building(
            id=one.id,
            kind="fibre" if is_fibre else "gateway",
            what=one.what,
            origin=one.origin,
            hub=None if isinstance(one, FibreCandidate) else one.hub,
            length_km=round(written.fibre(one.id).length_km, 1) if is_fibre else None,
            saves_ms=saves,
            newly_served=now.served - before.served,
            cost=None if cost is None else CostRange(cost.low, cost.high),
            cost_because=one.cost_because,
            saves_per_musd=None
            if cost is None
            else SavingRange(round(saves / cost.high, 4), round(saves / cost.low, 4)),
            first_share=shares.get(one.id, (None, None))[0],
            value_share=shares.get(one.id, (None, None))[1],
            measured=_measured(measures, [one.id], asks),
            years=None if one.years is None else YearRange(one.years.low, one.years.high),
            needs=needs,
            confidence=one.confidence,
            sources=tuple(
                f"{named.title}, {named.date}"
                for named in map(file.sources.get, one.source)
                if named
            ),
        )

    def rank(one: Building) -> tuple[float, float, str]:
        if objective.by == "cost":
            return (one.cost.high_musd if one.cost else float("inf"), -one.saves_ms, one.id)
        return (*objective.score([one.id]), one.id)

    return tuple(sorted(map(building, file.all), key=rank))


def _changed(problem: Problem, today: Outcome, after: Outcome) -> tuple[ChangedDemand, ...]:
    names = [demand.id for demand in problem.demands[::2]]
    return tuple(
        ChangedDemand(name, None if before is None else before / NS_PER_MS, now / NS_PER_MS)
        for name, before, now in zip(names, today.rtts_ns, after.rtts_ns, strict=True)
        if now is not None and now != before
    )
