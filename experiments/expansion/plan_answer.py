"""``corridor plan``: which candidates to build next. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import fmean, median

from corridor.experiments.expansion.candidates import (
    Candidates,
    FibreCandidate,
    GatewayCandidate,
    read_candidates,
)
from corridor.experiments.expansion.plan_documents import (
    PLAN_SCHEMA,
    Building,
    Certainty,
    ChangedDemand,
    CostRange,
    Latencies,
    PlanAnswer,
    SavingRange,
    Selected,
    YearRange,
)
from corridor.experiments.expansion.problem import Limits, Outcome, Problem
from corridor.experiments.expansion.selection import (
    NS_PER_MS,
    By,
    Objective,
    Selection,
    best,
    greedy,
)
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import LoadedScenario, load_under, under_given
from corridor.topologies.base.errors import InputError

MOST, MOST_SAMPLES = 20, 10_000
MOST_BUDGET_MUSD = 1e9
EQUAL_MS = 1e-6
"""Plans that differ by less are equally good."""


@dataclass(frozen=True)
class PlanQuestion:
    """What is asked."""

    most: int | None = 1
    budget_musd: float | None = None
    by: By = "latency"
    samples: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        if self.by not in ("latency", "reach"):
            raise InputError(f'by is "{self.by}"', "write latency or reach")
        if self.most is None and self.budget_musd is None:
            raise InputError("a plan needs a limit", "state --next N or --budget MUSD")
        if self.most is not None and not 1 <= self.most <= MOST:
            raise InputError(f"a plan of {self.most} candidates", f"write 1 to {MOST}")
        if self.budget_musd is not None and not 0 < self.budget_musd <= MOST_BUDGET_MUSD:
            raise InputError(
                f"a budget of {self.budget_musd:g} million USD", "state an amount above 0"
            )
        if not 0 <= self.samples <= MOST_SAMPLES:
            raise InputError(f"{self.samples} samples", f"write 0 to {MOST_SAMPLES:,}")


def plan(
    scenario: str | Path = "reference",
    *,
    most: int | None = None,
    budget_musd: float | None = None,
    by: By = "latency",
    candidates: str | Path | None = None,
    leave_out: Iterable[str] = (),
    policies: str | None = None,
    as_of: str | date | None = None,
    samples: int = 0,
    seed: int = 1,
) -> PlanAnswer:
    """Compute which candidate fibres and gateways to build next.

    Args:
        scenario: A shipped scenario or a file.
        most: How many to build; 1 without a budget.
        budget_musd: Million US dollars for the high ends of their costs together.
        by: ``latency``: the smallest sum of RTTs of demands that are served today; ``reach``: the
            highest number of served demands.
        candidates: A file of candidates; the shipped one without it.
        leave_out: Ids of candidates that are not considered.
        policies: A policy set or file instead of the scenario's.
        as_of: The day of the policies.
        samples: Samples of the lengths of candidates, for how certain the answer is.
        seed: Selects the samples.

    Returns:
        The plan with RTTs in ms before and after, its bound, costs in million US dollars, and each
        candidate alone.

    Raises:
        InputError: An argument or a file has a mistake, or a cost that a budget needs is unknown.
        EnvironmentUnsupported: The extra ``optimize`` is not installed.

    Example:
        >>> corridor.plan("sovereignty").plan.ids
        ('mengla-chiangmai',)
    """
    loaded = load_under(str(scenario), under_given(policies, as_of))
    most = 1 if most is None and budget_musd is None else most
    question = PlanQuestion(most, budget_musd, by, samples, seed)
    path = None if candidates is None else Path(candidates)
    return plan_answer(loaded, question, path, leave_out)


def plan_answer(
    loaded: LoadedScenario,
    question: PlanQuestion,
    path: Path | None = None,
    leave_out: Iterable[str] = (),
) -> PlanAnswer:
    """Return the same for a scenario that is loaded. Raises as ``plan`` does."""
    asked = specify(loaded)
    known = read_candidates(asked.topology, path).without(leave_out)
    if not known.file.all:
        raise InputError("there is no candidate", "name a file with --candidates")
    problem = Problem(asked, known, Limits(question.most, question.budget_musd))
    objective = Objective(problem, question.by)
    today = problem.outcome(())
    found, compared = best(problem, objective), greedy(problem, objective)
    samples = _Samples(problem, objective, question)
    return PlanAnswer(
        schema=PLAN_SCHEMA,
        scenario=loaded.scenario.name,
        topology=loaded.topology.name,
        policies=loaded.policies.name,
        as_of=asked.as_of.isoformat(),
        candidates=known.file.name,
        by=question.by,
        most=question.most,
        budget_musd=question.budget_musd,
        demands=len(today.rtts_ns),
        today=_latencies(today, objective.served),
        plan=_selected(found, known, today, objective),
        bound=round(found.bound if question.by == "latency" else -found.bound, 6),
        greedy=_selected(compared, known, today, objective),
        everything=_latencies(problem.everything(), objective.served),
        singles=_singles(problem, objective, today, samples.first_shares()),
        changed=_changed(problem, today, found.outcome),
        certainty=samples.certainty(found),
    )


class _Samples:
    """The same question with other lengths of candidates."""

    def __init__(self, problem: Problem, objective: Objective, question: PlanQuestion) -> None:
        self._problem, self._objective, self._question = problem, objective, question
        drawn = random.Random(question.seed)
        self._lengths = [
            problem.longer(
                {
                    one.id: drawn.uniform(one.length_factor.low, one.length_factor.high)
                    for one in problem.candidates.file.fibres
                }
            )
            for _ in range(question.samples)
        ]

    def first_shares(self) -> dict[str, float]:
        """By candidate, the share of samples in which it alone is the best."""
        names = (*self._problem.fibres, *self._problem.gateways)
        if not self._lengths:
            return {}
        firsts = [
            min(names, key=lambda name: (self._score([name], longer), name))
            for longer in self._lengths
        ]
        return {name: firsts.count(name) / len(firsts) for name in names}

    def certainty(self, found: Selection) -> Certainty | None:
        """How often a plan is the best, and how much more the best one saves."""
        if not self._lengths:
            return None
        regrets = [
            max(0.0, self._score(found.names, longer) - self._best(longer))
            for longer in self._lengths
        ]
        return Certainty(
            samples=len(regrets),
            seed=self._question.seed,
            best_share=sum(one <= EQUAL_MS for one in regrets) / len(regrets),
            mean_regret_ms=round(fmean(regrets), 6),
            most_regret_ms=round(max(regrets), 6),
        )

    def _best(self, longer: Mapping[str, int]) -> float:
        return best(self._problem, self._objective, longer).score.first

    def _score(self, names: Sequence[str], longer: Mapping[str, int]) -> float:
        return self._objective.of(self._problem.outcome(names, longer)).first


def _latencies(outcome: Outcome, served: Sequence[bool]) -> Latencies:
    rtts_ns = outcome.rtts_ns
    today = sorted(
        ns / NS_PER_MS for ns, was in zip(rtts_ns, served, strict=True) if was and ns is not None
    )
    return Latencies(
        sum_ms=round(sum(today), 3),
        median_ms=round(median(today), 3) if today else 0.0,
        p95_ms=round(today[-(-95 * len(today) // 100) - 1], 3) if today else 0.0,
        maximum_ms=round(today[-1], 3) if today else 0.0,
        served=sum(ns is not None for ns in rtts_ns),
    )


def _selected(
    found: Selection, candidates: Candidates, today: Outcome, objective: Objective
) -> Selected:
    now = _latencies(found.outcome, objective.served)
    saves = _latencies(today, objective.served).sum_ms - now.sum_ms
    costs = [candidates.file.by_id[name].cost_musd for name in found.names]
    known = [one for one in costs if one is not None]
    total = CostRange(sum(one.low for one in known), sum(one.high for one in known))
    return Selected(found.names, now, round(saves, 3), total if len(known) == len(costs) else None)


def _singles(
    problem: Problem, objective: Objective, today: Outcome, shares: Mapping[str, float]
) -> tuple[Building, ...]:
    written = problem.candidates.built(problem.fibres)
    before, sources = _latencies(today, objective.served), problem.candidates.file.sources

    def building(one: FibreCandidate | GatewayCandidate) -> Building:
        now = _latencies(problem.outcome([one.id]), objective.served)
        is_fibre = isinstance(one, FibreCandidate)
        needs = one.needs if isinstance(one, FibreCandidate) else f"decided by {one.decided_by}"
        saves, cost = round(before.sum_ms - now.sum_ms, 3), one.cost_musd
        return Building(
            id=one.id,
            kind="fibre" if is_fibre else "gateway",
            what=one.what,
            origin=one.origin,
            length_km=round(written.fibre(one.id).length_km, 1) if is_fibre else None,
            saves_ms=saves,
            newly_served=now.served - before.served,
            cost=None if cost is None else CostRange(cost.low, cost.high),
            cost_because=one.cost_because,
            saves_per_musd=None
            if cost is None
            else SavingRange(round(saves / cost.high, 4), round(saves / cost.low, 4)),
            first_share=shares.get(one.id),
            years=None if one.years is None else YearRange(one.years.low, one.years.high),
            needs=needs,
            confidence=one.confidence,
            sources=tuple(
                f"{named.title}, {named.date}" for named in map(sources.get, one.source) if named
            ),
        )

    found = [building(one) for one in problem.candidates.file.all]
    is_reach = objective.by == "reach"

    def rank(one: Building) -> tuple[float, float, str]:
        values = (-float(one.newly_served), -one.saves_ms)
        return (*(values if is_reach else values[::-1]), one.id)

    return tuple(sorted(found, key=rank))


def _changed(problem: Problem, today: Outcome, after: Outcome) -> tuple[ChangedDemand, ...]:
    names = [demand.id for demand in problem.demands[::2]]
    return tuple(
        ChangedDemand(name, None if before is None else before / NS_PER_MS, now / NS_PER_MS)
        for name, before, now in zip(names, today.rtts_ns, after.rtts_ns, strict=True)
        if now is not None and now != before
    )
