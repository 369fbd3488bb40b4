"""Capacities: on what they rest, who shares them, and what they become when emulated."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from corridor.topologies.model.delay import Medium
from corridor.topologies.model.fields import Frozen, Slug, Text

MAX_CAPACITY_GBPS = 1e9
"""No fibre on Earth reaches it; it catches slips of the unit."""
LEAST_FREE, LEAST_FREE_BPS = 0.01, 8
"""What background traffic always leaves of a fibre's emulated rate: a share, and the lowest rate
that netem can have."""


def least_free_bps(rate_bps: int) -> int:
    """Return the part of an emulated rate that background traffic always leaves."""
    return max(LEAST_FREE_BPS, round(rate_bps * LEAST_FREE))


CapacityBasis = Literal["published", "derived", "stated", "unpublished"]
"""``stated``: given without a source, as in a user-supplied map."""


class CapacityGroup(Frozen):
    """Capacity at a landing that several fibres share, so that it is counted once."""

    id: Slug
    at: str
    """The hub; what comes in shares with what comes in, what goes out with what goes out."""
    capacity_gbps: float | None = Field(default=None, gt=0, le=MAX_CAPACITY_GBPS)
    """None: not published, and assumed for the medium."""
    sources: tuple[Text, ...] = ()
    notes: Text = ""


RateBasis = Literal["published", "derived", "stated", "assumed", "floor", "ceiling"]


class EmulatedRate(Frozen):
    """A fibre's rate in the emulation, and whether it is the scaled capacity or a bound."""

    rate_bps: int
    basis: RateBasis

    @property
    def is_bound(self) -> bool:
        return self.basis in ("floor", "ceiling")


class Scaling(Frozen):
    """How real capacities become emulated rates. All of it is stated in the topology's file."""

    capacity_scale: float = Field(gt=0, le=1)
    """Emulated rate over real capacity."""
    assumed_terrestrial_gbps: float = Field(gt=0, le=MAX_CAPACITY_GBPS)
    """Used where no capacity is published. The data itself keeps ``null``."""
    assumed_submarine_gbps: float = Field(gt=0, le=MAX_CAPACITY_GBPS)
    min_rate_bps: int = Field(ge=8)  # netem has whole bytes a second
    max_rate_bps: int = Field(gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min_rate_bps > self.max_rate_bps:
            raise ValueError("the smallest emulated rate is above the largest")
        return self

    def assumed_gbps(self, medium: Medium) -> float:
        return (
            self.assumed_submarine_gbps if medium == "submarine" else self.assumed_terrestrial_gbps
        )

    def emulated(self, capacity_gbps: float, basis: RateBasis) -> EmulatedRate:
        """A capacity as it is emulated; says so where a bound decided, else the ``basis``."""
        rate_bps = round(capacity_gbps * 1e9 * self.capacity_scale)
        if rate_bps < self.min_rate_bps:
            return EmulatedRate(rate_bps=self.min_rate_bps, basis="floor")
        if rate_bps > self.max_rate_bps:
            return EmulatedRate(rate_bps=self.max_rate_bps, basis="ceiling")
        return EmulatedRate(rate_bps=rate_bps, basis=basis)
