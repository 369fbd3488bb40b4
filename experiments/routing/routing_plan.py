"""What a guest does to measure plain routing, and what it records, as values. Pure.

Times are nanoseconds from the start of the first daemons. A guest reads these values, so nothing
here imports what a guest need not have.
"""

from __future__ import annotations

from dataclasses import dataclass

from corridor.topologies.model.routers import RouterNetwork

PLAN_FILE, RECORD_FILE = "routing_plan.json", "routing_record.json"


@dataclass(frozen=True)
class Daemon:
    """A process in the namespace of a hub. ``{folder}`` in words and texts is its own folder."""

    hub: str
    at_ns: int
    words: tuple[str, ...]
    files: dict[str, str]
    """Text by name, written into its folder before it starts."""


@dataclass(frozen=True)
class ProbedPair:
    """Two hubs between which packets are sent there and back."""

    src: str
    dst: str


@dataclass(frozen=True)
class PlannedCut:
    """Fibres that fail at once and are repaired; probes are sent from ``from_ns``."""

    fibres: tuple[str, ...]
    from_ns: int
    cut_ns: int
    repair_ns: int
    end_ns: int


@dataclass(frozen=True)
class RoutingPlan:
    network: RouterNetwork
    daemons: tuple[Daemon, ...]
    pairs: tuple[ProbedPair, ...]
    settled_ns: int
    """When all pairs are probed for their RTT."""
    steady_probes: int
    probe_interval_ns: int
    quiet_ns: int
    """Without a change of tables for so long, probes are sent every ``quiet_interval_ns``."""
    quiet_interval_ns: int
    cuts: tuple[PlannedCut, ...]
    end_ns: int


@dataclass(frozen=True)
class Change:
    """A route that a kernel has put into its table or removed from it."""

    at_ns: int
    hub: str
    is_new: bool
    prefix: str
    interface: str


@dataclass(frozen=True)
class Probe:
    """A packet there and back between a pair, by its number; the RTT is None if it was lost."""

    pair: int
    sent_ns: int
    rtt_ns: int | None


@dataclass(frozen=True)
class MadeCut:
    """When a cut and its repair were made."""

    cut_ns: int
    repair_ns: int


@dataclass(frozen=True)
class Record:
    """What a guest has seen."""

    changes: tuple[Change, ...]
    probes: tuple[Probe, ...]
    cuts: tuple[MadeCut, ...]
    tables: tuple[dict[str, dict[str, str]], ...]
    """By hub, the interface of each prefix: when settled, then before and after each repair."""
