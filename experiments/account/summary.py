"""``summary.json`` as a type: what a run was, and what it measured of each demand. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from corridor.experiments.account.counters import QueueSummary
from corridor.experiments.account.domains_summary import DomainsOfRun
from corridor.experiments.account.fibre_use import FibreUse
from corridor.experiments.account.workload_summary import EnergyAudit, WorkloadsSummary
from corridor.experiments.answers.demand_parts import (
    AnycastSummary,
    SamplesSummary,
    UncertaintySummary,
)
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import (
    OMIT_EMPTY,
    OMIT_NONE,
    Document,
    JsonObject,
    read_document,
)
from corridor.topologies.base.errors import InputError
from corridor.traffic.measures.statistics import Bounds, Statistics

REPORT_AGAIN = "corridor report makes it again"


@dataclass(frozen=True, kw_only=True)
class BothDirections[Value]:
    """There, and of answers back."""

    forward: Value
    backward: Value


@dataclass(frozen=True, kw_only=True)
class NetworkSummary:
    hubs: int
    fibres: int
    build_s: float | None
    teardown_s: float | None


@dataclass(frozen=True, kw_only=True)
class LossPatternSummary:
    """RFC 3357: see ``LossPattern`` of ``traffic/measures/sampling.py``."""

    periods: int
    longest: int
    mean_burst: float | None
    least_gap: int | None
    mean_gap: float | None
    noticeable: float | None


@dataclass(frozen=True, kw_only=True)
class FlowSampleSummary:
    """What the packets of a stream show, with intervals of confidence."""

    confidence: float
    delay_ms: Statistics
    """One way, of every packet that arrived."""
    intervals_ms: dict[str, Bounds]
    pdv_ms: Statistics
    ipdv_ms: Statistics
    loss: Bounds
    losses: LossPatternSummary | None
    left_out: dict[str, str]
    no_interval: tuple[str, ...] = ()
    """Quantiles that have none, since too few packets are independent."""
    correlated_s: float | None = field(default=None, metadata=OMIT_NONE)
    """The autocorrelation time of delays."""


@dataclass(frozen=True, kw_only=True)
class SampleSummary:
    """What the probes of a demand show, with intervals of confidence."""

    confidence: float
    rtt_ms: dict[str, Bounds]
    """By quantile, between two order statistics, of as many values as are independent."""
    one_way_ms: BothDirections[dict[str, Bounds]]
    ipdv_ms: BothDirections[Statistics]
    """A delay less that of the packet before (RFC 3393)."""
    loss: Bounds
    """Of the share lost (Clopper and Pearson), of as many probes as are independent."""
    losses: LossPatternSummary | None
    """None where none was lost."""
    left_out: dict[str, str]
    """Quantiles that the sample does not carry, and why."""
    no_interval: tuple[str, ...] = ()
    """Quantiles of round trips that have none, since too few probes are independent."""
    correlated_s: float | None = field(default=None, metadata=OMIT_NONE)
    """The autocorrelation time of round trips."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """In Mbit/s."""

    offered: float | None
    delivered: float | None
    bottleneck: float


@dataclass(frozen=True, kw_only=True)
class FlowSummary:
    """A UDP stream, or a TCP transfer."""

    protocol: str
    layer: str
    """What counts: frames or payload."""
    asked: float | None
    offered: float | None
    delivered: float | None
    bottleneck: float
    """Rates in Mbit/s."""
    offered_packets: int | None
    delivered_packets: int | None
    loss: float | None
    lost_at: dict[str, int] | None
    """Packets by place and cause, of both directions; None without counters."""
    retransmits: int | None
    error: str | None
    sample: FlowSampleSummary | None = field(default=None, metadata=OMIT_NONE)
    """Of a stream."""
    lost_by: dict[str, int] | None = field(default=None, metadata=OMIT_NONE)
    """The same by event, or by cause where none is to blame."""


@dataclass(frozen=True, kw_only=True)
class DemandSummary:
    """What a demand was to be, and what it was. No RTT where no probe was sent or answered."""

    id: str
    class_: str
    """The application class."""
    src: str
    dst: str
    status: str
    data: str
    returns: str
    permit: str
    legal_ref: tuple[str, ...]
    why: str
    lacks: tuple[str, ...]
    not_judged: tuple[str, ...] = ()
    """``data`` and ``answers``, as far as they are served though the policies say nothing of
    them."""
    path: tuple[str, ...]
    phases: tuple[str, ...]
    fibres: tuple[str, ...]
    crosses: tuple[str, ...]
    may_cross: tuple[str, ...] = ()
    """Further jurisdictions that its path may cross; not known for certain."""
    capacity_assumed: tuple[str, ...] = ()
    """Fibres of its path whose capacity is assumed."""
    predicted_rtt_ms: float | None
    predicted_one_way_ms: BothDirections[float | None]
    rtt_ms: Statistics | None
    one_way_ms: BothDirections[Statistics] | None
    pdv_ms: BothDirections[Statistics] | None
    """Packet delay variation (RFC 5481): above the minimum."""
    sent: int
    received: int
    lost: int
    lost_forward: int
    lost_backward: int
    lost_unattributed: int
    duplicates: int
    reordered: int
    src_host: str = field(default="", metadata=OMIT_EMPTY)
    """The host that sends it, behind the source; empty: its default host."""
    dst_host: str = field(default="", metadata=OMIT_EMPTY)
    """The host that receives it, behind the destination; empty: its default host."""
    anycast: AnycastSummary | None = field(default=None, metadata=OMIT_NONE)
    """Of one that may go to any of several hubs: ``dst`` is the one that serves it."""
    send_lateness_ms: Statistics | None = field(default=None, metadata=OMIT_NONE)
    sample: SampleSummary | None = field(default=None, metadata=OMIT_NONE)
    throughput_mbps: Rates | None = field(default=None, metadata=OMIT_NONE)
    """Of the first flow."""
    flows: tuple[FlowSummary, ...] = field(default=(), metadata=OMIT_EMPTY)
    first_packet_rtt_ms: float | None = None
    """It met empty caches in the switches."""
    lost_by: dict[str, int] = field(default_factory=dict, metadata=OMIT_EMPTY)
    """Lost probes and answers by cause: an event's id, or one of ``CAUSES``."""
    alibi: tuple[str, ...] | None = field(default=None, metadata=OMIT_NONE)
    """Jurisdictions that no measured packet can have crossed in the forward direction."""
    certainty: UncertaintySummary | None = field(default=None, metadata=OMIT_NONE)
    """The uncertainty of its path, by Monte Carlo samples of the map; none without a path."""

    @property
    def hosts(self) -> tuple[str, str]:
        """The names of the hosts that send and receive it; that of a default host is its hub's."""
        return (self.src_host or self.src, self.dst_host or self.dst)


