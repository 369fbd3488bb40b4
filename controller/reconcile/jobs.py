"""What the controller is given to do, as values, a class for each kind of job; and its answers.

Answers on the control socket are JSON objects: what the API hands on, with an ``ok``. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal, NotRequired, Protocol, TypedDict

from corridor.controller.api import control_answers
from corridor.controller.intent.specification import Specification
from corridor.controller.openflow.table_dump import TableDump
from corridor.controller.policy.model import PolicySet
from corridor.controller.traffic_engineering.reoptimisation import Question
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.seconds import NS_PER_S


class Done(TypedDict):
    """Yes, and no more; or the start of an answer that says more."""

    ok: Literal[True]


class Mistake(TypedDict):
    """What is wrong with values that were sent, and where: for people, and as RFC 6901 has it."""

    where: str
    pointer: str
    message: str
    hint: str


class Refused(TypedDict):
    """No: ``control.py`` has the kinds."""

    ok: Literal[False]
    kind: str
    reason: str
    counterexamples: NotRequired[list[JsonObject | str]]
    """Where a claim would break, as ``prover/counterexample.py`` has them, or as text."""
    mistakes: NotRequired[list[Mistake]]
    """Of a policy set that was sent."""


class Changed(Done, control_answers.Changed):
    """A change that is in force, and proven."""


class Counted(Done, control_answers.CountersAnswer):
    """What switches that are there have counted."""


class Audited(Done, control_answers.AuditAnswer):
    """Whether all switches held exactly what they should."""


class Dumped(Done):
    document: TableDump


class StatusAnswer(Done, control_answers.StatusAnswer):
    """The network in a few words."""


class DemandsAnswer(Done, control_answers.DemandsAnswer):
    """How each is served, as ``openflow/statuses.py`` has it."""


class TopologyAnswer(Done, control_answers.TopologyAnswer):
    """What has failed, is held out, is drained; who is connected."""


class ProofAnswer(Done, control_answers.ProofTold):
    """The last one."""


class PoliciesAnswer(Done):
    set: JsonObject
    """As ``PolicySet`` is written in JSON."""


class EventsAnswer(Done, control_answers.EventsAnswer):
    """What has happened after a number."""


class ExplanationAnswer(Done):
    explanation: JsonObject
    """As ``Explanation`` is written in JSON."""


class TraceAnswer(Done):
    trace: JsonObject
    """As ``explain/trace.py`` has it."""
    epoch: int


class LabelsAnswer(Done):
    labels: list[JsonObject]


type Answer = Done | Changed | Counted | Audited | Dumped | Refused
"""To who asks the controller to do something."""
type ControlAnswer = (
    Answer
    | StatusAnswer
    | DemandsAnswer
    | TopologyAnswer
    | ProofAnswer
    | PoliciesAnswer
    | EventsAnswer
    | ExplanationAnswer
    | TraceAnswer
    | LabelsAnswer
)


@dataclass(frozen=True)
class SwitchConnected:
    """A switch has connected, and said which of its ports are live."""

    name: ClassVar[str] = "came_back"
    """As events call it, here and below."""
    dpid: int
    ports: Mapping[int, bool]


@dataclass(frozen=True)
class SwitchLost:
    """A switch has lost its connection; its tables serve on."""

    name: ClassVar[str] = "went_away"
    dpid: int


@dataclass(frozen=True)
class PortChanged:
    """A switch says that a port came alive or died."""

    name: ClassVar[str] = "port"
    dpid: int
    port: int
    live: bool


@dataclass(frozen=True)
class HubGivenUp:
    """A hub's switch has been away for so long that the hub counts as failed."""

    hub: str

    @property
    def name(self) -> str:
        return f"away {self.hub}"


@dataclass(frozen=True)
class Boot:
    """Take over what switches hold, or install what is wanted."""

    name: ClassVar[str] = "boot"


@dataclass(frozen=True)
class Follow:
    """Move to what is wanted without what has failed."""

    name: ClassVar[str] = "follow"


@dataclass(frozen=True)
class Look:
    """See to switches that have come back: no one knows what they hold."""

    name: ClassVar[str] = "look"


