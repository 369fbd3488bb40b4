"""``corridor risks``: the register of what fails, by how much availability depends on it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corridor.experiments.answers.map_document import MapDocument, map_document
from corridor.experiments.answers.names import Names, names_of
from corridor.experiments.availability.availability_answer import (
    SAMPLES,
    SEED,
    Minutes,
    MissingRate,
    checked_limits,
    checked_model,
    missing_rates,
)
from corridor.experiments.availability.enclosed import DecidedDemand, EnclosedScenario
from corridor.experiments.availability.figures import (
    MINUTES_OF_YEAR,
    Figure,
    Interval,
    figure,
    interval,
)
from corridor.experiments.availability.risk_effects import Detours, LostTraffic, RiskEffects
from corridor.experiments.availability.served_systems import GAP, QUESTIONS, Limits
from corridor.experiments.scenario.scenario import (
    DEFAULT,
    LoadedScenario,
    load_under,
    under_given,
)
from corridor.topologies.analysis.enclosure import Decided
from corridor.topologies.analysis.failing_parts import FailingPart
from corridor.topologies.analysis.failure_rates import (
    DEFAULT_CLIMATE,
    FailureRates,
    read_failure_rates,
)
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import Document, read_document
from corridor.topologies.base.whole_file import write_text

RISKS_SCHEMA = 1
LEAST_AFFECTED = 0.01
"""Of the unavailability of a demand: below it, the demand does not count as affected."""
LEAST_MINUTES = 0.01
"""Of a demand, a year: below it, neither."""
SAME = 1e-9
"""Of the minutes that a part saves: those that differ by less are equal but for rounding."""
LEAST_TBIT_HOURS = 0.01
"""Of a country, a year: parts with less of it, and fewer minutes, are left out."""


@dataclass(frozen=True)
class Risk:
    """Something that fails: a wet segment, a land span or a common cause."""

    id: str
    kind: str
    """``wet``, ``land`` or ``cause``."""
    place: str
    """The place of its rates; of a cause, the shared-risk group."""
    fibres: tuple[str, ...]
    """What it takes down, or may take down."""
    length_km: float
    failures_a_year: Interval
    basis: str
    """The count or bounds behind the rate."""
    repair_days: Interval
    """Of the mean time to repair."""
    unavailable: Interval
    sources: tuple[str, ...]
    confidence: str
    note: str
    fussell_vesely: Interval
    """Share of the expected demand-minutes that would not occur if it never failed: of the shares
    of all samples, the mean and interval."""
    birnbaum: Interval
    """By how many demands the expected number of unavailable ones rises if it has failed."""
    demand_minutes_a_year: Interval
    """What would not occur if it never failed."""
    affected: tuple[str, ...]
    """Demands of which it causes at least 1 % of the unavailability."""
    first: float
    """Share of the samples in which no other saves more minutes. Those that save the same are each
    the first, so shares of a register may add up to more than 1."""
    detours: Detours
    traffic: tuple[LostTraffic, ...]
    """Internet traffic that it leaves without a path, by country: published splits first."""


@dataclass(frozen=True)
class DemandNines:
    """How often one demand has a path."""

    demand: str
    src: str
    dst: str
    figure: Figure

    @property
    def id(self) -> str:
        """The demand."""
        return self.demand


@dataclass(frozen=True)
class RisksAnswer(Document):
    """What ``corridor risks`` answers."""

    schema: int
    scenario: str
    policies: str
    as_of: str
    climate: str
    climate_note: str
    samples: int
    seed: int
    installed: bool
    """Whether the installed tables act alone, or a controller plans again."""
    demands: int
    demand_minutes_a_year: Minutes
    """Of all demands; the upper bound contains what is not explored."""
    risks: tuple[Risk, ...]
    """Those that matter to demands or to Internet traffic, the first by demand-minutes first."""
    without_effect: int
    """Other parts: no explored failure of a demand needs them."""
    missing: tuple[MissingRate, ...]
    by_demand: tuple[DemandNines, ...]
    """In the order of the scenario."""


def risks(
    scenario: str | Path = DEFAULT,
    *,
    policies: str | Path | None = None,
    as_of: date | str | None = None,
    installed: bool = False,
    climate: str = DEFAULT_CLIMATE,
    rates: str | Path | None = None,
    samples: int = SAMPLES,
    seed: int = SEED,
    gap: float = GAP,
    questions: int = QUESTIONS,
) -> RisksAnswer:
    """Rank what fails by how much the availability of all demands depends on it.

    Args:
        scenario: The name of a shipped scenario, or a scenario file.
        policies: A shipped policy set or a file, instead of the scenario's own.
        as_of: The date whose policies are in force; default: the scenario's date, or today.
        installed: Whether the installed tables act alone; default: a controller plans again.
        climate: Which years of the record count: ``record``, ``peace``, ``as-2024-2026`` or
            ``hormuz-closed``.
        rates: A file of failure rates instead of the shipped one.
        samples: Samples of the rates, behind the intervals.
        seed: Of the samples.
        gap: The probability of states that may be left unexplored.
        questions: Sets of failed fibres to decide for each demand, at most.

    Returns:
        Wet segments, land spans and common causes: rate with its count, repair time, affected
        demands, Fussell-Vesely and Birnbaum importance, expected demand-minutes a year, Internet
        traffic that is not carried, jurisdictions that detours meet, and the share of samples in
        which no other is more important.

    Raises:
        InputError: A file, a name, a climate or a number is invalid.

    Example:
        >>> corridor.risks("mini", samples=20).risks[0].id
        'aae-1:bangkok..karachi'
    """
    loaded = load_under(str(scenario), under_given(policies, as_of))
    return risks_answer(
        loaded,
        read_failure_rates(rates),
        installed=installed,
        climate=climate,
        samples=samples,
        seed=seed,
        limits=checked_limits(gap, questions),
    )


def risks_answer(
    loaded: LoadedScenario,
    rates: FailureRates,
    *,
    installed: bool = False,
    climate: str = DEFAULT_CLIMATE,
    samples: int = SAMPLES,
    seed: int = SEED,
    limits: Limits | None = None,
) -> RisksAnswer:
    """Compute the register of a loaded scenario.

    Raises:
        InputError: The climate is unknown, or the number of samples is out of bounds.
    """
    model = checked_model(loaded, rates, climate, samples, seed)
    decided = EnclosedScenario(loaded, model, limits=limits)
    register = _Register(decided, [_decided(one, installed) for one in decided.demands])
    return RisksAnswer(
        schema=RISKS_SCHEMA,
        scenario=loaded.scenario.name,
        policies=loaded.policies.name,
        as_of=str(loaded.as_of),
        climate=climate,
        climate_note=next(one.note for one in rates.climates if one.id == climate),
        samples=samples,
        seed=seed,
        installed=installed,
        demands=len(decided.demands),
        demand_minutes_a_year=register.minutes(),
        risks=register.risks,
        without_effect=len(model.cut_sets.counted) - len(register.risks),
        missing=tuple(missing_rates(rates, model)),
        by_demand=tuple(_nines(decided, one, installed) for one in decided.demands),
    )


def _nines(decided: EnclosedScenario, of: DecidedDemand, installed: bool) -> DemandNines:
    one = _decided(of, installed)
    found = figure(decided.bounds(one), one.gap, one.questions)
    return DemandNines(of.demand.id, of.demand.src, of.demand.dst, found)


def _decided(of: DecidedDemand, installed: bool) -> Decided:
    return of.installed if installed else of.replanned


class _Register:
    """What the failures of parts add to the unavailability of demands."""

    def __init__(self, decided: EnclosedScenario, found: Sequence[Decided]) -> None:
        self._decided = decided
        served = (one.demand.id for one in decided.demands)
        self._effects = RiskEffects(decided.loaded, decided.model, served)
        self._found = found
        model, space = decided.model, decided.space
        shape = model.unavailable.shape
        self._saved: Floats = np.zeros(shape)
        self._total: Floats = np.zeros(shape[1])
        self._by_demand: list[npt.NDArray[np.bool_]] = []
        for one in found:
            saved, fails = space.saved(one.fails), space.probabilities(one.fails)
            self._saved += saved
            self._total += fails
            means = saved.mean(axis=1)
            least = max(LEAST_AFFECTED * fails.mean(), LEAST_MINUTES / MINUTES_OF_YEAR)
            self._by_demand.append(means >= least)

    def minutes(self) -> Minutes:
        """Expected demand-minutes a year, with what is not explored."""
        high = sum(float(self._decided.bounds(one).high.mean()) for one in self._found)
        return Minutes(float(self._total.mean()) * MINUTES_OF_YEAR, high * MINUTES_OF_YEAR)

    @property
    def risks(self) -> tuple[Risk, ...]:
        """The first by demand-minutes first."""
        model = self._decided.model
        counted = list(model.cut_sets.counted)
        means = self._saved.mean(axis=1)
        most = self._saved[counted].max(axis=0) * (1 - SAME)
        share = {part: float((self._saved[part] >= most).mean()) for part in counted}
        order = sorted(counted, key=lambda part: (-means[part], part))
        traffic = {part: self._effects.traffic(part) for part in counted}
        kept = [
            part
            for part in order
            if means[part] * MINUTES_OF_YEAR >= LEAST_MINUTES
            or any(one.tbit_hours_a_year.mean >= LEAST_TBIT_HOURS for one in traffic[part])
        ]
        return tuple(
            self._risk(part, model.parts[part], share[part], traffic[part]) for part in kept
        )

    def _risk(
        self, part: int, of: FailingPart, first: float, traffic: tuple[LostTraffic, ...]
    ) -> Risk:
        saved, demands = self._saved[part], self._decided.demands
        return Risk(
            id=of.id,
            kind=of.kind,
            place=of.place,
            fibres=of.fibres,
            length_km=of.length_km,
            failures_a_year=interval(of.failures_a_year),
            basis=of.basis,
            repair_days=interval(of.repair_days),
            unavailable=interval(of.unavailable),
            sources=of.sources,
            confidence=of.confidence,
            note=of.note,
            fussell_vesely=interval(saved / np.maximum(self._total, 1e-300)),
            birnbaum=interval(saved / of.unavailable),
            demand_minutes_a_year=interval(saved * MINUTES_OF_YEAR),
            affected=tuple(
                one.demand.id
                for one, is_affected in zip(demands, self._by_demand, strict=True)
                if is_affected[part]
            ),
            first=first,
            detours=self._effects.detours(part),
            traffic=traffic,
        )


# ``risks.json`` of a folder that ``corridor risks --out`` made: the answer, names, and the map.

RISKS_FILE = "risks.json"


@dataclass(frozen=True, kw_only=True)
class RisksDocument(Document):
    """What ``risks.json`` contains."""

    schema: int
    answer: RisksAnswer
    names: Names
    map: MapDocument


def write_risks(folder: Path, loaded: LoadedScenario, answer: RisksAnswer) -> None:
    """Write the answer with what its brief needs."""
    document = RisksDocument(
        schema=RISKS_SCHEMA,
        answer=answer,
        names=names_of(loaded.scenario.title, (loaded.policies,)),
        map=map_document(loaded.topology),
    )
    write_text(folder / RISKS_FILE, json.dumps(document.to_json(), ensure_ascii=False) + "\n")


def read_risks(folder: Path) -> RisksDocument:
    """Read the register of a folder.

    Raises:
        InputError: There is none, or another version wrote it.
    """
    path = folder / RISKS_FILE
    hint = "run corridor risks again, with --out"
    return read_document(RisksDocument, read_json(path, RESULT), str(path), hint)
