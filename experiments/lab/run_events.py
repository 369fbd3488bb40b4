"""The events that a process reports while it executes plans or keeps a network, a type for each."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, Literal, NoReturn, NotRequired, TypedDict

from corridor.controller.openflow.installation import Report
from corridor.topologies.base.errors import CorridorError
from corridor.traffic.agents.jobs import Done, Ready


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


# What a process that carries out plans says to who waits: events, and how it failed.

Emit = Callable[[Event], None]


def emit(event: Event) -> None:
    """One event as a line on standard output, with the moment of this kernel's clock."""
    said = json.dumps({"event": event["event"], "at_ns": time.time_ns(), **event})
    try:
        print(said, flush=True)
    except BrokenPipeError:  # who waited was killed, and what is left to do is tidying up
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def step(emit: Emit, what: str, done: int, of: int) -> None:
    """How far something has come that takes its time."""
    emit({"event": "step", "name": what, "done": done, "of": of})


def stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """For ``signal.signal``: end as by Ctrl-C."""
    raise KeyboardInterrupt


def failures_told(work: Callable[[], None]) -> int:
    """Do it; return the exit code, after a failure has been reported as an event."""
    try:
        work()
    except KeyboardInterrupt:
        emit({"event": "failed", "kind": "Interrupted", "message": "stopped", "code": 130})
        return 130
    except CorridorError as error:
        emit({"event": "failed", "message": str(error), "code": error.exit_code})
        return error.exit_code
    except OSError as error:
        emit({"event": "failed", "message": str(error), "code": 3})
        return 3
    return 0
