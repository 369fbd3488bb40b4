"""What the controller answers on its control socket, as JSON objects: what the API hands on, with
an ``ok``."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from corridor.controller.api import control_answers
from corridor.controller.openflow.table_dump import TableDump
from corridor.topologies.base.codec import JsonObject


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