@dataclass(frozen=True)
class ApplyReoptimisedPaths:
    """Move to the paths that were found ahead, by which rates fit under the next failure too."""

    name: ClassVar[str] = "paths"


@dataclass(frozen=True)
class ReoptimisationDone:
    """Paths were chosen that someone asked for, or that there are none."""

    name: ClassVar[str] = "paths_found"
    question: Question
    found: Specification | None
    """None where something went wrong."""
    problem: str = ""


@dataclass(frozen=True)
class AuditDue:
    """Compare what switches hold with what stands, as is done from time to time."""

    name: ClassVar[str] = "audit"


@dataclass(frozen=True)
class DayEnds:
    """The next day's policies and bases are to be in force."""

    name: ClassVar[str] = "day"


@dataclass(frozen=True)
class SetPolicies:
    """Another policy set is to be in force."""

    name: ClassVar[str] = "set_policies"
    policies: PolicySet


@dataclass(frozen=True)
class SetDay:
    """Another day is."""

    name: ClassVar[str] = "set_day"
    as_of: date


@dataclass(frozen=True)
class FollowDay:
    """Move to what another day has changed, once what it forbids is withdrawn."""

    name: ClassVar[str] = "follow_day"
    withdrawn: tuple[str, ...]


@dataclass(frozen=True)
class SetDrained:
    """A fibre is to carry nothing, or may again."""

    name: ClassVar[str] = "set_drained"
    fibre: str
    drained: bool


@dataclass(frozen=True)
class ReadCounters:
    """What have switches counted?"""

    name: ClassVar[str] = "ask_counters"


@dataclass(frozen=True)
class AuditNow:
    """Do switches hold what they should? If not, they do afterwards."""

    name: ClassVar[str] = "ask_audit"


@dataclass(frozen=True)
class DumpTables:
    """What do switches say they hold?"""

    name: ClassVar[str] = "ask_dump"


type SwitchJob = SwitchConnected | SwitchLost | PortChanged | HubGivenUp
type TimedJob = Boot | Follow | Look | ApplyReoptimisedPaths | AuditDue
type ChangeAsked = SetPolicies | SetDay | FollowDay | SetDrained | DayEnds
type RequestedJob = ChangeAsked | ReadCounters | AuditNow | DumpTables
type Job = SwitchJob | TimedJob | RequestedJob | ReoptimisationDone
type Timer = TimedJob | HubGivenUp | DayEnds
"""Jobs that come by themselves when they are due."""


class Queue[Item](Protocol):
    """With a deadline for each item."""

    def put(self, item: Item) -> object: ...

    def get(self, block: bool = ..., timeout: float | None = ...) -> Item: ...


@dataclass(frozen=True)
class Order:
    """A job; ``reply`` gets the outcome of it."""

    job: Job
    reply: Queue[Answer] | None = None


# When which job is due, and how long is waited for what.

DAY_NS = 86_400 * NS_PER_S


@dataclass(frozen=True)
class Timing:
    """How long the controller waits for what."""

    hold_ns: int = NS_PER_S // 10
    """For more failures after one, before paths are made again."""
    settle_ns: int = 5 * NS_PER_S
    """For ports to come alive, when all switches have connected for the first time."""
    first_ns: int = 60 * NS_PER_S
    """For all switches to connect for the first time."""
    away_ns: int = 10 * NS_PER_S
    """For a switch that went away, before its hub counts as failed."""
    retry_ns: int = 2 * NS_PER_S
    audit_ns: int = 30 * NS_PER_S


@dataclass
class Timers:
    """At most one of each job."""

    _due_ns: dict[Timer, int] = field(default_factory=dict)

    def set(self, job: Timer, due_ns: int) -> None:
        """Whenever it was due before."""
        self._due_ns[job] = due_ns

    def bring_forward(self, job: Timer, due_ns: int) -> None:
        """Unless it is due earlier already."""
        self._due_ns[job] = min(due_ns, self._due_ns.get(job, due_ns))

    def cancel(self, job: Timer) -> None:
        """Nothing if it is not due at all."""
        self._due_ns.pop(job, None)

    @property
    def next(self) -> tuple[Timer, int] | None:
        """What is due first, and when."""
        return min(self._due_ns.items(), key=lambda one: one[1], default=None)
