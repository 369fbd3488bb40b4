"""The plan of a run as values; ``plan.py`` makes one, ``lab/execute.py`` carries it out.

Separate from its planner, so that a guest reads a plan without importing the models behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from corridor.controller.forwarding.program import Program
from corridor.controller.intent.anycast_choice import AnycastChoice
from corridor.experiments.plan.domain_values import PlannedDomains
from corridor.topologies.base.codec import OMIT_EMPTY, OMIT_NONE, JsonObject
from corridor.topologies.model.addresses import Family
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents.jobs import Job

# The workloads of a plan, and every message they send: what results are judged by.
#
# Values alone, so that a guest reads a plan without importing the models behind it.


class PlannedMessage(NamedTuple):
    """One row: octets that one end of a connection sends to the other. Times count from the
    epoch."""

    id: int
    """Of the message, unique in the run."""
    workload: int
    """Its place in ``Plan.workloads``."""
    demand: int
    connection: int
    back: bool
    """Whether it goes from the demand's destination to its source."""
    bytes: int
    """As they are sent, scaled."""
    round: int
    """What a user waits for: all messages of the same round, of one workload if its kind is joint,
    else of one demand of it. It begins with the first that was intended, and is complete when the
    last has arrived whole."""
    answers: int | None
    """The id of the request that it answers: its completion is then counted from the intended
    start of that request."""
    at_ns: int | None
    """The intended start; None where it follows from what arrives before."""
    deadline_ns: int | None
    """From the start of its round until the round is to be complete; None where there is none."""


@dataclass(frozen=True)
class Messages:
    """All messages of a plan, a column for each field of ``PlannedMessage``, by ascending id."""

    id: tuple[int, ...]
    workload: tuple[int, ...]
    demand: tuple[int, ...]
    connection: tuple[int, ...]
    back: tuple[bool, ...]
    bytes: tuple[int, ...]
    round: tuple[int, ...]
    answers: tuple[int | None, ...]
    at_ns: tuple[int | None, ...]
    deadline_ns: tuple[int | None, ...]

    def __len__(self) -> int:
        return len(self.id)

    def rows(self) -> Iterator[PlannedMessage]:
        columns = (getattr(self, name) for name in PlannedMessage._fields)
        return map(PlannedMessage._make, zip(*columns, strict=True))


@dataclass(frozen=True)
class PlannedWorkload:
    """A workload as it is sent; times count from the epoch."""

    id: str
    kind: str
    shipped: str
    """The shipped workload that it is made from; empty if it is written out."""
    background: bool
    """Whether it only loads fibres, and no one asks how it fares."""
    demands: tuple[int, ...]
    transport: str
    """``tcp cubic``, ``tcp bbr``, ..., or ``udp``."""
    connections: int
    """Of each demand at a time; 0 where every message has its own."""
    windows: tuple[tuple[int, int], ...]
    """When it begins what: from, and up to."""
    closes_ns: int
    """When what is in flight is given up."""
    scale: str
    """What stands for the network's scale: ``bytes``, ``arrivals`` or ``none``."""
    compress: float
    """By how much time is compressed: periods, sizes and deadlines are so much smaller."""
    factors: tuple[float, ...]
    """Of each demand, the octets that are sent for one octet that is written."""
    customers: tuple[float, ...]
    """Of each demand, for how many senders as written it stands."""
    mean_bps: tuple[int, ...]
    """Of each demand, the payload that it sends on average while it is on, in both directions."""
    notes: tuple[str, ...] = ()
    """Sentences for people: how it is scaled, and what that does to TCP."""


PLAN_SCHEMA = 3
FIRST_EPOCH = 0
"""Of the tables that a run begins with."""
PROVEN = "proven.json"
"""The file next to a plan that says which tables are proven already."""
FOLLOWED_NS = 150_000_000
"""After an event begins: the controller has followed by then, if it does so at once."""
OWN_APP = "controller_app.py"
"""In the folder of a run: the app that steered it, where that was a file of the user's."""
AFTER = "after:"
"""Before the name of a stream of the timeline, where its counters are read for the second time."""
Status = Literal["UP", "ALT", "BLOCKED", "DOWN"]
"""``UP``: by the permit of first choice. ``ALT``: by another. ``BLOCKED``: fibres lead there, and
policies do not let it pass. ``DOWN``: no fibres lead there."""


