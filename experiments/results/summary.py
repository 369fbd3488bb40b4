"""``summary.json`` as a type: what a run was, and what it measured of each demand. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from corridor.experiments.results.anycast_text import AnycastSummary
from corridor.experiments.results.certainty_summary import CertaintySummary, DrawsSummary
from corridor.experiments.results.queue_counters import QueueSummary
from corridor.experiments.results.workload_summary import WorkloadsSummary
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import JsonObject, JsonOf, read_document
from corridor.topologies.base.errors import InputError

type Figures = dict[str, float | None]
"""``min``, ``mean``, ``p50``, ``p95``, ``p99``, ``max``, in ms; None where there are too few."""


class BothWays[Value](TypedDict):
    """There, and of answers back."""

    forward: Value
    backward: Value


class NetworkSummary(TypedDict):
    hubs: int
    fibres: int
    build_s: float | None
    teardown_s: float | None


type Bounds = list[float] | None
"""The least and the most; None where the sample carries none."""


class LossPatternSummary(TypedDict):
    """RFC 3357: see ``LossPattern`` of ``traffic/measures/bursts.py``."""

    periods: int
    longest: int
    mean_burst: float | None
    least_gap: int | None
    mean_gap: float | None
    noticeable: float | None


class FlowSampleSummary(TypedDict):
    """What the packets of a stream say, and how surely."""

    confidence: float
    delay_ms: Figures
    """One way, of every packet that arrived."""
    intervals_ms: dict[str, Bounds]
    pdv_ms: Figures
    ipdv_ms: Figures
    loss: Bounds
    losses: LossPatternSummary | None
    left_out: dict[str, str]
    no_interval: NotRequired[list[str]]
    """Quantiles that have none, since too few packets are independent."""
    correlated_s: NotRequired[float]
    """The autocorrelation time of delays."""


class SampleSummary(TypedDict):
    """What the probes of a demand say, and how surely."""

    confidence: float
    rtt_ms: dict[str, Bounds]
    """By quantile, between two order statistics, of as many values as are independent."""
    one_way_ms: BothWays[dict[str, Bounds]]
    ipdv_ms: BothWays[Figures]
    """A delay less that of the packet before (RFC 3393)."""
    loss: Bounds
    """Of the share lost (Clopper and Pearson), of as many probes as are independent."""
    losses: LossPatternSummary | None
    """None where none was lost."""
    left_out: dict[str, str]
    """Quantiles that the sample does not carry, and why."""
    no_interval: NotRequired[list[str]]
    """Quantiles of round trips that have none, since too few probes are independent."""
    correlated_s: NotRequired[float]
    """The autocorrelation time of round trips."""


class Rates(TypedDict):
    """In Mbit/s."""

    offered: float | None
    delivered: float | None
    bottleneck: float


class FlowSummary(Rates):
    """A UDP stream, or a TCP transfer."""

    protocol: str
    layer: str
    """What counts: frames or payload."""
    asked: float | None
    offered_packets: int | None
    delivered_packets: int | None
    loss: float | None
    lost_at: dict[str, int] | None
    """Packets by place and cause, of both directions; None where nobody counted."""
    lost_by: NotRequired[dict[str, int]]
    """The same by event, or by cause where none is to blame."""
    retransmits: int | None
    error: str | None
    sample: NotRequired[FlowSampleSummary]
    """Of a stream."""


_Classed = TypedDict("_Classed", {"class": str})


class DemandSummary(_Classed):
    """What a demand was to be, and what it was. No RTT where no probe was sent or answered."""

    id: str
    src: str
    dst: str
    status: str
    data: str
    returns: str
    permit: str
    legal_ref: list[str]
    why: str
    anycast: NotRequired[JsonOf[AnycastSummary]]
    """Of one that may go to any of several hubs: ``dst`` is the one that serves it."""
    lacks: list[str]
    not_judged: NotRequired[list[str]]
    """``data`` and ``answers``, as far as they are served though the policies say nothing of
    them."""
    path: list[str]
    phases: list[str]
    fibres: list[str]
    crosses: list[str]
    may_cross: NotRequired[list[str]]
    """Jurisdictions that its path may meet besides; nobody knows."""
    capacity_assumed: NotRequired[list[str]]
    """Fibres of its path whose capacity is assumed."""
    predicted_rtt_ms: float | None
    predicted_one_way_ms: BothWays[float | None]
    rtt_ms: Figures | None
    one_way_ms: BothWays[Figures] | None
    pdv_ms: BothWays[Figures] | None
    """Packet delay variation (RFC 5481): above the least."""
    sent: int
    received: int
    lost: int
    lost_forward: int
    lost_backward: int
    lost_unattributed: int
    duplicates: int
    reordered: int
    send_lateness_ms: NotRequired[Figures]
    sample: NotRequired[SampleSummary]
    throughput_mbps: NotRequired[Rates]
    """Of the first flow."""
    flows: NotRequired[list[FlowSummary]]
    lost_by: NotRequired[dict[str, int]]
    """Lost probes and answers by cause: an event's id, or a cause of ``account/losses.py``."""
    first_packet_rtt_ms: NotRequired[float | None]
    """It met empty caches in the switches."""
    alibi: NotRequired[list[str]]
    """Jurisdictions where no measured packet can have been on its way there."""
    certainty: NotRequired[JsonOf[CertaintySummary]]
    """How sure its path is, by draws of the map; none where it has no path."""


class AccountedPackets(TypedDict):
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


_FromTo = TypedDict("_FromTo", {"from": str, "to": str})


class AccountedFibre(_FromTo):
    """Of one direction of a fibre: all that entered it, also what switches send for themselves."""

    fibre: str
    entered: int
    arrived: int
    in_flight: int
    lost: dict[str, int]
    control_lost: dict[str, int]
    """Of what is lost, what switches sent for themselves."""
    ce_marks: NotRequired[int]
    """Packets that its queue marked, which are no losses; only where it did."""


