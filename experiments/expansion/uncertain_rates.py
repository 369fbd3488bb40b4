"""Rates of demands with intervals that the caller states: ``ckpt=2Tbit:1Tbit-3Tbit``. Pure.

No source has an interval of a demand's rate, so only stated ones are varied: one draw a statement.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.units import QuantityError, format_rate, parse_rate_bps


class Stated(NamedTuple):
    """One statement."""

    of: str
    """A demand or a class; empty for all."""
    rate: str
    bps: int
    low_bps: int
    high_bps: int

    @property
    def plain(self) -> str:
        """Without the interval, as other commands take it."""
        return f"{self.of}={self.rate}" if self.of else self.rate

    @property
    def is_uncertain(self) -> bool:
        """Whether it has an interval."""
        return self.low_bps < self.high_bps


@dataclass(frozen=True)
class StatedRates:
    """All statements of a question."""

    each: tuple[Stated, ...]

    @classmethod
    def read(cls, texts: Sequence[str]) -> Self:
        """Read statements. Raises InputError for an interval that does not enclose its rate."""
        return cls(tuple(map(_read, texts)))

    @property
    def plain(self) -> tuple[str, ...]:
        """Without intervals."""
        return tuple(one.plain for one in self.each)

    @property
    def are_uncertain(self) -> bool:
        """Whether one has an interval."""
        return any(one.is_uncertain for one in self.each)

    def drawn(self, count: int, seed: int) -> Floats:
        """Return bit/s, uniform over each interval: a row a sample, a column a statement."""
        random_of = random.Random(f"{seed} rates of demands")
        rows = [[random_of.uniform(one.low_bps, one.high_bps) for one in self.each]
                for _ in range(count)]  # fmt: skip
        return np.array(rows).reshape(count, len(self.each))

    def texts(self, bps: Floats) -> tuple[str, ...]:
        """Return the statements with the rates of one sample."""
        pairs = zip(self.each, bps.tolist(), strict=True)
        return tuple(one._replace(rate=format_rate(round(rate))).plain for one, rate in pairs)

    def by_demand(self, loaded: LoadedScenario) -> dict[str, int]:
        """Return the number of the statement that decides the rate of a demand, where one does."""
        numbers = {one.of: at for at, one in enumerate(self.each)}
        together = {name for one in loaded.scenario.aggregates for name in one.demands}
        found = {
            one.id: next((of for of in (one.id, one.data_class, "") if of in numbers), None)
            for one in loaded.scenario.demands
            if one.id not in together
        }
        return {name: numbers[of] for name, of in found.items() if of is not None}

    def held(self, loaded: LoadedScenario, demands: Sequence[str]) -> tuple[str, ...]:
        """Return the demands, of those named, whose rate has no interval."""
        uncertain = {
            name for name, at in self.by_demand(loaded).items() if self.each[at].is_uncertain
        }
        return tuple(one for one in demands if one not in uncertain)


NO_RATES = StatedRates(())


def _read(text: str) -> Stated:
    of, _, stated = text.rpartition("=")
    rate, colon, interval = stated.partition(":")
    low, _, high = interval.partition("-") if colon else (rate, "", rate)
    try:
        bps, low_bps, high_bps = (parse_rate_bps(one) for one in (rate, low, high))
    except QuantityError as error:
        raise InputError(str(error), error.hint or _EXAMPLE) from error
    if not low_bps <= bps <= high_bps:
        raise InputError(f'the interval of "{text}" does not enclose its rate', _EXAMPLE)
    return Stated(of, rate, bps, low_bps, high_bps)


_EXAMPLE = "write for example ckpt=2Tbit, with an interval ckpt=2Tbit:1Tbit-3Tbit"