@dataclass(frozen=True, kw_only=True)
class AccountedPackets:
    """Packets of one kind of a demand, in one direction: probes, a stream, a transfer, messages."""

    demand: str
    kind: str
    direction: str
    sent: int
    delivered: int
    in_flight: int
    off_by: int
    lost: dict[str, int]
    """By cause."""


@dataclass(frozen=True, kw_only=True)
class AccountedFibre:
    """Of one direction of a fibre: all that entered it, also what switches send for themselves."""

    fibre: str
    from_: str
    to: str
    entered: int
    arrived: int
    in_flight: int
    lost: dict[str, int]
    control_lost: dict[str, int]
    """Of what is lost, what switches sent for themselves."""
    ce_marks: int = field(default=0, metadata=OMIT_EMPTY)
    """Packets that its queue marked, which are not losses; only if it marked any."""


@dataclass(frozen=True, kw_only=True)
class AccountTotals:
    """Packets of all demands: ``sent`` is ``delivered`` and all that is ``lost`` and
    ``in_flight``."""

    closes: bool
    """Whether all counts agree, and nothing is in no column."""
    off_by: int
    """Packets that are in no column, or in one that nothing explains."""
    sent: int
    delivered: int
    in_flight: int
    """In transit when the run ended."""
    lost: dict[str, int]
    """By cause."""
    problems: tuple[str, ...]
    """Counts that do not agree."""
    unsure: tuple[str, ...]
    """What no second count confirms."""


@dataclass(frozen=True, kw_only=True)
class AccountSummary(AccountTotals):
    """Of ``account.json``, what is worth a look."""

    demands: tuple[AccountedPackets, ...]
    """Those that lost any; ``account.json`` has all."""
    fibres: tuple[AccountedFibre, ...]
    """Likewise, or that marked any."""
    ce_marks: int = field(default=0, metadata=OMIT_EMPTY)
    """Of queues on all fibres, a packet once for each that marked it; only where one did."""