@dataclass(frozen=True)
class PlannedDemand:
    """A demand with its path and what the model expects of it.

    A demand that policies block, or no fibre leads for, has no path and no prediction.
    """

    index: int
    id: str
    data_class: str
    src: str
    dst: str
    status: Status
    data: str
    """The class of its data, by the policies."""
    returns: str
    permit: str
    """The policy in use, or empty."""
    legal_ref: tuple[str, ...]
    why: str
    """What blocks it, or its answers, with clauses and the cheapest remedy; empty otherwise."""
    hubs: tuple[str, ...]
    phases: tuple[str, ...]
    """The policy's phase at each hub."""
    fibres: tuple[str, ...]
    crosses: tuple[str, ...]
    predicted_forward_ns: int | None
    predicted_backward_ns: int | None
    bottleneck_bps: int | None
    probes: int
    probe_bps: int
    """What its probes ask for, on average, in either direction."""
    stream_bps: int | None
    tcp: bool
    not_judged: tuple[str, ...] = ()
    """``data`` and ``answers``, as far as they are served though the policies say nothing of them:
    bound by what the policies forbid to any data, and by no one called lawful."""
    lacks: tuple[str, ...] = ()
    """What was asked for and is not had, there or, said so, of its answers: the step of its
    permit's ladder that gives it up, if any, and why."""
    may_cross: tuple[str, ...] = ()
    """Jurisdictions that its path may meet besides those that it certainly does."""
    assumed: tuple[str, ...] = ()
    """Fibres of its path whose capacity is not published but assumed."""
    apart_ns: int = field(default=0, metadata=OMIT_EMPTY)
    """What its path and that of its answers take longer so as to share nothing with others'."""
    room_ns: int = field(default=0, metadata=OMIT_EMPTY)
    """What they take longer so that guaranteed rates fit."""
    anycast: AnycastChoice | None = field(default=None, metadata=OMIT_EMPTY)
    """Which of several hubs serves it, where it may go to any of them."""
    clipped: tuple[str, ...] = field(default=(), metadata=OMIT_EMPTY)
    """Fibres of its path, or of that of its answers, that are emulated at a bound of the map
    instead of their scaled capacity."""
    fitting_scale: float = field(default=0.0, metadata=OMIT_EMPTY)
    """The smallest scale of the map at which those of known capacity are not too wide."""
    src_host: str = field(default="", metadata=OMIT_EMPTY)
    """The host that sends it, behind the source; empty: its default host."""
    dst_host: str = field(default="", metadata=OMIT_EMPTY)
    """The host that receives it, behind the destination; empty: its default host."""
    ipv6: bool = field(default=False, metadata=OMIT_EMPTY)
    """Whether its packets are of IPv6 instead of IPv4."""

    @property
    def family(self) -> Family:
        """The protocol of its packets."""
        return "ipv6" if self.ipv6 else "ipv4"

    @property
    def hosts(self) -> tuple[str, str]:
        """The names of the hosts that send and receive it; that of a default host is its hub's."""
        return (self.src_host or self.src, self.dst_host or self.dst)

    @property
    def predicted_rtt_ns(self) -> int | None:
        """None where no answer is expected."""
        if self.predicted_forward_ns is None or self.predicted_backward_ns is None:
            return None
        return self.predicted_forward_ns + self.predicted_backward_ns


@dataclass(frozen=True)
class Transfer:
    """One kernel TCP transfer."""

    demand: int
    src_host: str
    dst_host: str
    src_ip: str
    dst_ip: str
    port: int
    client_port: int
    control_port: int
    duration_s: int
    at_ns: int | None = None
    """When it begins in addition to all else, after the epoch; None: alone, at the end."""
    dscp: int = field(default=0, metadata=OMIT_EMPTY)


@dataclass(frozen=True)
class Boundary:
    """A moment between two phases at which fibre counters are read, after the epoch."""

    at_ns: int
    name: str


@dataclass(frozen=True)
class Assessment:
    """Packets that a gateway lets through: under this label, between these addresses."""

    label: int
    demand: str
    src_ip: str
    dst_ip: str


@dataclass(frozen=True)
class Gateway:
    """The process that traffic passes at a hub, and what it lets through."""

    hub: str
    assesses: tuple[Assessment, ...]


@dataclass(frozen=True)
class Change:
    """One thing done to the network while it is measured, after the epoch of the measurement."""

    at_ns: int
    do: str
    """An action of ``experiments/scenario/event_registry.py``."""
    what: str
    """The id of a fibre, a hub, a demand, as the action wants it."""
    options: dict[str, Any] = field(default_factory=dict, metadata=OMIT_EMPTY)
    event: str = field(default="", metadata=OMIT_EMPTY)
    """The id of the event that it is part of."""


