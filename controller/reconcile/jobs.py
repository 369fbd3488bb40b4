"""What the controller is given to do, as values: a class for each kind of job. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Protocol

from corridor.controller.intent.specification import Specification
from corridor.controller.openflow.reoptimisation import Question
from corridor.controller.policy.model import PolicySet
from corridor.controller.reconcile.answers import Answer


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
