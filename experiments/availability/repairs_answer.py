"""``corridor availability --repairs queue``: what waiting for ships changes. Pure.

Ships couple wet segments, so exactness ends. The estimator is the exact value for repairs that do
not wait, plus the simulated difference between repairs that wait and those that do not, over the
same failures (a control variate). What no ship repairs is not simulated: in each state of the other
parts, the probability that a demand fails is exact (conditional Monte Carlo).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from corridor.experiments.availability.availability_answer import (
    SAMPLES,
    SEED,
    checked_model,
)
from corridor.experiments.availability.enclosed import EnclosedScenario
from corridor.experiments.availability.figures import MINUTES_OF_YEAR, nines
from corridor.experiments.availability.served_systems import Limits
from corridor.experiments.scenario.scenario import (
    DEFAULT,
    LoadedScenario,
    load_under,
    under_given,
)
from corridor.topologies.analysis.enclosure import Decided, FailureDiagrams
from corridor.topologies.analysis.failure_rates import (
    DAYS_OF_YEAR,
    DEFAULT_CLIMATE,
    DEVIATIONS_OF_90,
    FailureRates,
    read_failure_rates,
)
from corridor.topologies.analysis.repair_queue import (
    WARM_UP_YEARS,
    Down,
    RepairSimulation,
    RepairTimes,
    ShipUse,
    states,
)
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.codec import Document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest

REPAIRS_SCHEMA = 1
YEARS = 50
"""Of each sample."""
MOST_YEARS = 10_000
ROUNDING = 1e-6
"""Minutes a year: below it, a difference is rounding error."""


@dataclass(frozen=True)
class Estimate:
    """A mean of the samples with its error by simulation."""

    mean: float
    error: float
    """Half of the 90 % confidence interval."""


@dataclass(frozen=True)
class DemandRepairs:
    """One demand, with a controller that plans again: minutes a year without a path."""

    demand: str
    at_once: float
    """Exact, for repairs that do not wait: the lower bound of ``corridor availability``."""
    simulated: Estimate
    """The same by simulation: a check."""
    queued: Estimate
    """Repairs wait for ships."""
    added: Estimate
    """What waiting adds."""
    nines: float
    """Of ``queued``; at most 5."""


@dataclass(frozen=True)
class ShipsAnswer:
    """Ships of some seas."""

    id: str
    ships: int
    repairs_a_year: float
    """Those of cable that is not on the map included."""
    waited: float
    """The share of repairs for which no ship was free."""
    mean_wait_days: float
    """Of all repairs."""
    busy: float
    """The share of time that a ship repairs."""
    confidence: str
    note: str


@dataclass(frozen=True)
class RepairsAnswer(Document):
    """What ``corridor availability --repairs queue`` answers."""

    schema: int
    scenario: str
    policies: str
    as_of: str
    climate: str
    samples: int
    years: int
    """Simulated for each sample."""
    seed: int
    repair_times: str
    spread: float
    """Standard deviation of the logarithm of a repair time about its mean."""
    demands: tuple[DemandRepairs, ...]
    """Those to which waiting adds most first."""
    at_once: float
    """Minutes a year without a path, added over demands."""
    simulated: Estimate
    queued: Estimate
    added: Estimate
    differing: int
    """Samples in which waiting changes anything; the error of ``added`` means little if few do."""
    not_explored: float
    """Minutes a year, added over demands, that the bounds leave open: taken as served."""
    variance_ratio: float
    """Variance of a simulation of ``queued`` alone over that of ``added``: how many times as many
    years it would need for the same error."""
    ships: tuple[ShipsAnswer, ...]


def repairs(
    scenario: str | Path = DEFAULT,
    *,
    policies: str | Path | None = None,
    as_of: date | str | None = None,
    climate: str = DEFAULT_CLIMATE,
    rates: str | Path | None = None,
    repair_times: RepairTimes = "lognormal",
    samples: int = SAMPLES,
    years: int = YEARS,
    seed: int = SEED,
) -> RepairsAnswer:
    """Simulate how long demands have no permitted path while repairs at sea wait for ships.

    Args:
        scenario: The name of a shipped scenario, or a scenario file.
        policies: A shipped policy set or a file, instead of the scenario's own.
        as_of: The date whose policies are in force; default: the scenario's date, or today.
        climate: Which years of the record count: ``record``, ``peace``, ``as-2024-2026`` or
            ``hormuz-closed``.
        rates: A file of failure rates instead of the shipped one.
        repair_times: How single repairs are distributed about their mean: ``lognormal``,
            ``exponential`` or ``constant``.
        samples: Samples of the rates; each is a simulation.
        years: Years of each simulation.
        seed: Of the samples and of the simulations.

    Returns:
        By demand, minutes a year without a path: exact for repairs that do not wait, by simulation
        of the same, and by simulation with ships, each with its error; and how busy ships are.

    Raises:
        InputError: A file, a name, a climate or a number is invalid.

    Example:
        >>> found = corridor.repairs("mini", samples=20, years=5)
        >>> found.differing  # no repair waits here
        0
    """
    loaded = load_under(str(scenario), under_given(policies, as_of))
    return repairs_answer(
        loaded,
        read_failure_rates(rates),
        climate=climate,
        repair_times=repair_times,
        samples=samples,
        years=years,
        seed=seed,
    )


def repairs_answer(
    loaded: LoadedScenario,
    rates: FailureRates,
    *,
    climate: str = DEFAULT_CLIMATE,
    repair_times: RepairTimes = "lognormal",
    samples: int = SAMPLES,
    years: int = YEARS,
    seed: int = SEED,
    limits: Limits | None = None,
) -> RepairsAnswer:
    """Compute the answer of a loaded scenario.

    Raises:
        InputError: The climate or the distribution is unknown, or a number is out of bounds.
    """
    known = get_args(RepairTimes.__value__)
    if repair_times not in known:
        hint = nearest(repair_times, known) or f"they are {', '.join(known)}"
        raise InputError(f'no distribution of repair times is called "{repair_times}"', hint)
    if not 1 <= years <= MOST_YEARS:
        raise InputError(f"years are 1 to {MOST_YEARS:,}, not {years}")
    model = checked_model(loaded, rates, climate, samples, seed)
    served = EnclosedScenario(loaded, model, limits=limits)
    decided = [served.replanned(one.policies) for one in served.served]
    simulation = RepairSimulation(model, rates, seed=seed, times=repair_times)
    compared = _Compared(decided, served.space, simulation, samples, years)
    rows = [
        DemandRepairs(
            one.demand.id,
            float(exact.mean()),
            _estimate(simulated - exact, float(exact.mean())),
            queued := _estimate(queue - simulated, float(exact.mean())),
            _estimate(queue - simulated),
            nines(queued.mean / MINUTES_OF_YEAR),
        )
        for one, exact, simulated, queue in zip(served.served, *compared.minutes, strict=True)
    ]
    exact, simulated, queue = (one.sum(axis=0) for one in compared.minutes)
    added = queue - simulated
    bounds = map(served.bounds, decided)
    return RepairsAnswer(
        schema=REPAIRS_SCHEMA,
        scenario=loaded.scenario.name,
        policies=loaded.policies.name,
        as_of=str(loaded.as_of),
        climate=climate,
        samples=samples,
        years=years,
        seed=seed,
        repair_times=repair_times,
        spread=rates.repair_spread if repair_times == "lognormal" else 0.0,
        demands=tuple(sorted(rows, key=lambda one: (-one.added.mean, -one.at_once))),
        at_once=float(exact.mean()),
        simulated=_estimate(simulated - exact, float(exact.mean())),
        differing=int(np.count_nonzero(np.abs(added) > ROUNDING)),
        queued=_estimate(added, float(exact.mean())),
        added=_estimate(added),
        not_explored=sum(float((one.high - one.low).mean()) for one in bounds) * MINUTES_OF_YEAR,
        variance_ratio=float(queue.var() / added.var())
        if (np.abs(added) > ROUNDING).any()
        else 1.0,
        ships=tuple(_ships(rates, compared.use, samples * (years + WARM_UP_YEARS))),
    )


def _estimate(values: Floats, exact: float = 0.0) -> Estimate:
    """Of one value a sample, added to what is known exactly."""
    error = DEVIATIONS_OF_90 * float(values.std(ddof=1)) / len(values) ** 0.5
    return Estimate(exact + float(values.mean()), error)


def _ships(rates: FailureRates, use: dict[str, ShipUse], years: float) -> list[ShipsAnswer]:
    return [
        ShipsAnswer(
            one.id,
            one.ships,
            of.repairs / years,
            of.waited / of.repairs,
            of.waiting / of.repairs * DAYS_OF_YEAR,
            of.busy / years / one.ships,
            one.confidence,
            one.note,
        )
        for one in rates.repair_ships
        if (of := use.get(one.id)) is not None and of.repairs
    ]


class _Minutes(NamedTuple):
    """Minutes a year without a path: one row a demand, one column a sample."""

    exact: Floats
    simulated: Floats
    queued: Floats


class _Compared:
    """The same failures repaired at once and by ships, for all demands."""

    def __init__(
        self,
        decided: Sequence[Decided],
        space: FailureDiagrams,
        simulation: RepairSimulation,
        samples: int,
        years: int,
    ) -> None:
        """``decided``: by demand; those that fail together are one object."""
        self.use: dict[str, ShipUse] = {}
        each = list({id(one): one for one in decided}.values())
        exact = np.stack([space.probabilities(one.fails) for one in each])
        found = np.stack([exact, exact])
        simulated = [
            at for at, one in enumerate(each) if space.depends(one.fails, simulation.by_ships)
        ]
        for sample in range(samples):
            run = simulation.simulate(sample, years)
            lasting = [_lasting(of, years) for of in (run.at_once, run.queued)]
            different = list(dict.fromkeys((*lasting[0], *lasting[1])))
            shares = np.array([[one.get(state, 0.0) for state in different] for one in lasting])
            known = space.by_state(sample, simulation.by_ships, different)
            for at in simulated:
                found[:, at, sample] = shares @ each[at].fails.probability(known)
            for name, one in run.use.items():
                self.use.setdefault(name, ShipUse(one.ships)).add(one)
        row = {id(one): at for at, one in enumerate(each)}
        rows = [row[id(one)] for one in decided]
        self.minutes = _Minutes(*(MINUTES_OF_YEAR * one[rows] for one in (exact, *found)))


def _lasting(down: Sequence[Down], years: int) -> dict[int, float]:
    """The share of time of each state."""
    found: dict[int, float] = {}
    for begin, end, parts in states(down, years):
        found[parts] = found.get(parts, 0.0) + (end - begin) / years
    return found