@dataclass(kw_only=True)
class Made:
    """Of ``raw/changes.json``: one change, and when it was made; times after the epoch."""

    do: str
    what: str
    planned_ns: int
    began_ns: int
    options: dict[str, Any] = field(default_factory=dict, metadata=OMIT_EMPTY)
    event: str = field(default="", metadata=OMIT_EMPTY)
    ended_ns: int | None = field(default=None, metadata=OMIT_NONE)
    answer: JsonObject | None = field(default=None, metadata=OMIT_NONE)
    """Of the controller, to what was asked of it."""
    answered_ns: int | None = field(default=None, metadata=OMIT_NONE)

    @property
    def is_done(self) -> bool:
        """Whether the controller answered that it was done."""
        return bool(self.answer and self.answer.get("ok"))

    @property
    def kind(self) -> object:
        """Of the answer; None without one, or if all was done."""
        return None if self.answer is None else self.answer.get("kind")


@dataclass(frozen=True)
class Impact:
    """What an event is expected to do to one demand that it hits. None where it is lost."""

    demand: int
    before_rtt_ns: int | None
    bridged_rtt_ns: int | None
    """By what the switches hold when it begins, which know nothing of it."""
    followed_rtt_ns: int | None
    """Once the controller has followed; as bridged where it does not."""
    hubs_then: tuple[str, ...]
    """The path there once it is followed, or bridged; empty where it does not arrive."""
    out_ns: int | None
    """The longest that nothing arrives of what is sent since it begins; None: until the run ends,
    or, where a fibre loses at random, now and then as long as the event lasts."""
    out_within_ns: tuple[int, int] | None = None
    """Its minimum and maximum over all samples of BFD's random intervals, where they differ."""
    share: float = 1.0
    """Of these draws, the part that comes to just these paths and round trips."""


@dataclass(frozen=True)
class PlannedEvent:
    """One event of the timeline; times count from the epoch."""

    id: str
    kind: str
    what: str
    options: dict[str, Any]
    """As they were written, but for what is only for the controller."""
    begin_ns: int
    end_ns: int | None
    """None if it lasts until the run ends, or is over at once."""
    impacts: tuple[Impact, ...] = ()
    back_ns: int | None = None
    """When all fibres that it takes away are used again, after BFD and flap suppression: the median
    of all draws; None if it takes none away, or they are not before the last packet is sent."""


@dataclass(frozen=True)
class Expectation:
    """What a cut does to one demand that crosses the fibre, there or back."""

    demand: int
    rtt_ns: int | None
    """Round trip by the detours; None where no lawful detour is protected, so that it is lost."""
    there_ns: int | None
    """From sending a probe until it comes to the fibre; None if it does not."""
    back_ns: int | None
    """From sending a probe until its answer comes to the fibre; None if it does not."""


@dataclass(frozen=True)
class Cut:
    """One fibre cut and repaired while probes are sent; times count from the epoch."""

    fibre: str
    silent: bool
    start_ns: int
    cut_ns: int
    repair_ns: int
    end_ns: int
    """When its last probe is sent."""
    interval_ns: int
    """Between probes of the demands that cross it."""
    others_interval_ns: int
    crossing: tuple[Expectation, ...]

    @property
    def phase(self) -> str:
        return f"cut:{self.fibre}"


@dataclass(frozen=True)
class Plan:
    """One run, ready to execute. ``job`` has all but namespaces and the output folder."""

    schema: int
    scenario: str
    seed: int
    policies: str
    as_of: str
    """The day whose policies are in force, YYYY-MM-DD."""
    framework: str
    follows: bool
    """Whether the controller follows what happens; else it installs tables once."""
    segmentation_offload: bool
    demands: tuple[PlannedDemand, ...]
    wiring: Wiring
    program: Program
    job: Job
    watched: bool
    """Whether every crossing of a fibre is counted, and judged; without policies all may cross."""
    gateways: tuple[Gateway, ...]
    bfd_interval_ms: int | None
    start_ns: int
    """When probing starts, after the epoch: times of events, for people, count from here."""
    changes: tuple[Change, ...]
    events: tuple[PlannedEvent, ...]
    """What changes are part of, in order of time; cuts one after another are in ``cuts``."""
    cuts: tuple[Cut, ...]
    boundaries: tuple[Boundary, ...]
    transfers: tuple[Transfer, ...]
    workloads: tuple[PlannedWorkload, ...] = field(default=(), metadata=OMIT_EMPTY)
    messages: Messages | None = field(default=None, metadata=OMIT_EMPTY)
    """All that workloads send by TCP."""
    domains: PlannedDomains | None = field(default=None, metadata=OMIT_NONE)
    """None if one controller serves the whole network."""
    controller: str = field(default="", metadata=OMIT_EMPTY)
    controller_name: str = field(default="", metadata=OMIT_EMPTY)
    """As its user calls it: its module, or the name of its file."""
    """``OWN_APP``, or a module: an app of the user's own that steers the switches. ``program`` is
    then what the product's would have installed."""
