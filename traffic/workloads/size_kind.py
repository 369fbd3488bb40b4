"""What the file of a kind of sizes holds. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from corridor.topologies.base.options import Option, Values, nothing_wrong
from corridor.traffic.workloads.arrival_kind import SplitMix64


class SizeKind(NamedTuple):
    """One kind of sizes; its functions give octets."""

    key: str
    words: str
    """What it does, for people: a phrase for a table."""
    example: str
    """As YAML writes it after ``size:``."""
    draw: Callable[[SplitMix64, Values], float]
    """One size, 0 or more, not yet rounded, from its own numbers."""
    mean: Callable[[Values], float]
    """Exactly."""
    options: Mapping[str, Option]
    problem: Callable[[Values], str] = nothing_wrong
    """What is wrong with options that are right one by one; empty if nothing."""


# Parameters that several kinds of workloads share.

SIZE = Option("sizes", "octets of each message", required=True)
DEADLINE = Option("time", "from its intended start to required completion", above=0)
ARRIVAL = Option("arrival", "kind of arrivals; poisson if not given")