@dataclass(frozen=True, kw_only=True)
class LossAt:
    """Packets that were lost at a place by a cause."""

    place: str = field(default="", metadata=OMIT_EMPTY)
    cause: str = field(default="", metadata=OMIT_EMPTY)
    event: str = field(default="", metadata=OMIT_EMPTY)
    reason: str = field(default="", metadata=OMIT_EMPTY)
    packets: int = field(default=0, metadata=OMIT_EMPTY)
    shared: int = field(default=0, metadata=OMIT_EMPTY)
    """Of these, packets that several demands may have lost."""


@dataclass(frozen=True, kw_only=True)
class AccountedDemand(AccountedPackets):
    from_: str
    to: str
    lost_at: tuple[LossAt, ...]


@dataclass(frozen=True, kw_only=True)
class _Versioned:
    schema: int


@dataclass(frozen=True, kw_only=True)
class AccountFile(AccountTotals, _Versioned, Document):
    """Where every packet went."""

    demands: tuple[AccountedDemand, ...]
    fibres: tuple[AccountedFibre, ...]
    ce_marks: int = field(default=0, metadata=OMIT_EMPTY)


@dataclass(frozen=True)
class Outage:
    """One demand through one cut. Times in ms; None where nothing was answered or expected."""

    fibre: str
    demand: str
    crosses: bool
    """Whether the demand, or its answers, crossed the fibre."""
    expected: str
    """``untouched``, ``detour``, ``lost``, or ``silent`` where no answers are expected anyway."""
    sent: int
    lost: int
    lost_under_way: int
    """On the fibre when it was cut, or lost by chance before."""
    outage_ms: float
    expected_rtt_ms: float | None
    """By the detour while the fibre is cut."""
    detour_rtt_ms: float | None
    """The minimum that was measured while it was cut."""
    restored: bool
    """Whether the last probe was answered."""

    @property
    def is_as_expected(self) -> bool:
        """Lost where it should be, and nowhere else for good."""
        if self.expected == "untouched":
            return self.lost == 0
        if self.expected == "detour":
            return self.detour_rtt_ms is not None
        return self.detour_rtt_ms is None


@dataclass(frozen=True, kw_only=True)
class CutsSummary:
    """What cutting fibres one after another came to."""

    fibres: int
    demand_cuts: dict[str, int]
    outage_ms: dict[str, float]
    surprises: tuple[Outage, ...]
    not_restored: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class HitSummary:
    """One demand hit by one event. Times in ms; None where nothing was answered or expected."""

    demand: str
    expected: bool
    """Whether the event was expected to touch it."""
    lost: int
    lost_otherwise: int | None = field(default=None, metadata=OMIT_NONE)
    """While it lasted, in full queues, at meters or at random: such losses are not an outage.
    Not of runs of earlier versions."""
    out_ms: float
    """The longest that nothing arrived of what was sent since it began, and that it lost."""
    expected_out_ms: float | None
    """None: until the run ends, or, of random loss, now and then as long as the event lasts."""
    expected_out_within_ms: tuple[float, float] | None
    """Where it depends on BFD's random intervals: the minimum and the maximum."""
    share: float
    """The share of samples of these intervals that lead to the expected paths and round trips;
    1 where BFD has no effect."""
    over_ms: float | None
    """From its begin until the first probe after the last that it lost."""
    rtt_before_ms: float | None
    """The median of what was answered just before it began."""
    expected_rtt_before_ms: float | None
    rtt_at_once_ms: float | None = None
    """The longest of what travelled from its begin until the controller had time to follow: the
    detours of switches. Not of runs of earlier versions."""
    rtt_then_ms: float | None
    """The median of what was sent once the controller had time to follow, while it lasted."""
    expected_rtt_then_ms: float | None
    settled_ms: float | None = None
    """From its begin until the RTT stayed at ``rtt_then_ms``: the convergence time (RFC 6412).
    None without replies, or where the RTT kept varying. Not of runs of earlier versions."""
    path_then: tuple[str, ...]
    """The forward path that the controller reported during the event; empty if unchanged."""
    expected_path_then: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EventSummary:
    """One event of the timeline; times in ms from the start of probing."""

    id: str
    kind: str
    what: str
    options: JsonObject
    at_ms: float
    until_ms: float | None
    """None if it lasted until the end, or was over at once."""
    back_ms: float | None
    """When all fibres that it takes away are expected to be used again."""
    refused: str | None
    """Why the controller did not do what it asked for."""
    hits: tuple[HitSummary, ...]
    """Rows of ``events.parquet``."""


