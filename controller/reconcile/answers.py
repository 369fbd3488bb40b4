"""What the controller answers on its control socket, as JSON objects. ``api/answers.py`` has the
same in the words of the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

from corridor.controller.openflow.counters import Drops, Sent
from corridor.controller.openflow.dumps import TableDump


class Done(TypedDict):
    """Yes, and no more; or the start of an answer that says more."""

    ok: Literal[True]


class Refused(TypedDict):
    """No: ``control.py`` has the kinds."""

    ok: Literal[False]
    kind: str
    reason: str
    counterexamples: NotRequired[list[Any]]
    """Where a claim would break, as ``prover/report/counterexample.py`` has them, or as text."""


class Entries(TypedDict):
    """How many entries all switches held."""

    before: int
    most: int
    after: int


class UpdateReport(TypedDict):
    """What a two-phase update was like."""

    entries: Entries
    done_ms: dict[str, float]
    """When each step was over, in ms from the start."""
    left_over: NotRequired[str]


class Changed(Done):
    """A change that is in force, and proven."""

    epoch: int | None
    withdrawn: list[str]
    update: UpdateReport | None


class Counted(Done, Drops):
    """What switches that are there have counted."""

    sent: dict[str, Sent]
    ports: dict[str, dict[int, dict[str, int]]]


class Audited(Done):
    """Whether all switches held exactly what they should."""

    was_whole: bool


class Dumped(Done):
    document: TableDump


class Happened(TypedDict):
    """Since the controller started."""

    updates: dict[str, int]
    repaired: int
    withdrawn: int
    error: int
    last_update: dict[str, Any] | None
    """The event."""


class State(TypedDict):
    """The network in a few words."""

    installed: bool
    epoch: int | None
    unproven: str
    deferred: str
    away: list[str]
    as_of: str
    policies: str
    foreign: int
    happened: Happened


class StatusAnswer(Done, State):
    demands: dict[str, int]
    """How many are served how."""


class DemandsAnswer(Done):
    demands: list[Any]
    """As ``deployment/statuses.py`` has them."""


class Port(TypedDict):
    leads_to: str
    live: bool


class Hub(TypedDict):
    dpid: int
    connected: bool
    connections: int
    disconnections: int
    failed: bool
    gateway: bool | None
    """Whether it works; None where there is none."""
    ports: dict[str, Port]


class Fibre(TypedDict):
    ends: list[str]
    works: bool
    held_out: bool
    drained: bool


class TopologyAnswer(Done):
    hubs: dict[str, Hub]
    fibres: dict[str, Fibre]


class ProofAnswer(Done):
    proof: Mapping[str, Any]
    """Empty before anything is proven; see ``Proof`` of ``prover``."""


class PoliciesAnswer(Done):
    set: dict[str, Any]
    """As ``PolicySet`` is written in JSON."""


class EventsAnswer(Done):
    events: list[dict[str, Any]]
    last: int
    started_ns: int


class ExplanationAnswer(Done):
    explanation: Mapping[str, Any]


class TraceAnswer(Done):
    trace: Mapping[str, Any]
    """As ``explain/trace.py`` has it."""
    epoch: int


class LabelsAnswer(Done):
    labels: list[dict[str, Any]]


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
