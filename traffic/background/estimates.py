"""A value with its bounds, and Monte Carlo samples of such values by name and seed. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from corridor.topologies.base.seeds import seed_of

Floats = npt.NDArray[np.float64]


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
