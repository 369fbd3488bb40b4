"""How a placement changes while values are anywhere within their intervals. Pure.

Intervals are bounds, and no source gives a distribution. A value is drawn from the triangular
distribution over its interval with the value as mode, the least assumption that keeps both; from
the uniform distribution where bounds alone are known. Each sample is placed by the linear
relaxation, with law and without by the same values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from corridor.experiments.placement.energy_documents import EnergyFigure
from corridor.experiments.placement.hub_values import BY_EMISSIONS, End, Factor, HubValues
from corridor.experiments.placement.place_documents import (
    Quantiles,
    SampledDifference,
    SampledHub,
    Sensitivity,
)
from corridor.experiments.placement.placing import Placing, most_used
from corridor.experiments.placement.program import NoPlacement, Relaxation
from corridor.topologies.analysis.validation import wilson
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.energy.countings import Count

MOST_SAMPLES = 100_000
LEAST_SHARE = 5e-4
QUANTILES = (0.05, 0.5, 0.95)


def check_samples(samples: int, seed: int) -> None:
    """Raise InputError for a number of samples, or a seed, that cannot be drawn."""
    if not 0 <= samples <= MOST_SAMPLES:
        raise InputError(f"samples are 0 to {MOST_SAMPLES:,}, not {samples}")
    if seed < 0:
        raise InputError("a seed is 0 or more")


def sensitivity(placing: Placing, first: int, *, law: bool, end: End) -> Sensitivity:
    """Return where jobs run in samples of the values.

    Args:
        placing: The jobs and hubs; ``asked`` has the number of samples and the seed.
        first: The number of the hub with most IT energy in the placement.
        law: Whether hubs are those of the placement under law, or without.
        end: Of factors where nothing is drawn.

    Raises:
        NoPlacement: No sample has a placement, or the time of one ended.
    """
    asked, values = placing.asked, _values(placing)
    programs = [_Program(placing, values, law=one, end=end) for one in (law, not law)]
    found = _placed_by_both(programs, asked.samples)
    costs = np.array([(here.optimum, other.optimum) for here, other in found])
    placed = [here.it_mwh for here, _ in found]
    leading = np.array([most_used(one.tolist()) for one in placed])
    by_hub = np.array(placed) / placed[0].sum()
    stays = int((leading == first).sum())
    return Sensitivity(
        samples=asked.samples,
        seed=asked.seed,
        placed=len(placed),
        hub=placing.hubs[first].hub,
        stays_first=stays / len(placed),
        stays_interval=wilson(stays, len(placed)),
        optimum=_quantiles(costs[:, 0]),
        cost_of_law=_quantiles((costs[:, 0] - costs[:, 1]) * (1 if law else -1)),
        hubs=tuple(_hubs(placing, by_hub, leading)),
        drawn=values.drawn,
        held=values.held,
    )


def sampled_difference(
    placing: Placing, other: Placing, *, law: bool, end: End
) -> SampledDifference:
    """Return what the optimum at other hubs has more than that of the placement, sample by sample.
    Hubs and grids that both have in common have the same values.

    Args:
        placing: The jobs and hubs; ``asked`` has the number of samples and the seed.
        other: The same jobs with other hubs.
        law: Whether law is applied.
        end: Of factors where nothing is drawn.

    Raises:
        NoPlacement: No sample has a placement at both, or the time of one ended.
    """
    programs = [_Program(one, _values(one), law=law, end=end) for one in (placing, other)]
    found = _placed_by_both(programs, placing.asked.samples)
    adds = np.array([there.optimum - here.optimum for here, there in found])
    return SampledDifference(len(found), _quantiles(adds), float((adds > 0).mean()))


def _placed_by_both(programs: Sequence[_Program], samples: int) -> list[tuple[_Placed, _Placed]]:
    """By sample in which the jobs fit in both programs."""
    pairs = (tuple(one.solve(sample) for one in programs) for sample in range(samples))
    found = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not found:
        message = f"the jobs fit into the power limits in none of {samples:,} samples"
        raise NoPlacement(message, "state larger limits with --mw, or drop jobs")
    return found


def _hubs(placing: Placing, by_hub: Floats, leading: Floats) -> Iterator[SampledHub]:
    """Hubs that are used in some sample, the largest median first."""
    medians = np.median(by_hub, axis=0)
    for at in sorted(range(len(placing.hubs)), key=lambda one: (-medians[one], one)):
        if by_hub[:, at].max() > LEAST_SHARE:
            first = float((leading == at).mean())
            yield SampledHub(placing.hubs[at].hub, _quantiles(by_hub[:, at]), first)


def _quantiles(values: Floats) -> Quantiles:
    low, median, high = np.quantile(values, QUANTILES).tolist()
    return Quantiles(low, median, high)


class _Placed(NamedTuple):
    it_mwh: Floats
    """By hub."""
    optimum: float


@dataclass(frozen=True)
class _Values:
    """Of hubs, by sample."""

    limits_mw: Floats
    unit_costs: Floats | None
    """Of an MWh of IT energy; None where the objective has none."""
    drawn: tuple[str, ...]
    """``mw tianfu``."""
    held: tuple[str, ...]


class _Program:
    """The linear relaxation with law or without, by sample of the values."""

    def __init__(self, placing: Placing, values: _Values, *, law: bool, end: End) -> None:
        self._values = values
        self._problem = problem = placing.problem(law=law, end=end)
        self._relaxation = Relaxation(problem, placing.asked.effort)
        self._hub = np.array([one.hub for one in problem.columns])
        self._costs = np.array([one.cost for one in problem.columns])
        jobs = [problem.groups[one.group][0] for one in problem.columns]
        self._it_mwh = np.array([one.it_mwh for one in jobs])

    def solve(self, sample: int) -> _Placed | None:
        """None where the jobs do not fit."""
        values, limits_mw = self._values, self._values.limits_mw[sample]
        unit_costs = None if values.unit_costs is None else values.unit_costs[sample]
        costs = self._costs if unit_costs is None else unit_costs[self._hub] * self._it_mwh
        parts = self._relaxation.solve(costs, limits_mw)
        if parts is None:
            return None
        it_mwh = np.bincount(self._hub, parts * self._it_mwh, len(limits_mw))
        return _Placed(it_mwh, float(parts @ costs))


def _values(placing: Placing) -> _Values:
    asked, hubs = placing.asked, placing.hubs
    draws = _Draws(asked.samples, asked.seed)
    limits_mw = draws.by_hub("mw", hubs, [one.limit for one in hubs])
    unit_costs = None
    if asked.objective in BY_EMISSIONS:
        assert asked.counting is not None
        grams = _grams(draws, hubs, asked.counting)
        unit_costs = draws.by_hub("pue", hubs, [one.pue for one in hubs]) * grams / 1000
    elif asked.objective == "cost":
        prices = draws.by_hub("price", hubs, [one.price for one in hubs])
        unit_costs = draws.by_hub("pue", hubs, [one.pue for one in hubs]) * 1000 * prices
    return _Values(limits_mw, unit_costs, tuple(draws.drawn), tuple(draws.held))


def _grams(draws: _Draws, hubs: Sequence[HubValues], counting: Count) -> Floats:
    """Factors by hub. Contracts of one hub say nothing of those of another, so their shares are
    independent; the residual factor of what is left is national."""
    if counting == "market":
        bought = draws.by_hub("green", hubs, [one.contracts for one in hubs])
        countries = [one.country for one in hubs]
        return (1 - bought) * draws.by_hub(
            "residual", hubs, [one.residual for one in hubs], countries
        )
    factors = [one.factors[counting] for one in hubs]
    return draws.by_hub("factor", hubs, factors, [_shared(one, counting) for one in hubs])


def _shared(hub: HubValues, counting: Count) -> str:
    """The grid whose hubs share a draw of the factor: of a province, or of a country, where bounds
    of the marginal factor are equal."""
    factor = hub.factors[counting]
    return f"{hub.country} {factor.low} {factor.high}" if counting == "marginal" else hub.grid


class _Draws:
    """Samples of quantities, and which have an interval."""

    def __init__(self, samples: int, seed: int) -> None:
        self._samples = samples
        self._seed = seed
        self.drawn: list[str] = []
        self.held: list[str] = []

    def by_hub(
        self,
        quantity: str,
        hubs: Sequence[HubValues],
        values: Sequence[EnergyFigure | Factor | None],
        keys: Sequence[str] = (),
    ) -> Floats:
        """Samples by hub; equal keys share their random numbers."""
        found = []
        for hub, value, key in zip(hubs, values, keys or [one.hub for one in hubs], strict=True):
            assert value is not None  # else the question was refused
            low, high = (value.value if one is None else one for one in (value.low, value.high))
            assert low is not None
            assert high is not None
            (self.drawn if low < high else self.held).append(f"{quantity} {hub.hub}")
            random = np.random.default_rng(seed_of(self._seed, "place", quantity, key))
            found.append(_drawn(random.random(self._samples), low, value.value, high))
        return np.array(found).T


def _drawn(uniform: Floats, low: float, mode: float | None, high: float) -> Floats:
    """Quantiles of the triangular distribution, or of the uniform one without a mode."""
    if mode is None or low == high:
        return low + uniform * (high - low)
    rises = np.sqrt(uniform * (high - low) * (mode - low))
    falls = np.sqrt((1 - uniform) * (high - low) * (high - mode))
    return np.where(uniform * (high - low) < mode - low, low + rises, high - falls)
