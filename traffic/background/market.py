"""Capacity and traffic on one day: holdings, flows, offers, regions, traffic matrices, estimates.

The matrix of a country is of gravity, with an exponent of distance near 0 (content decides where
traffic goes, not distance), fitted as by Furness (Traffic Engineering and Control, 1965), or Deming
and Stephan (1940). Estimates have bounds, and Monte Carlo samples by name and seed. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.model.topology import Confidence


@dataclass(frozen=True)
class Holding:
    """Capacity that one owner has between a country and a region on one system.

    A cut of any of its segments takes all of it out of service.
    """

    id: str
    """Of the data file, with the region: ``pk-ptcl-smw4/europe``."""
    country: str
    owner: str
    system: str
    direction: str
    """The region where it ends."""
    capacity_gbps: float
    """In service, in one direction, on the day."""
    segments: tuple[str, ...]
    length_km: float
    published: date
    """The date of the figure that the capacity is carried from."""
    source: str
    """Of the sources of the data file; empty if nothing was published."""
    confidence: Confidence
    derived: str
    """How the capacity follows from the figure: growth, and the share of the direction."""
    bound_gbps: float | None = None
    """What all owners of the country can hold on the system, in all directions; None if not known.
    """
    at_bound: bool = False
    """Whether they hold that, so that the capacity does not grow."""


@dataclass(frozen=True)
class Flow:
    """Traffic of one owner in one direction in the busy hour."""

    country: str
    owner: str
    direction: str
    offered_gbps: float


@dataclass(frozen=True)
class Offer:
    """Capacity outside all holdings, of which ``bought_share`` can be had within days."""

    id: str
    country: str
    direction: str
    capacity_gbps: float
    segments: tuple[str, ...]
    length_km: float


@dataclass(frozen=True)
class Transit:
    """A coarse edge between two regions; its capacity is None where none is published."""

    between: tuple[str, str]
    segment: str
    length_km: float
    capacity_gbps: float | None


@dataclass(frozen=True)
class Market:
    """All of one day. Countries have figures of different kinds: never add across countries."""

    date: date
    holdings: tuple[Holding, ...]
    flows: tuple[Flow, ...]
    offers: tuple[Offer, ...]
    transits: tuple[Transit, ...]
    bought_share: float
    """Of free capacity of others and of offers, the share that can be bought within days."""
    buffer_ms: float
    """The queueing delay of a full path."""
    segments: Mapping[str, float]
    """Lengths in km by segment, of all that the data name."""


DISTANCE_EXPONENT = 0.1
"""Assumed."""
LEAST = 1e-9
"""Share that a column keeps, for rows that have no other column."""
ROUNDS, TOLERANCE = 500, 1e-10


def gravity(mass: float, length_km: float) -> float:
    """Return the attraction of a region at a distance; only ratios have a meaning."""
    return mass * float(max(length_km, 1.0) ** -DISTANCE_EXPONENT)


def fitted(seed: Floats, rows: Floats, columns: Floats | None = None) -> Floats:
    """Scale a matrix to sums of rows and of columns.

    Args:
        seed: Rows x columns, not negative; a 0 stays 0.
        rows: The sum of each row.
        columns: The sum of each column, scaled to the sum of ``rows``; None: any.

    Returns:
        The matrix with the row sums. Its column sums are as near to ``columns`` as rows and zeros
        of the seed permit. A row of zeros stays 0.
    """
    found = _scaled(seed, rows, axis=1)
    if columns is None or not columns.sum() or not found.any():
        return found
    wanted = np.where(seed.any(axis=0), np.maximum(columns, LEAST * columns.sum()), 0.0)
    wanted = wanted * (rows.sum() / wanted.sum())
    for _ in range(ROUNDS):
        before, found = found, _scaled(_scaled(found, wanted, axis=0), rows, axis=1)
        if np.abs(found - before).max() <= TOLERANCE * rows.sum():
            break
    return found


def _scaled(matrix: Floats, sums: Floats, *, axis: int) -> Floats:
    """Scale each row (``axis`` 1) or column (``axis`` 0) to its sum."""
    now = matrix.sum(axis=axis)
    factors = np.divide(sums, now, out=np.zeros_like(sums), where=now > 0)
    return matrix * (factors[:, None] if axis else factors[None, :])


def with_fixed(seed: Floats, fixed: Floats, rows: Floats, columns: Floats | None) -> Floats:
    """The same where some shares of rows are known.

    Args:
        seed: Rows x columns, not negative.
        fixed: Rows x columns: the known share of a row, or NaN. The rest of a row is fitted. Known
            shares of more than 1 in all, or without a rest, are scaled to 1.
        rows: The sum of each row.
        columns: The sum of each column, or None.
    """
    known = np.nan_to_num(fixed)
    free = np.where(np.isnan(fixed), seed, 0.0)
    given, has_rest = known.sum(axis=1), free.sum(axis=1) > 0
    too_much = (given > 1) | ((given > 0) & ~has_rest)
    known = known / np.where(too_much, given, 1.0)[:, None] * rows[:, None]
    rest = np.where(has_rest, np.maximum(rows - known.sum(axis=1), 0.0), 0.0)
    left = None if columns is None else np.maximum(columns - known.sum(axis=0), 0.0)
    return known + fitted(free, rest, left)


@dataclass(frozen=True)
class Estimate:
    """A value between two bounds; all three have the same unit."""

    value: float
    low: float
    high: float

    def quantile(self, share: float) -> float:
        """Return the value at a share between 0 and 1 of the distribution.

        Half of the distribution is below the value and half above it, uniform up to each bound.
        """
        if share < 0.5:
            return self.low + 2 * share * (self.value - self.low)
        return self.value + (2 * share - 1) * (self.high - self.value)


type Draw = Callable[[str, Estimate], float]
"""Choose a number for an estimate; the same name gives the same share of the distribution."""


def central(_name: str, estimate: Estimate) -> float:
    """Choose the value itself."""
    return estimate.value


@dataclass(frozen=True)
class Samples:
    """Independent uniform shares for every name. The names, not their order, decide the numbers:
    another holding in the data leaves the samples of the others as they are."""

    seed: int
    count: int
    _shares: dict[str, Floats] = field(default_factory=dict, repr=False)

    def draw(self, number: int) -> Draw:
        """Return the choice of sample ``number``, from 0."""
        return lambda name, estimate: estimate.quantile(float(self._of(name)[number]))

    def _of(self, name: str) -> Floats:
        if name not in self._shares:
            generator = np.random.default_rng(seed_of(self.seed, "background", name))
            self._shares[name] = generator.random(self.count)
        return self._shares[name]