class AccountTotals(TypedDict):
    """Packets of all demands: ``sent`` is ``delivered`` and all that is ``lost`` and
    ``in_flight``."""

    closes: bool
    """Whether all counts agree, and nothing is in no column."""
    off_by: int
    """Packets that are in no column, or in one that nothing explains."""
    sent: int
    delivered: int
    in_flight: int
    """Under way when the run ended."""
    lost: dict[str, int]
    """By cause."""
    problems: list[str]
    """Counts that do not agree."""
    unsure: list[str]
    """What no second count confirms."""
    ce_marks: NotRequired[int]
    """Of queues on all fibres, a packet once for each that marked it; only where one did."""


class AccountSummary(AccountTotals):
    """Of ``account.json``, what is worth a look."""

    demands: list[AccountedPackets]
    """Those that lost any; ``account.json`` has all."""
    fibres: list[AccountedFibre]
    """Likewise, or that marked any."""


class OutageSummary(TypedDict):
    """A row of ``cuts.parquet``: see ``Outage`` of ``outages.py``."""

    fibre: str
    demand: str
    crosses: bool
    expected: str
    sent: int
    lost: int
    lost_under_way: int
    outage_ms: float
    expected_rtt_ms: float | None
    detour_rtt_ms: float | None
    restored: bool


class CutsSummary(TypedDict):
    """What cutting fibres one after another came to."""

    fibres: int
    demand_cuts: dict[str, int]
    outage_ms: dict[str, float]
    surprises: list[OutageSummary]
    not_restored: list[str]


class HitSummary(TypedDict):
    """One demand that an event hit: ``EventImpact`` says what each is."""

    demand: str
    expected: bool
    lost: int
    lost_otherwise: NotRequired[int]
    """Not of runs of earlier versions."""
    out_ms: float
    expected_out_ms: float | None
    expected_out_within_ms: Sequence[float] | None
    share: float
    over_ms: float | None
    rtt_before_ms: float | None
    expected_rtt_before_ms: float | None
    rtt_at_once_ms: NotRequired[float | None]
    """Not of runs of earlier versions."""
    rtt_then_ms: float | None
    expected_rtt_then_ms: float | None
    path_then: Sequence[str]
    expected_path_then: Sequence[str]


class EventSummary(TypedDict):
    """One event of the timeline; times in ms from the start of probing."""

    id: str
    kind: str
    what: str
    options: dict[str, Any]
    at_ms: float
    until_ms: float | None
    """None if it lasted until the end, or was over at once."""
    back_ms: float | None
    """When all fibres that it takes away are expected to be used again."""
    refused: str | None
    """Why the controller did not do what it asked for."""
    hits: list[HitSummary]
    """Rows of ``events.parquet``."""


class ExpectationSummary(TypedDict):
    """One bound that the timeline sets. Round trips are in ms."""

    id: str
    demand: str
    of: str
    """``status``, ``lost``, ``p50``, ``p99`` or ``max``."""
    expected: str | float
    found: str | float | None
    holds: bool
    left_out: NotRequired[str]
    """Why it cannot be judged: so it does not hold."""


class CrossingSummary(TypedDict):
    """Packets that were where they should not have been."""

    fibre: str
    sent_by: str
    demand: str
    """Empty if of none."""
    flow: str
    label: int | None
    packets: int


class CrossingsSummary(TypedDict):
    """What the monitor of the fibres saw."""

    frames: int
    lost: int
    """That it missed."""
    forbidden: Sequence[CrossingSummary]
    strange: Sequence[CrossingSummary]


class Summary(TypedDict):
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
    warnings: list[str]
    unexpected: NotRequired[list[str]]
    """What it measured outside what its plan expected; each is a warning, too."""
    invalid: str | None
    """Why its numbers are not those of the network that was asked for."""
    demands: list[DemandSummary]
    controller: NotRequired[str]
    """The app of a user's own that steered, as he calls it."""
    verdict: NotRequired[list[str]]
    """What it came to, a sentence each: the question first, then the answers, then what to ask."""
    certainty: NotRequired[JsonOf[DrawsSummary]]
    queues: NotRequired[list[QueueSummary]]
    """What the classes of queues in front of fibres counted; only where fibres have some."""
    cuts: NotRequired[CutsSummary]
    events: NotRequired[list[EventSummary]]
    expectations: NotRequired[list[ExpectationSummary]]
    account: NotRequired[AccountSummary]
    crossings: NotRequired[CrossingsSummary]
    workloads: NotRequired[WorkloadsSummary]


def read_summary(path: Path) -> Summary:
    """Return the summary in a file; raise InputError where the file holds another document."""
    found = read_json(path, RESULT)
    if not isinstance(found, dict) or not isinstance(found.get("demands"), list):
        raise InputError("is not the summary of a run", file=str(path))
    return cast(Summary, found)


def read_certainty(of: DemandSummary) -> CertaintySummary | None:
    """How sure the path of a demand is; None where the run does not state it."""
    return _part(CertaintySummary, of.get("certainty"))


def read_draws(of: Summary) -> DrawsSummary | None:
    """The draws of the map that certainties are of; None where the run states none."""
    return _part(DrawsSummary, of.get("certainty"))


def read_anycast(of: DemandSummary) -> AnycastSummary | None:
    """Which hub serves a demand; None where it has one destination."""
    return _part(AnycastSummary, of.get("anycast"))


def _part[T](kind: type[T], plain: JsonObject | None) -> T | None:
    if plain is None:
        return None
    return read_document(kind, plain, "summary.json", "corridor report makes it again")
