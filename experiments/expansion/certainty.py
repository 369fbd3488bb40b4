"""How certain a plan is: the question again with other lengths, costs, rates and law. Pure.

Values of a set of candidates are computed for all samples at once. A choice that is made now has to
fit at the high ends of costs; what would be the best is known afterwards.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, get_args

import numpy as np

from corridor.experiments.expansion.measures import MOST_CAPACITIES, Load, Measures
from corridor.experiments.expansion.plan_documents import (
    CertainChoice,
    Certainty,
    Information,
    Varied,
)
from corridor.experiments.expansion.problem import EQUAL_MUSD, Problem
from corridor.experiments.expansion.selection import Objective, Selection, best
from corridor.experiments.expansion.uncertain_rates import NO_RATES, StatedRates
from corridor.experiments.scenario.intents import specify
from corridor.topologies.analysis.failing_parts import FailureModel
from corridor.topologies.base.arrays import Floats, Integers
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_MS
from corridor.topologies.model.background import BackgroundTraffic

VARIED: tuple[Varied, ...] = get_args(Varied.__value__)
NOWHERE = 1 << 60
"""More ns than any path takes."""
LEVELS = 5
"""Values of one quantity, in the middle of equally likely parts of its range."""
MOST_LEGAL_CASES = 64
MOST_CHOICES = 12
MOST_SETS_OF_RATES = 100
"""Sets of which minutes are computed by sample: some 0.3 CPU s each."""
EQUAL = 1e-6
"""Plans that differ by less are equally good."""


class LegalCase(NamedTuple):
    """One combination of interpretations of the law."""

    values: Mapping[str, str]
    measures: Measures


def legal_cases(measures: Measures, varied: Sequence[Varied]) -> list[LegalCase]:
    """Return the combinations of interpretations; all values equally likely.

    Raises:
        InputError: There are more than 64 combinations.
    """
    loaded, problem = measures.loaded, measures.problem
    known = loaded.policies.interpretations
    if "law" not in varied or not known:
        return [LegalCase({}, measures)]
    combinations = list(itertools.product(*(one.values for one in known)))
    if len(combinations) > MOST_LEGAL_CASES:
        raise InputError(
            f"{loaded.policies.name} has {len(combinations)} combinations of interpretations",
            f"at most {MOST_LEGAL_CASES} are computed: leave law out of --vary",
        )
    found = []
    for combination in combinations:
        values = {one.id: value for one, value in zip(known, combination, strict=True)}
        under = loaded.model_copy(update={"policies": loaded.policies.interpreted(values)})
        other = Problem(specify(under), problem.candidates, problem.limits)
        found.append(LegalCase(values, Measures(other, under, measures.weight_of)))
    return found


@dataclass(frozen=True)
class _Path:
    """A column, as numbers."""

    names: frozenset[str]
    uses: Integers
    least_ns: int
    budget_ns: int | None


class _Drawn(NamedTuple):
    """Values of samples: a row a sample, a column a candidate fibre."""

    factors: Floats
    """Of written lengths."""
    longer_ns: Integers
    unavailable: Floats | None
    """A row a part that fails, a column a sample; None where failures do not matter."""
    loads: Sequence[Load]
    """By sample; empty where traffic does not matter."""
    weights: Floats
    """Of the RTT of each demand, a column a demand."""

    def of(self, rows: Sequence[int]) -> _Drawn:
        """Some of the samples."""
        some = None if self.unavailable is None else self.unavailable[:, rows]
        loads = [self.loads[at] for at in rows] if self.loads else ()
        return _Drawn(self.factors[rows], self.longer_ns[rows], some, loads, self.weights[rows])


class _Growths:
    """Times that all rates may grow more with sets of candidates."""

    def __init__(self, case: LegalCase) -> None:
        self._measures = case.measures
        self._known: dict[frozenset[str], Floats] = {}

    def gains(self, sets: Sequence[Sequence[str]], drawn: _Drawn) -> Floats:
        """Return times: a row a sample, a column a set. All calls are of the same samples."""
        for one in map(frozenset, [(), *sets]):
            if one not in self._known:
                grown = [self._measures.growth_under(one, each) for each in drawn.loads]
                self._known[one] = np.array(grown)
        today = self._known[frozenset()]
        return np.stack([self._known[frozenset(one)] - today for one in sets], axis=1)


class _Minutes:
    """Minutes a year that sets of candidates save in one legal case."""

    def __init__(self, case: LegalCase) -> None:
        self._downtime = case.measures.downtime
        self._known: dict[frozenset[str], Floats] = {}

    def gains(self, sets: Sequence[Sequence[str]], drawn: _Drawn) -> Floats:
        """Return minutes: a row a sample, a column a set. All calls are of the same samples."""
        assert drawn.unavailable is not None
        unavailable = self._downtime.longer(drawn.unavailable, drawn.factors)
        for one in map(frozenset, [(), *sets]):
            if one not in self._known:
                self._known[one] = self._downtime.by_sample(one, unavailable)
        today = self._known[frozenset()]
        return np.stack([today - self._known[frozenset(one)] for one in sets], axis=1)


class _Values:
    """What sets of candidates save in one legal case, or how many demands they add."""

    def __init__(self, case: LegalCase, by: str) -> None:
        self._measures, self._by = case.measures, by
        problem = case.measures.problem
        numbers = {name: at for at, name in enumerate(problem.fibres)}
        self._paths = {
            opened: [
                [_path(one.uses, one.least_ns, one.budget_ns, numbers) for one in columns]
                for columns in of.columns
            ]
            for opened, of in problem.by_gateways.items()
        }

    def gains(self, sets: Sequence[Sequence[str]], drawn: _Drawn) -> Floats:
        """Return ms saved or demands added: a row a sample, a column a set."""
        today = self._value((), drawn)
        return np.stack([today - self._value(names, drawn) for names in sets], axis=1)

    def _value(self, names: Sequence[str], drawn: _Drawn) -> Floats:
        longer_ns = drawn.longer_ns
        chosen = frozenset(names)
        problem = self._measures.problem
        opened = chosen.intersection(problem.gateways)
        base, paths = problem.by_gateways[opened].base_ns, self._paths[opened]
        total = np.zeros(len(longer_ns))
        for at, served in enumerate(self._measures.served):
            if self._by == "latency" and not served:
                continue
            there, back = (
                _one_way_ns(base[number], paths[number], chosen, longer_ns)
                for number in (2 * at, 2 * at + 1)
            )
            rtt_ns = there + back
            if self._by == "latency":
                total += drawn.weights[:, at] * rtt_ns / NS_PER_MS
            else:
                total -= rtt_ns < NOWHERE
        return total


def _path(
    uses: Mapping[str, int], least_ns: int, budget_ns: int | None, numbers: Mapping[str, int]
) -> _Path:
    counts = np.zeros(len(numbers), np.int64)
    for name, count in uses.items():
        counts[numbers[name]] = count
    return _Path(frozenset(uses), counts, least_ns, budget_ns)


def _one_way_ns(
    base_ns: int | None, paths: Sequence[_Path], chosen: frozenset[str], longer_ns: Integers
) -> Integers | int:
    found: Integers | int = NOWHERE if base_ns is None else base_ns
    for path in paths:
        if path.names <= chosen:
            taken = path.least_ns + longer_ns @ path.uses
            if path.budget_ns is not None:
                taken = np.where(taken > path.budget_ns, NOWHERE, taken)
            found = np.minimum(found, taken)
    return found


class Samples:
    """The same question with other values of what is uncertain."""

    def __init__(
        self,
        objective: Objective,
        count: int,
        seed: int,
        varied: Sequence[Varied],
        rates: StatedRates = NO_RATES,
    ) -> None:
        self._objective, self._seed, self._rates = objective, seed, rates
        measures = objective.measures
        self._problem, self._varied = measures.problem, tuple(varied)
        self._cases = legal_cases(measures, varied)
        self._bps = rates.drawn(count, seed)
        self._traffic = self._background(measures, count) if objective.by == "capacity" else ()
        self._values = [_values_of(one, objective.by) for one in self._cases]
        drawn = random.Random(seed)
        fibres = self._problem.candidates.file.fibres
        factors = [
            {one.id: drawn.uniform(one.length_factor.low, one.length_factor.high) for one in fibres}
            for _ in range(count)
        ]
        factors = factors if "length" in varied else [{}] * count
        self.longer_ns = [self._problem.longer(one) for one in factors]
        names = self._problem.fibres
        self._model = measures.downtime.sampled(count, seed) if objective.by == "nines" else None
        shape = (count, len(names))
        self._drawn = _Drawn(
            np.array([[one.get(name, 1.0) for name in names] for one in factors]).reshape(shape),
            np.array([[one[name] for name in names] for one in self.longer_ns], np.int64).reshape(
                shape
            ),
            None if self._model is None else self._unavailable(self._model),
            self._loads(),
            self._weights(measures, count),
        )
        self._costs = [
            {
                name: drawn.uniform(cost.low, cost.high) if "cost" in varied else cost.high
                for name, cost in self._problem.costs.items()
            }
            for _ in range(count)
        ]
        self._of = [at % len(self._cases) for at in range(count)]
        self._singles = [(name,) for name in (*self._problem.fibres, *self._problem.gateways)]

    def _background(self, measures: Measures, count: int) -> Sequence[BackgroundTraffic | None]:
        of = measures.loaded.background
        if "traffic" not in self._varied:
            return [of] * count
        found = () if of is None else of.samples(self._seed, count)
        if not found:
            raise InputError(
                f"{measures.loaded.scenario.name} has no background traffic with intervals",
                "add background: internet to the scenario, or vary demands with rates like "
                "--rate 2Tbit:1Tbit-3Tbit",
            )
        return found

    def _loads(self) -> list[Load]:
        is_varied = "demands" in self._varied
        pairs = zip(self._traffic, self._bps, strict=False)
        return [Load(one, self._rates.texts(bps) if is_varied else ()) for one, bps in pairs]

    def _weights(self, measures: Measures, count: int) -> Floats:
        """Rates of a sample over their mean, by demand that is served today."""
        found = np.tile(np.array(measures.weights), (count, 1))
        if "demands" not in self._varied or self._objective.by != "latency":
            return found
        by_demand = self._rates.by_demand(measures.loaded)
        for number, demand in enumerate(self._problem.demands[::2]):
            if demand.id in by_demand:
                at = by_demand[demand.id]
                found[:, number] *= self._bps[:, at] / self._rates.each[at].bps
        served = np.array(measures.served)
        scaled: Floats = found * served.sum() / found[:, served].sum(axis=1, keepdims=True)
        return scaled

    def _unavailable(self, model: FailureModel) -> Floats:
        if "rates" in self._varied:
            return model.unavailable
        means = np.reshape(model.mean_unavailable, (-1, 1))
        return np.tile(means, len(self.longer_ns))

    @property
    def weights(self) -> Floats:
        """Of the RTTs: a row a sample, a column a demand."""
        return self._drawn.weights

    def gains(self, sets: Sequence[Sequence[str]], drawn: _Drawn | None = None) -> Floats:
        """Return what sets give in each sample."""
        drawn = self._drawn if drawn is None else drawn
        found = np.empty((len(self._of), len(sets)))
        for number, values in enumerate(self._values):
            rows = [at for at, case in enumerate(self._of) if case == number]
            if rows:
                found[rows] = values.gains(sets, drawn.of(rows))
        return found

    def first_shares(self) -> dict[str, tuple[float, float | None]]:
        """By candidate, the shares of samples in which it alone gives most, and most for its
        cost; the latter is None where no cost is known. Equal ones share a sample; one in which
        none gives anything counts for none."""
        gains = self.gains(self._singles)
        names = [name for (name,) in self._singles]
        first = _first(gains)
        known = [at for at, name in enumerate(names) if name in self._problem.costs]
        of_cost = dict[str, float]()
        if known:
            costs = np.array([[one[names[at]] for at in known] for one in self._costs])
            shares = _first(gains[:, known] / costs)
            of_cost = {names[at]: float(one) for at, one in zip(known, shares, strict=True)}
        return {
            name: (float(share), of_cost.get(name))
            for name, share in zip(names, first, strict=True)
        }

    def certainty(self, found: Selection) -> Certainty:
        """Return how often the plan is the best, what other choices would lose, and what it would
        be worth to know more."""
        sets = self._sets(found)
        gains = self.gains(sets)
        possible = np.array([[self._fits(one, costs) for one in sets] for costs in self._costs])
        best_gain = np.where(possible, gains, -np.inf).max(axis=1)
        regrets = best_gain[:, None] - gains
        now = [at for at, one in enumerate(sets) if self._problem.fits(one)]
        means = gains.mean(axis=0)
        expected = max(now, key=lambda at: (means[at], -len(sets[at])))
        plan = sets.index(self._ordered(found.names))
        shares = (regrets <= EQUAL).mean(axis=0)
        shown = sorted(now, key=lambda at: (at != plan, regrets[:, at].mean(), len(sets[at])))
        singles = [at for at in now if len(sets[at]) == 1 and at not in shown[:MOST_CHOICES]]
        return Certainty(
            samples=len(gains),
            seed=self._seed,
            varied=self._varied,
            interpretations=len(self._cases),
            sets=len(sets),
            best_share=float(shares[plan]),
            mean_regret=_rounded(max(0.0, regrets[:, plan].mean())),
            most_regret=_rounded(max(0.0, regrets[:, plan].max())),
            choices=tuple(
                CertainChoice(
                    id="+".join(sets[at]) or "nothing",
                    ids=sets[at],
                    best_share=float(shares[at]),
                    mean_gain=_rounded(means[at]),
                    low_gain=_rounded(np.quantile(gains[:, at], 0.05)),
                    high_gain=_rounded(np.quantile(gains[:, at], 0.95)),
                    mean_regret=_rounded(regrets[:, at].mean()),
                    most_regret=_rounded(regrets[:, at].max()),
                )
                for at in [*shown[:MOST_CHOICES], *singles]
            ),
            best_expected=sets[expected],
            perfect_information=_rounded(best_gain.mean() - means[expected]),
            information=tuple(
                sorted(self._information(sets, gains, now), key=lambda one: (-one.gain, one.what))
            ),
            held=self._held(),
        )

    def _held(self) -> tuple[str, ...]:
        measures = self._objective.measures
        if self._objective.by != "capacity" and measures.weight_of is None:
            return ()
        served = zip(self._problem.demands[::2], measures.served, strict=True)
        rates = self._rates if "demands" in self._varied else NO_RATES
        return rates.held(measures.loaded, [one.id for one, was in served if was])

    def _ordered(self, names: Sequence[str]) -> tuple[str, ...]:
        order = (*self._problem.fibres, *self._problem.gateways)
        return tuple(sorted(names, key=order.index))

    def _fits(self, names: Sequence[str], costs: Mapping[str, float]) -> bool:
        budget = self._problem.limits.budget_musd
        return budget is None or sum(costs[name] for name in names) <= budget + EQUAL_MUSD

    def _sets(self, found: Selection) -> list[tuple[str, ...]]:
        """All sets; the best of each sample, and single ones, where there are too many."""
        problem = self._problem
        most = MOST_SETS_OF_RATES
        if self._traffic:
            most = MOST_CAPACITIES // len(self._traffic)
        is_slow = self._model is not None or self._traffic
        if is_slow and len(problem.sets(at_low_costs=True)) > most:
            raise InputError(
                f"these samples of {self._objective.by} compare more than {most} sets of "
                "candidates",
                "leave some out with --leave-out, build fewer with --next, or take fewer samples",
            )
        if problem.are_few:
            sets, plan = problem.sets(at_low_costs=True), self._ordered(found.names)
            return sets if plan in sets else [*sets, plan]
        if "cost" in self._varied and problem.limits.budget_musd is not None:
            raise InputError(
                "samples of costs within a budget compare all sets of candidates: too many",
                "write --vary length, leave candidates out, or add --next",
            )
        of_sample = (
            self._cases[case].measures.weighted(self.weights[at].tolist())
            for at, case in enumerate(self._of)
        )
        found_each = (
            best(one.problem, Objective(one, self._objective.by), longer, ties=False).names
            for one, longer in zip(of_sample, self.longer_ns, strict=True)
        )
        singles = (one for one in self._singles if problem.fits(one))
        plans = map(self._ordered, [found.names, *found_each])
        return list(dict.fromkeys([(), *plans, *singles]))

    def _information(
        self, sets: Sequence[tuple[str, ...]], gains: Floats, now: Sequence[int]
    ) -> Iterator[Information]:
        """By how much the best expected gain grows if one quantity is known."""
        means = gains.mean(axis=0)
        if "traffic" in self._varied:
            for what, figures in _traffic_by_country(filter(None, self._traffic)):
                yield _sorted_by(figures, what, gains, now)
        for at, stated in enumerate(self._rates.each):
            if "demands" in self._varied and stated.is_uncertain:
                what = f"rate of {stated.of or 'all demands'}"
                yield _sorted_by(self._bps[:, at], what, gains, now)
        for at, one in enumerate(self._problem.candidates.file.fibres):
            if "length" not in self._varied or one.length_factor.low == one.length_factor.high:
                continue
            if self._model is not None:
                yield _sorted_by(self._drawn.factors[:, at], f"length of {one.id}", gains, now)
                continue
            by_level = [
                self._means_at(at, one.id, factor, sets, means)[list(now)]
                for factor in _levels(one.length_factor.low, one.length_factor.high)
            ]
            yield _worth(f"length of {one.id}", by_level)
        if "cost" in self._varied and self._problem.limits.budget_musd is not None:
            yield from self._information_of_costs(sets, means, now)
        if self._model is not None and "rates" in self._varied:
            for what, figures in _sources(self._model):
                yield _sorted_by(figures, what, gains, now)
        for read in self._cases[0].measures.loaded.policies.interpretations:
            values = [self._cases[at].values.get(read.id) for at in self._of]
            if len(set(values)) > 1:
                rows = [[value == each for each in values] for value in dict.fromkeys(values)]
                by_value = [gains[row].mean(axis=0)[list(now)] for row in map(np.array, rows)]
                yield _worth(f"interpretation {read.id}", by_value, [sum(row) for row in rows])

    def _means_at(
        self, at: int, name: str, factor: float, sets: Sequence[tuple[str, ...]], means: Floats
    ) -> Floats:
        """Mean gains with one length known; sets without the fibre keep theirs."""
        factors, longer_ns = self._drawn.factors.copy(), self._drawn.longer_ns.copy()
        factors[:, at] = factor
        longer_ns[:, at] = self._problem.longer({name: factor})[name]
        drawn = self._drawn._replace(factors=factors, longer_ns=longer_ns)
        changed = [number for number, one in enumerate(sets) if name in one]
        found = means.copy()
        if changed:
            found[changed] = self.gains([sets[one] for one in changed], drawn).mean(axis=0)
        return found

    def _information_of_costs(
        self, sets: Sequence[tuple[str, ...]], means: Floats, now: Sequence[int]
    ) -> Iterator[Information]:
        """A known cost may let more fit; it changes no gain."""
        high = {name: one.high for name, one in self._problem.costs.items()}
        base = max(means[at] for at in now)
        for name, cost in self._problem.costs.items():
            best_by_level = [
                max(
                    means[at]
                    for at, one in enumerate(sets)
                    if self._fits(one, {**high, name: musd})
                )
                for musd in _levels(cost.low, cost.high)
            ]
            yield Information(f"cost of {name}", _rounded(sum(best_by_level) / LEVELS - base))


def _values_of(case: LegalCase, by: str) -> _Growths | _Minutes | _Values:
    if by == "capacity":
        return _Growths(case)
    return _Minutes(case) if by == "nines" else _Values(case, by)


def _traffic_by_country(some: Iterable[BackgroundTraffic]) -> Iterator[tuple[str, Floats]]:
    """By country, the traffic on the map in each sample."""
    of = list(some)
    rates = [{flow.id: flow.gbps for flow in one.after().flows} for one in of]
    for country in of[0].growth():
        total = [sum(one.get(name, 0.0) for name in country.flows) for one in rates]
        yield country.rate.of, np.array(total)


def _first(gains: Floats) -> Floats:
    """By column, the share of rows in which it is the largest and above 0."""
    most = gains.max(axis=1, keepdims=True)
    is_first = (gains >= most - EQUAL) & (most > EQUAL)
    shared = is_first / np.maximum(1, is_first.sum(axis=1, keepdims=True))
    found: Floats = shared.mean(axis=0)
    return found


def _sources(model: FailureModel) -> Iterator[tuple[str, Floats]]:
    """Uncertain figures behind the rates, by sample: of a place over all its cables, of a cause."""
    rates, repairs = dict[str, Floats](), dict[str, Floats]()
    for one in model.parts:
        if one.kind != "hit":
            name = one.id if one.kind == "cause" else one.place
            rates[name] = rates.get(name, 0.0) + one.failures_a_year
            repairs[name] = one.repair_days
    for what, of in (("failure rate", rates), ("repair time", repairs)):
        yield from ((f"{what} of {name}", values) for name, values in of.items())


def _sorted_by(values: Floats, what: str, gains: Floats, now: Sequence[int]) -> Information:
    """By equal parts of the samples, in the order of one quantity. In few samples chance makes
    parts differ, so that the worth is too large rather than too small."""
    parts = np.array_split(np.argsort(values, kind="stable"), min(LEVELS, len(values)))
    by_level = [gains[rows].mean(axis=0)[list(now)] for rows in parts]
    return _worth(what, by_level, [len(rows) for rows in parts])


def _levels(low: float, high: float) -> list[float]:
    return [low + (level + 0.5) / LEVELS * (high - low) for level in range(LEVELS)]


def _worth(
    what: str, by_level: Sequence[Floats], weights: Sequence[int] | None = None
) -> Information:
    """By level, the mean gains of choices: what knowing the level adds to the best choice."""
    means = np.stack(by_level)
    with_it = np.average(means.max(axis=1), weights=weights)
    without = np.average(means, axis=0, weights=weights).max()
    return Information(what, _rounded(max(0.0, with_it - without)))


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 6) + 0.0
