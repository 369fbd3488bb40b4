"""What the background network carries: a document with a row for each flow and holding. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from corridor.topologies.base.codec import Document

Reaction = Literal["none", "own", "bought"]
"""How far operators have reacted to a cut. ``none``: traffic whose path is cut is lost. ``own``:
rerouted to free capacity of the same owner, first in the same direction, then in its other regions
(BGP: minutes). ``bought``: also to capacity of others and to offers (reports: from the second day
on)."""
REACTIONS: tuple[Reaction, ...] = ("none", "own", "bought")
SCHEMA = 1


@dataclass(frozen=True)
class FlowCarried:
    """Traffic of an owner in a direction. Offered is the sum of carried and shortfall."""

    country: str
    owner: str
    direction: str
    offered_gbps: float
    lost_path_gbps: float
    """Traffic whose path was cut."""
    rerouted_gbps: float
    """Of it, what other capacity carries."""
    carried_gbps: float
    shortfall_gbps: float
    """What nothing carries: also what exceeds the owner's capacity with nothing cut."""
    loss_share: float
    """Shortfall over offered, which is 1 - 1/rho at a load of rho times the capacity."""
    rtt_before_ms: float | None
    """Mean over the carried traffic, from the landing station to the region, with the queueing
    delay where more is offered than fits; None if nothing is carried."""
    rtt_after_ms: float | None
    """The same after the cut, with the queueing delay."""
    queueing_ms: float
    """Delay of full buffers; 0 without a shortfall, and where all of it is on paths that were cut:
    without a reaction it does not fill others."""

    @property
    def unserved_gbps(self) -> float:
        """Of the traffic whose path was cut, what nothing carries."""
        return self.lost_path_gbps - self.rerouted_gbps


@dataclass(frozen=True)
class HoldingCarried:
    """Load of a holding or an offer after the cut."""

    id: str
    country: str
    owner: str
    """Empty for an offer, like the system."""
    system: str
    direction: str
    capacity_gbps: float
    """In service, also if it is cut."""
    load_before_gbps: float
    load_gbps: float
    utilization: float | None
    """Load over capacity; None if it is cut."""
    cut: bool


@dataclass(frozen=True)
class TotalCarried:
    """The sums of a country, or of one owner in it."""

    country: str
    owner: str
    """Empty for the whole country."""
    capacity_gbps: float
    """In service before the cut, without offers."""
    lost_capacity_gbps: float
    """Of it, what is cut."""
    offered_gbps: float
    lost_path_gbps: float
    rerouted_gbps: float
    carried_gbps: float
    shortfall_gbps: float
    loss_share: float

    @property
    def unserved_gbps(self) -> float:
        """As of a flow."""
        return self.lost_path_gbps - self.rerouted_gbps


@dataclass(frozen=True)
class Carried(Document):
    """The result of an assignment. Countries are not added: their figures differ in kind."""

    schema: int
    date: str
    load: float
    """Multiple of the busy hour's traffic."""
    reaction: Reaction
    failed: tuple[str, ...]
    """Segments."""
    flows: tuple[FlowCarried, ...]
    holdings: tuple[HoldingCarried, ...]
    totals: tuple[TotalCarried, ...]

    def total(self, country: str, owner: str = "") -> TotalCarried:
        """Return the sums of a country or of one of its owners. Raises KeyError."""
        for one in self.totals:
            if (one.country, one.owner) == (country, owner):
                return one
        raise KeyError(f"{country} {owner}".strip())

    def flow(self, country: str, owner: str, direction: str) -> FlowCarried:
        """Return one flow. Raises KeyError."""
        for one in self.flows:
            if (one.country, one.owner, one.direction) == (country, owner, direction):
                return one
        raise KeyError(f"{country} {owner} {direction}")


def totals(
    flows: Sequence[FlowCarried], holdings: Sequence[HoldingCarried]
) -> tuple[TotalCarried, ...]:
    """Return the sums by country and then by owner, in the order of the flows."""
    groups = dict.fromkeys((one.country, "") for one in flows)
    groups |= dict.fromkeys((one.country, one.owner) for one in flows)
    return tuple(
        _total(
            country,
            owner,
            [one for one in flows if one.country == country and owner in ("", one.owner)],
            [
                one
                for one in holdings
                if one.country == country and one.owner and owner in ("", one.owner)
            ],
        )
        for country, owner in groups
    )


def _total(
    country: str, owner: str, flows: list[FlowCarried], holdings: list[HoldingCarried]
) -> TotalCarried:
    offered = sum(one.offered_gbps for one in flows)
    shortfall = sum(one.shortfall_gbps for one in flows)
    return TotalCarried(
        country,
        owner,
        capacity_gbps=sum(one.capacity_gbps for one in holdings),
        lost_capacity_gbps=sum(one.capacity_gbps for one in holdings if one.cut),
        offered_gbps=offered,
        lost_path_gbps=sum(one.lost_path_gbps for one in flows),
        rerouted_gbps=sum(one.rerouted_gbps for one in flows),
        carried_gbps=offered - shortfall,
        shortfall_gbps=shortfall,
        loss_share=shortfall / offered if offered else 0.0,
    )
