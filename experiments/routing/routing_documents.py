"""The answer of ``corridor routing``. Times are in ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from corridor.topologies.base.codec import Document

ROUTING_SCHEMA = 1
SLOWER_MS = 1.0
Verdict = Literal["permitted", "forbidden", "not covered", "no path"]
"""Of the paths there and back: ``not covered`` means that no rule speaks of the data."""
Protocols = Literal["ospf", "ospf-bgp"]
"""One OSPF area for the whole map; or OSPF inside each autonomous system, and BGP between them."""


@dataclass(frozen=True)
class RoutedPath:
    """A path by the routers' tables."""

    hubs: tuple[str, ...]
    fibres: tuple[str, ...]
    one_way_ms: float
    crosses: tuple[str, ...]
    may_cross: tuple[str, ...]
    domains: tuple[str, ...]
    """The home domains of its hubs, in their order; a domain that returns is there again."""


@dataclass(frozen=True)
class BrokenClause:
    """A clause that forbids a path."""

    direction: Literal["there", "back"]
    policy: str
    clause: str
    element: str
    reason: str
    legal: tuple[str, ...]


@dataclass(frozen=True)
class Routed:
    """The paths of a demand by plain routing, and what the policies say of them."""

    there: RoutedPath | None
    back: RoutedPath | None
    verdict: Verdict
    broken: tuple[BrokenClause, ...]
    rtt_ms: float | None
    """Measured by packets: the median; None if no probe was answered."""
    computed_rtt_ms: float | None
    """The delays of the fibres of both paths."""


@dataclass(frozen=True)
class RoutedDemand:
    demand: str
    data: str
    src: str
    dst: str
    routed: Routed
    policy_rtt_ms: float | None
    """Of the permitted paths that the controller computes; None if the demand is blocked."""


@dataclass(frozen=True)
class CutOutcome:
    """A demand that a cut affects under plain routing or under the controller."""

    demand: str
    probes: int
    lost: int
    outage_ms: float | None
    """From the first lost probe to the first that was answered after the last lost one; None if
    probes were lost until the repair. The resolution is the interval of probes."""
    tables_out_ms: float | None
    """The same by the tables: how long one of the two directions had no path; None as above."""
    after: Routed
    is_blocked: bool
    """Whether the controller forwards nothing of it, cut or not."""
    policy_outage_ms: float | None
    """Predicted of the controller and its switches; None: blocked, or until the repair."""
    policy_rtt_ms: float | None
    """Of the permitted paths that are left; None if there is none."""


@dataclass(frozen=True)
class RoutedCut:
    what: str
    fibres: tuple[str, ...]
    converged_ms: float
    """From the cut to the last change of a table because of it; 0 if none changed."""
    repaired_ms: float
    """The same from the repair."""
    demands: tuple[CutOutcome, ...]
    affected: int
    """Demands that lost a probe, or had no path for a time, by plain routing."""
    never_back: int
    """Of these, demands without a path until the repair."""
    most_outage_ms: float | None
    """Of the others, measured; None if there is none."""
    policy_most_outage_ms: float | None
    """The same predicted of the controller, over all demands that it serves after the cut; None
    if it serves none of those listed."""
    forbidden: int
    """Demands on forbidden paths before the repair."""


@dataclass(frozen=True)
class VerdictCounts:
    """Demands by the verdict of the paths that plain routing takes."""

    permitted: int
    forbidden: int
    not_covered: int
    no_path: int
    forbidden_but_served: int
    """Forbidden where the controller has a permitted path."""


@dataclass(frozen=True)
class AddedRtt:
    """The RTT of plain routing, measured, above that of the controller's paths by their fibres,
    over all demands that have both. Negative where plain routing takes a shorter path."""

    demands: int
    median_ms: float | None
    maximum_ms: float | None
    slower: int
    """Demands with at least ``SLOWER_MS`` more."""


@dataclass(frozen=True)
class AutonomousSystem:
    """Hubs under one routing protocol inside, and BGP towards others."""

    number: int
    domain: str
    hubs: tuple[str, ...]


@dataclass(frozen=True)
class RoutingAnswer(Document):
    schema: int
    scenario: str
    topology: str
    policies: str
    as_of: str
    daemon: str
    """With its version."""
    protocols: Protocols
    seed: int
    cost_unit_us: int
    """The microseconds of delay that count 1 as a cost of a link."""
    probe_interval_ms: float
    routers: int
    links: int
    systems: tuple[AutonomousSystem, ...]
    """None with one OSPF area."""
    converged_ms: float
    """From the start of the first daemon until every hub reached every other, for good."""
    changes: int
    """Routes to hubs that kernels put into tables or removed until then."""
    verdicts: VerdictCounts
    added: AddedRtt
    demands: tuple[RoutedDemand, ...]
    cuts: tuple[RoutedCut, ...]
