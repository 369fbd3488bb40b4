"""``corridor availability``: how often each demand and service has a permitted path. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.availability.enclosed import DecidedDemand, EnclosedScenario
from corridor.experiments.availability.figures import (
    MOST_NINES,
    Figure,
    PriceInNines,
    figure,
    nines,
    price_in_nines,
)
from corridor.experiments.availability.served_systems import GAP, QUESTIONS, Limits
from corridor.experiments.scenario.given import given_name
from corridor.experiments.scenario.scenario import (
    DEFAULT,
    LoadedScenario,
    load_under,
    under_given,
)
from corridor.topologies.analysis.failing_parts import FailureModel, failure_model
from corridor.topologies.analysis.failure_rates import (
    DEFAULT_CLIMATE,
    FailureRates,
    read_failure_rates,
)
from corridor.topologies.analysis.lines import at_most_failed
from corridor.topologies.base.codec import Document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest

AVAILABILITY_SCHEMA = 1
SAMPLES, SEED = 200, 1
FEWEST, MOST = 20, 5_000
"""Of samples."""
TWO = 2


@dataclass(frozen=True)
class DemandAvailability:
    """One demand that is served while nothing has failed. Both directions must work."""

    demand: str
    application: str
    data: str
    src: str
    dst: str
    replanned: Figure
    """A permitted path of fibres is left, which a controller that plans again takes."""
    installed: Figure
    """The installed tables alone deliver its packets, with their detours."""
    baseline: Figure | None
    """As ``replanned``, under the baseline; None without a baseline, or if it is blocked there."""
    price: PriceInNines | None
    """What the policies cost against the baseline."""


@dataclass(frozen=True)
class ServiceAvailability:
    """The demands of one application class: how often some of them has no permitted path."""

    application: str
    demands: int
    worst: str
    """The demand that is unavailable most often."""
    some_out_low: float
    some_out_high: float
    """Probability that at least one is unavailable: between that of the worst and their sum."""
    nines: float
    """Of ``some_out_high``; at most 5."""
    demand_minutes_a_year: float
    """Expected minutes without a permitted path, added over its demands (upper bound)."""


@dataclass(frozen=True)
class TwoFailures:
    """What an enumeration of up to two failures could claim."""

    probability: float
    """That at most two parts have failed at an instant."""
    nines: float
    """Of the rest: no demand can be shown to have more by that enumeration."""
    parts: int


@dataclass(frozen=True)
class MissingRate:
    """What is left out, because it has no rate."""

    what: str
    why: str


@dataclass(frozen=True)
class Minutes:
    """Expected minutes a year, added over demands: bounds."""

    low: float
    high: float


@dataclass(frozen=True)
class AvailabilityAnswer(Document):
    """What ``corridor availability`` answers."""

    schema: int
    scenario: str
    policies: str
    against: str
    """The baseline; empty without one."""
    as_of: str
    climate: str
    climate_note: str
    samples: int
    seed: int
    most_nines: float
    """No figure claims more."""
    k: int
    """Failures that the tables are asked to survive."""
    demands: tuple[DemandAvailability, ...]
    """The worst first."""
    services: tuple[ServiceAvailability, ...]
    """By application class, the worst first."""
    replanned_minutes: Minutes
    installed_minutes: Minutes
    baseline_minutes: Minutes | None
    """Of the demands that the baseline serves, too: ``replanned_minutes`` may have more demands."""
    unserved: tuple[str, ...]
    """Demands without a path while nothing has failed: blocked, or without fibres."""
    two_failures: TwoFailures
    missing: tuple[MissingRate, ...]


def availability(
    scenario: str | Path = DEFAULT,
    *,
    policies: str | Path | None = None,
    against: str | Path | None = NO_POLICIES,
    as_of: date | str | None = None,
    climate: str = DEFAULT_CLIMATE,
    rates: str | Path | None = None,
    samples: int = SAMPLES,
    seed: int = SEED,
    gap: float = GAP,
    questions: int = QUESTIONS,
) -> AvailabilityAnswer:
    """Compute how often each demand has a permitted path while fibres fail.

    Args:
        scenario: The name of a shipped scenario, or a scenario file.
        policies: A shipped policy set or a file, instead of the scenario's own.
        against: The policy set of the baseline; None for none.
        as_of: The date whose policies are in force; default: the scenario's date, or today.
        climate: Which years of the record count: ``record``, ``peace``, ``as-2024-2026`` or
            ``hormuz-closed``.
        rates: A file of failure rates instead of the shipped one.
        samples: Samples of the rates, behind the intervals.
        seed: Of the samples.
        gap: The probability of states that may be left unexplored.
        questions: Sets of failed fibres to decide for each demand, at most.

    Returns:
        By demand and application class: bounds of the probability to be unavailable, nines (never
        more than 5) with 90 % intervals and minutes a year, with the installed tables alone, with a
        controller that plans again, and under the baseline; and the price of the policies.

    Raises:
        InputError: A file, a name, a climate or a number is invalid.

    Example:
        >>> found = corridor.availability("mini", samples=20)
        >>> found.demands[0].demand, round(found.demands[0].replanned.nines, 1)
        ('science-karachi', 3.1)
    """
    under = under_given(policies, as_of)
    loaded = load_under(str(scenario), under)
    baseline = None
    if against is not None:
        asked = under_given(given_name(against, "against"), as_of)
        baseline = load_under(str(scenario), asked, topology=loaded.topology)
    known = read_failure_rates(rates)
    return availability_answer(
        loaded,
        known,
        baseline=baseline,
        climate=climate,
        samples=samples,
        seed=seed,
        limits=checked_limits(gap, questions),
    )


def availability_answer(
    loaded: LoadedScenario,
    rates: FailureRates,
    *,
    baseline: LoadedScenario | None = None,
    climate: str = DEFAULT_CLIMATE,
    samples: int = SAMPLES,
    seed: int = SEED,
    limits: Limits | None = None,
) -> AvailabilityAnswer:
    """Compute the answer of a loaded scenario; the baseline has the same map.

    Raises:
        InputError: The climate is unknown, or the number of samples is out of bounds.
    """
    if baseline is not None and baseline.policies.name == loaded.policies.name:
        baseline = None
    model = checked_model(loaded, rates, climate, samples, seed)
    decided = EnclosedScenario(loaded, model, baseline=baseline, limits=limits)
    demands = [_demand(decided, one) for one in decided.demands]
    demands.sort(key=lambda one: -one.replanned.unavailable_high)
    compared = [one for one in demands if one.baseline is not None]
    return AvailabilityAnswer(
        schema=AVAILABILITY_SCHEMA,
        scenario=loaded.scenario.name,
        policies=loaded.policies.name,
        against="" if baseline is None else baseline.policies.name,
        as_of=str(loaded.as_of),
        climate=climate,
        climate_note=next(one.note for one in rates.climates if one.id == climate),
        samples=samples,
        seed=seed,
        most_nines=MOST_NINES,
        k=decided.k,
        demands=tuple(demands),
        services=tuple(_services(demands)),
        replanned_minutes=_minutes(one.replanned for one in demands),
        installed_minutes=_minutes(one.installed for one in demands),
        baseline_minutes=_minutes(one.baseline for one in compared) if compared else None,
        unserved=decided.unserved,
        two_failures=_two_failures(model),
        missing=tuple(missing_rates(rates, model)),
    )


def checked_model(
    loaded: LoadedScenario, rates: FailureRates, climate: str, samples: int, seed: int
) -> FailureModel:
    """Return the failing parts of a scenario's map.

    Raises:
        InputError: The climate is unknown, or the number of samples is out of bounds.
    """
    check_climate(rates, climate)
    check_samples(samples)
    if not loaded.topology.fibres:
        raise InputError(f"{loaded.topology.name} has no fibre", "availability needs fibres")
    return failure_model(loaded.topology, rates, climate=climate, samples=samples, seed=seed)


def check_climate(rates: FailureRates, climate: str) -> None:
    """Raise InputError if the climate is unknown."""
    known = [one.id for one in rates.climates]
    if climate not in known:
        hint = nearest(climate, known) or f"they are {', '.join(known)}"
        raise InputError(f'no climate is called "{climate}"', hint)


def check_samples(samples: int) -> None:
    """Raise InputError if the number of samples is out of bounds."""
    if not FEWEST <= samples <= MOST:
        raise InputError(f"samples are {FEWEST} to {MOST:,}, not {samples}")


def checked_limits(gap: float | None = None, questions: int | None = None) -> Limits:
    """Return how far states are explored; None is the default.

    Raises:
        InputError: The gap is not between 0 and 1, or there are no questions.
    """
    gap = GAP if gap is None else gap
    questions = QUESTIONS if questions is None else questions
    if not 0 < gap < 1:
        raise InputError(f"a gap is above 0 and below 1, not {gap:g}")
    if questions < 1:
        raise InputError(f"questions are 1 or more, not {questions}")
    return Limits(gap, questions)


def missing_rates(rates: FailureRates, model: FailureModel) -> Iterator[MissingRate]:
    """Yield what is left out: what the data say, and corridors of the map without a cause."""
    for one in rates.missing:
        yield MissingRate(one.what, one.why)
    if model.unrated_groups:
        groups = ", ".join(one.partition(":")[2] for one in model.unrated_groups)
        yield MissingRate(
            f"common causes of corridors: {groups}",
            "no rate in the data; their fibres fail independently",
        )


def _demand(decided: EnclosedScenario, of: DecidedDemand) -> DemandAvailability:
    policed = decided.bounds(of.replanned)
    installed = decided.bounds(of.installed)
    baseline = price = None
    if of.baseline is not None:
        other = decided.bounds(of.baseline)
        baseline = figure(other, of.baseline.gap, of.baseline.questions)
        price = price_in_nines(policed, other, is_nested=of.is_nested)
    return DemandAvailability(
        demand=of.demand.id,
        application=of.demand.data_class,
        data=of.demand.data,
        src=of.demand.src,
        dst=of.demand.dst,
        replanned=figure(policed, of.replanned.gap, of.replanned.questions),
        installed=figure(installed, of.installed.gap, of.installed.questions),
        baseline=baseline,
        price=price,
    )


def _services(demands: Sequence[DemandAvailability]) -> list[ServiceAvailability]:
    """Demands are sorted, the worst first."""
    by_class: Mapping[str, list[DemandAvailability]] = {
        name: [one for one in demands if one.application == name]
        for name in dict.fromkeys(one.application for one in demands)
    }
    found = []
    for name, of in by_class.items():
        most = min(1.0, sum(one.replanned.unavailable_high for one in of))
        found.append(
            ServiceAvailability(
                application=name,
                demands=len(of),
                worst=of[0].demand,
                some_out_low=max(one.replanned.unavailable_low for one in of),
                some_out_high=most,
                nines=nines(most),
                demand_minutes_a_year=_minutes(one.replanned for one in of).high,
            )
        )
    return sorted(found, key=lambda one: -one.some_out_high)


def _minutes(figures: Iterable[Figure | None]) -> Minutes:
    known = [one for one in figures if one is not None]
    return Minutes(
        sum(one.minutes_a_year_low for one in known), sum(one.minutes_a_year_high for one in known)
    )


def _two_failures(model: FailureModel) -> TwoFailures:
    counted = model.cut_sets.counted
    probability = at_most_failed((model.mean_unavailable[part] for part in counted), TWO)
    return TwoFailures(probability, nines(1 - probability), len(counted))
