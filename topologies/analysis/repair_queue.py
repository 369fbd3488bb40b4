"""Failures and repairs in time: repairs of wet segments queue for ships. Pure.

Failures of a part are a Poisson process, and change nothing while it is down: so it works for an
exponential time after each repair. The same failures and repair times are gone through twice: with
repairs that begin at once, as the exact method has it, and with repairs that wait for ships.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Literal, NamedTuple

import numpy as np

from corridor.topologies.analysis.failing_parts import FailureModel
from corridor.topologies.analysis.failure_rates import (
    DAYS_OF_YEAR,
    Draws,
    FailureRates,
)
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.seeds import seed_of

type RepairTimes = Literal["lognormal", "exponential", "constant"]
WARM_UP_YEARS = 3.0
"""Before time counts: all parts work at first."""


class Down(NamedTuple):
    """Something that is down, in years."""

    begin: float
    end: float
    down: int
    """Lines, or parts, as bits."""


class Failure(NamedTuple):
    """Something that fails, in years."""

    at: float
    part: int
    """A hit where an event hits a system; -1 of cable that is not on the map."""
    repair: float
    """How long a repair takes that does not wait."""
    down: int
    """Lines, or parts, as bits."""
    ships: str
    """Who repairs it; empty: no ship is needed."""


@dataclass
class ShipUse:
    """What the ships of some seas did; times in years."""

    ships: int
    repairs: int = 0
    waited: int = 0
    """Repairs for which no ship was free."""
    waiting: float = 0.0
    busy: float = 0.0

    def add(self, other: ShipUse) -> None:
        """Add another simulation of the same ships."""
        self.repairs += other.repairs
        self.waited += other.waited
        self.waiting += other.waiting
        self.busy += other.busy


@dataclass(frozen=True)
class SimulatedRepairs:
    """The same failures of what ships repair, repaired at once and by ships: parts that are down.
    Time begins after the warm-up."""

    at_once: Sequence[Down]
    queued: Sequence[Down]
    use: Mapping[str, ShipUse]
    """By id of ships, over the whole time."""


@dataclass(frozen=True)
class _Fleet:
    """Ships of some seas; one value a sample."""

    count: int
    keeps: Floats
    """Years that a repair keeps a ship."""
    others_a_year: Floats
    """Failures of cable that is not on the map."""
    others_repair: Floats
    """Mean years to repair it."""


class RepairSimulation:
    """Failures and repairs on a map, by sample of its rates."""

    def __init__(
        self,
        model: FailureModel,
        rates: FailureRates,
        *,
        seed: int,
        times: RepairTimes = "lognormal",
    ) -> None:
        """``times``: how single repairs are distributed about their mean."""
        self.model = model
        self._rates, self._seed, self._times = rates, seed, times
        self._events = {hit: event for event, of in model.events.items() for hit in of}
        serving = {one.id: one.ships for one in rates.places}
        serving |= {one.group: one.ships for one in rates.causes}
        self._ships_of = [serving.get(one.place, "") for one in model.parts]
        self._lines = [
            0 if part in model.events else sum(model.lines[fibre] for fibre in one.fibres)
            for part, one in enumerate(model.parts)
        ]
        draws = Draws(seed, model.unavailable.shape[1])
        self._fleets = {
            one.id: _Fleet(
                one.ships,
                draws.between(f"ship {one.id}", one.days.low, one.days.high) / DAYS_OF_YEAR,
                *self._others(one.id, one.thousand_km),
            )
            for one in rates.repair_ships
        }

    @property
    def by_ships(self) -> tuple[int, ...]:
        """Parts that ships repair."""
        return tuple(part for part, ships in enumerate(self._ships_of) if ships)

    def simulate(self, sample: int, years: float) -> SimulatedRepairs:
        """Return what is down when, at the rates of a sample; ``years`` count."""
        failures = [
            one._replace(down=1 << one.part if one.part >= 0 else 0)
            for one in self.failures(sample, years + WARM_UP_YEARS, by_ships=True)
        ]
        fleets = {name: (one.count, float(one.keeps[sample])) for name, one in self._fleets.items()}
        use = {name: ShipUse(count) for name, (count, _) in fleets.items()}
        return SimulatedRepairs(
            [_later(one) for one in repaired(failures, {}, {})],
            [_later(one) for one in repaired(failures, fleets, use)],
            use,
        )

    def failures(self, sample: int, years: float, *, by_ships: bool = False) -> list[Failure]:
        """Return failures in order of time, with the lines that go down; those of parts that are
        down then are among them.

        Args:
            sample: The number of the sample of rates.
            years: How long.
            by_ships: Whether only parts that ships repair, and cable that is not on the map.
        """
        found: list[Failure] = []
        for part, ships in enumerate(self._ships_of):
            if part not in self._events and (ships or not by_ships):
                found += self._of_part(part, sample, years)
        for name in self._fleets if by_ships else ():
            found += self._of_others(name, sample, years)
        return sorted(found)

    def _of_part(self, part: int, sample: int, years: float) -> Iterator[Failure]:
        of, ships = self.model.parts[part], self._ships_of[part]
        # One stream for each part, so that other parts change none of its failures.
        random = np.random.default_rng(seed_of(self._seed, "failures", of.id, str(sample)))
        mean = float(of.repair_days[sample]) / DAYS_OF_YEAR
        drawn = self._drawn(random, float(of.failures_a_year[sample]), mean, years)
        hits = self.model.events.get(part)
        if hits is None:
            yield from (Failure(*one, self._lines[part], ships) for one in _keyed(drawn, part))
            return
        shares = [float(self.model.parts[hit].unavailable[sample]) for hit in hits]
        lasts_until = 0.0
        for at, repair in drawn:
            chosen = random.random(len(hits)) < shares
            if at < lasts_until:
                continue
            lasts_until = at + repair
            for hit in np.array(hits)[chosen].tolist():
                yield Failure(at, hit, repair, self._lines[hit], ships)

    def _of_others(self, ships: str, sample: int, years: float) -> Iterator[Failure]:
        fleet = self._fleets[ships]
        random = np.random.default_rng(seed_of(self._seed, "others", ships, str(sample)))
        rate, mean = float(fleet.others_a_year[sample]), float(fleet.others_repair[sample])
        for one in _keyed(self._drawn(random, rate, mean, years), -1):
            yield Failure(*one, 0, ships)

    def _others(self, ships: str, thousand_km: float) -> tuple[Floats, Floats]:
        """How often cable fails that ships serve and the map does not have, and how long its
        repairs take: as the mean of what the map has."""
        parts = [
            one
            for one, of in zip(self.model.parts, self._ships_of, strict=True)
            if of == ships and one.kind == "wet"
        ]
        samples = self.model.unavailable.shape[1]
        drawn = sum(one.length_km for one in parts) / 1000
        if not 0 < drawn < thousand_km:
            return np.zeros(samples), np.ones(samples)
        rate = np.sum([one.failures_a_year for one in parts], axis=0)
        down = np.sum([one.failures_a_year * one.repair_days for one in parts], axis=0)
        return rate * (thousand_km / drawn - 1), down / rate / DAYS_OF_YEAR

    def _drawn(
        self, random: np.random.Generator, rate: float, mean: float, years: float
    ) -> list[tuple[float, float]]:
        """Moments of a Poisson process, each with a repair time."""
        count = random.poisson(rate * years)
        moments = np.sort(random.uniform(0, years, count))
        if self._times == "exponential":
            repairs = random.exponential(mean, count)
        else:
            spread = self._rates.repair_spread if self._times == "lognormal" else 0.0
            repairs = mean * np.exp(random.normal(-(spread**2) / 2, spread, count))
        return list(zip(moments.tolist(), repairs.tolist(), strict=True))


def _keyed(drawn: Sequence[tuple[float, float]], part: int) -> Iterator[tuple[float, int, float]]:
    return ((at, part, repair) for at, repair in drawn)


def _later(one: Down) -> Down:
    return one._replace(begin=one.begin - WARM_UP_YEARS, end=one.end - WARM_UP_YEARS)


def repaired(
    failures: Sequence[Failure],
    fleets: Mapping[str, tuple[int, float]],
    use: Mapping[str, ShipUse],
) -> Iterator[Down]:
    """Yield what is down when. A failure of a part that is down already changes nothing.

    Args:
        failures: In order of time.
        fleets: By id, how many ships there are, and how long a repair keeps one (at most as long
            as the repair takes); it needs the ship at its end. Repairs of other ships do not wait.
        use: By id of the same, to be added to.
    """
    down_until: dict[int, float] = {}
    free = {name: [0.0] * count for name, (count, _) in fleets.items()}
    waiting: list[tuple[float, int, Failure]] = []
    for number, failure in enumerate((*failures, None)):
        while waiting and (failure is None or waiting[0][0] <= failure.at):
            ready, _, one = heappop(waiting)
            keeps = min(fleets[one.ships][1], one.repair)
            begins = max(ready, heappop(free[one.ships]))
            heappush(free[one.ships], begins + keeps)
            of = use[one.ships]
            of.add(ShipUse(0, 1, int(begins > ready), begins - ready, keeps))
            down_until[one.part] = begins + keeps
            yield Down(one.at, begins + keeps, one.down)
        if failure is None or (failure.part >= 0 and down_until.get(failure.part, 0) > failure.at):
            continue
        end = failure.at + failure.repair
        if failure.ships in fleets:
            down_until[failure.part] = math.inf
            ready = end - min(fleets[failure.ships][1], failure.repair)
            heappush(waiting, (ready, number, failure))
        else:
            down_until[failure.part] = end
            yield Down(failure.at, end, failure.down)


def states(down: Sequence[Down], years: float) -> Iterator[tuple[float, float, int]]:
    """Yield the states of a network from 0 to ``years``: begin, end, and what is down."""
    changes = sorted(
        (at, begins, number)
        for number, one in enumerate(down)
        if one.down
        for at, begins in ((one.begin, True), (one.end, False))
    )
    active: set[int] = set()
    before, together = 0.0, 0
    for at, begins, number in (*changes, (years, True, -1)):
        now = min(max(at, 0.0), years)
        if now > before:
            yield before, now, together
            before = now
        if number < 0 or at >= years:
            continue
        (active.add if begins else active.discard)(number)
        together = 0
        for one in active:
            together |= down[one].down
