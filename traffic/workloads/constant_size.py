"""Sizes that are all the same."""

from __future__ import annotations

from corridor.topologies.base.options import Option, Values
from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.size_kind import SizeKind


def draw(_numbers: SplitMix64, options: Values) -> float:
    return float(options["octets"])


def mean(options: Values) -> float:
    return float(options["octets"])


KIND = SizeKind(
    key="constant",
    words="all equal; a single size means the same",
    example="{constant: {octets: 782GB}}",
    draw=draw,
    mean=mean,
    options={"octets": Option("size", "size of each message", required=True, above=0)},
)
