"""Policing: what the edge lets in of demands to which nothing is promised."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from corridor.controller.policy.model import MOST_BPS, Bandwidth
from corridor.experiments.scenario.quantities import RateBps
from corridor.topologies.base.documents import Document
from corridor.topologies.base.units import QuantityError, format_rate

type Unpoliced = Literal["none"]
LEAST_BPS = 10_000
"""A tenth of a second of it is the smallest burst of a meter: 1 kbit."""


def _as_a_meter_can(rate_bps: int) -> int:
    if not LEAST_BPS <= rate_bps <= MOST_BPS:
        least, most = map(format_rate, (LEAST_BPS, MOST_BPS))
        raise QuantityError(f"a meter holds demands to {least} at least, and {most} at most")
    return rate_bps


PolicedBps = Annotated[RateBps, AfterValidator(_as_a_meter_can)]


def police_bps(network: int | None, demand: int | Unpoliced | None) -> int | None:
    """The rate to which a demand is policed, if any; its own setting replaces the network's."""
    if demand == "none":
        return None
    return network if demand is None else demand


def check_policed(
    document: Document, number: int, guarantee: Bandwidth | None, police: int | Unpoliced | None
) -> None:
    """A demand with a guarantee is held to its peak rate, and to nothing else. InputError."""
    if guarantee is not None and isinstance(police, int):
        raise document.error(
            "a demand with a guarantee is limited to its peak rate, and cannot be policed as well",
            *("demands", number, "police"),
            hint="leave out police, or write the rate as the pir of the guarantee",
        )
