"""The kinds of arrivals: the one list of them. Standard library only: agents import it."""

from __future__ import annotations

from collections.abc import Sequence

from corridor.topologies.base.options import Values
from corridor.topologies.base.registry import Registry
from corridor.traffic.workloads import (
    gamma_arrivals,
    pareto_on_off_arrivals,
    periodic_arrivals,
    poisson_arrivals,
)
from corridor.traffic.workloads.arrival_kind import ArrivalKind, SplitMix64

KINDS = Registry(
    "corridor.arrivals",
    (
        gamma_arrivals.KIND,
        pareto_on_off_arrivals.KIND,
        periodic_arrivals.KIND,
        poisson_arrivals.KIND,
    ),
    of=ArrivalKind,
)
"""By their names in YAML."""
DEFAULT = periodic_arrivals.KIND.key

Arrival = str | dict[str, Values]
"""As plans write it: a kind's name, or that name with its options, ``{"name": {...}}``."""


def parts_of(arrival: Arrival) -> tuple[ArrivalKind, Values]:
    """The kind and the options; ValueError for a kind that is not known."""
    named: dict[str, Values] = {arrival: {}} if isinstance(arrival, str) else arrival
    ((name, options),) = named.items()
    if name not in KINDS:
        raise ValueError(f"arrival {name!r} is unknown: there are {', '.join(KINDS)}")
    return KINDS[name], options


def send_times(
    arrival: Arrival, start_ns: int, interval_ns: int, count: int, seed: int = 0
) -> Sequence[int]:
    """The intended send times of one demand, in order; ValueError for a kind that is not known."""
    kind, options = parts_of(arrival)
    return kind.times(start_ns, interval_ns, count, SplitMix64(seed), options)
