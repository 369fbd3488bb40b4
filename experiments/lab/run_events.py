"""What a process that carries out plans, or keeps a network, says: a type for each event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

from corridor.controller.openflow.installation import Report
from corridor.traffic.agents.runner_messages import Done, Ready


class _Timed(TypedDict):
    at_ns: NotRequired[int]
    """By the clock of the process that says it; it is there once it is in flight."""
    wall_s: NotRequired[float]
    """The monotonic second at which the host has read it; from the start on in ``events.jsonl``."""


class Phase(_Timed):
    """A part of a run begins."""

    event: Literal["phase"]
    name: str
    epoch_ns: NotRequired[int]
    """Of ``measure``: when traffic starts."""
    demands: NotRequired[dict[str, int]]
    """Of ``kept``: how many are served how."""


class Step(_Timed):
    """How far something has come that takes its time."""

    event: Literal["step"]
    name: str
    done: int
    of: int


class Failed(_Timed):
    event: Literal["failed"]
    message: str
    code: int
    """To exit with."""
    kind: NotRequired[str]


class Built(_Timed):
    event: Literal["built"]
    private_openvswitch: bool


class ControllerReady(_Timed, Report):
    """Tables are in, and the wiring is as declared."""

    event: Literal["controller"]


class Proven(_Timed):
    event: Literal["proven"]
    said: str
    of: str
    """The digest of a dump."""


class AgentsReady(_Timed, Ready):
    """They can receive the time of the start."""

    event: Literal["agents"]


class AgentsDone(_Timed, Done):
    """What was to be sent has been sent."""

    event: Literal["agents-done"]


class Standing(_Timed):
    """It waits for the next plan."""

    event: Literal["standing"]


class ControllerEvent(_Timed):
    """What the controller of a live network has said."""

    event: Literal["controller_event"]
    said: Mapping[str, Any]


class Restart(_Timed):
    """The controller of a live network has ended, and another is started."""

    event: Literal["restart"]
    code: int


class SessionOpen(_Timed):
    """A live network can be reached from now on."""

    event: Literal["session"]
    url: str
    token_file: str
    out: str


type Event = (
    Phase
    | Step
    | Failed
    | Built
    | ControllerReady
    | Proven
    | AgentsReady
    | AgentsDone
    | Standing
    | ControllerEvent
    | Restart
    | SessionOpen
)