@dataclass(frozen=True, kw_only=True)
class ExpectationSummary:
    """One bound that the timeline sets. Round trips are in ms."""

    id: str
    demand: str
    of: str
    """``status``, ``lost``, ``p50``, ``p99`` or ``max``."""
    expected: str | float
    found: str | float | None
    holds: bool
    left_out: str | None = field(default=None, metadata=OMIT_NONE)
    """Why it cannot be judged: so it does not hold."""


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Packets of one flow that were sent onto a fibre."""

    fibre: str
    sent_by: str
    """The hub."""
    demand: str
    """Empty if no demand has such packets."""
    flow: str
    label: int | None
    packets: int


@dataclass(frozen=True, kw_only=True)
class CrossingsSummary:
    """What the monitor of the fibres saw."""

    frames: int
    lost: int
    """Frames that the monitor had no room to see; unless 0, the counts are too low."""
    forbidden: tuple[Crossing, ...]
    """On a fibre that no permitted path of their demand contains."""
    strange: tuple[Crossing, ...]
    """Without a demand, or not labelled exactly once under the product's controller."""

    @property
    def holds(self) -> bool:
        return not (self.lost or self.forbidden or self.strange)


@dataclass(frozen=True, kw_only=True)
class Summary(Document):
    schema: int
    scenario: str
    policies: str
    as_of: str
    testbed: str
    clock: str
    testbed_reason: str
    framework: str
    seed: int
    complete: bool
    failure: str | None
    """Why it is not complete."""
    network: NetworkSummary
    wall_s: float
    virtual_s: float | None
    clock_step_ns: int | None
    warnings: tuple[str, ...]
    invalid: str | None
    """Why its numbers are not those of the network that was asked for."""
    demands: tuple[DemandSummary, ...]
    controller: str = field(default="", metadata=OMIT_EMPTY)
    """The name of the user-supplied app that controlled the network."""
    cuts: CutsSummary | None = field(default=None, metadata=OMIT_NONE)
    events: tuple[EventSummary, ...] | None = field(default=None, metadata=OMIT_NONE)
    expectations: tuple[ExpectationSummary, ...] = field(default=(), metadata=OMIT_EMPTY)
    unexpected: tuple[str, ...] = field(default=(), metadata=OMIT_EMPTY)
    """What it measured outside what its plan expected; each is a warning, too."""
    account: AccountSummary | None = field(default=None, metadata=OMIT_NONE)
    workloads: WorkloadsSummary | None = field(default=None, metadata=OMIT_NONE)
    energy: EnergyAudit | None = field(default=None, metadata=OMIT_NONE)
    """The energy audit; only where the scenario states what hubs compute."""
    queues: tuple[QueueSummary, ...] = field(default=(), metadata=OMIT_EMPTY)
    """What the classes of queues in front of fibres counted; only where fibres have some."""
    fibre_use: tuple[FibreUse, ...] = field(default=(), metadata=OMIT_EMPTY)
    """Used directions of fibres, the highest mean utilization first; only with workloads."""
    crossings: CrossingsSummary | None = field(default=None, metadata=OMIT_NONE)
    domains: DomainsOfRun | None = field(default=None, metadata=OMIT_NONE)
    """Who carried what for whom; only where each domain has a controller."""
    certainty: SamplesSummary | None = field(default=None, metadata=OMIT_NONE)
    verdict: tuple[str, ...] = field(default=(), metadata=OMIT_EMPTY)
    """What it came to, a sentence each: the question first, then the answers, then what to ask."""


def read_summary(path: Path) -> Summary:
    """Return the summary in a file; raise InputError where the file holds another document."""
    found = read_json(path, RESULT)
    if not isinstance(found, dict) or not isinstance(found.get("demands"), list):
        raise InputError("is not the summary of a run", file=str(path))
    return read_document(Summary, found, str(path), REPORT_AGAIN)
