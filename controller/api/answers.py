"""What the API answers, as types: the control socket's answers without ``ok``."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from corridor.controller.deployment.statuses import Status
from corridor.controller.explain.clauses import ClauseCost
from corridor.controller.explain.explanation import Answers, PermitInUse
from corridor.controller.explain.outages import Outage
from corridor.controller.explain.path_summary import Passage
from corridor.controller.explain.permits import Unused
from corridor.controller.explain.references import Ground
from corridor.controller.forwarding.forwarding_tree import WayStatus
from corridor.controller.policy.routes import Remedy
from corridor.controller.prover.declared.witnesses import Witness
from corridor.controller.prover.report.counterexample import Counterexample
from corridor.controller.prover.verdicts import Counts, Verdict
from corridor.topologies.base.units import written_day


class Answer(BaseModel):
    """Closed: what is not named here is not there."""

    model_config = ConfigDict(use_attribute_docstrings=True)


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(use_attribute_docstrings=True, json_schema_extra={"examples": [values]})


class Updates(Answer):
    """Changes of tables, by what became of them."""

    done: int
    refused: int
    """They would have broken a claim."""
    deferred: int
    """A switch was away."""
    failed: int
    """A switch or a gateway did not do as it was told; all was put back."""
    busy: int
    """Asked for while nothing stood that is proven."""


class Entries(Answer):
    """How many entries all switches held."""

    before: int
    most: int
    """While both epochs stood."""
    after: int


class Report(Answer):
    """What a two-phase update was like."""

    entries: Entries
    done_ms: dict[str, float]
    """When each step was over, in ms from the start: `compiled and proven`, `beside`, `proven`,
    `flipped`, `drained`, `removed`."""
    left_over: str = ""
    """Why something of the old epoch may still be there; an audit follows."""


class LastUpdate(Report):
    """The newest one."""

    event: Literal["update"]
    n: int
    """Its number among the events."""
    at_ns: int
    """Time of day, in ns since 1970."""
    why: str
    epoch: int


class Happened(Answer):
    """Since the controller started."""

    updates: Updates
    repaired: int
    """Audits that found something to put right."""
    withdrawn: int
    """Times demands were dropped at their edges before anything was computed."""
    error: int
    """Defects."""
    last_update: LastUpdate | None


class StatusAnswer(Answer):
    """The network in a few words."""

    model_config = _example(
        installed=True,
        epoch=1,
        unproven="",
        deferred="",
        away=[],
        as_of="2026-11-24",
        policies="sovereignty",
        foreign=0,
        happened={
            "updates": {"done": 3, "refused": 0, "deferred": 0, "failed": 0, "busy": 0},
            "repaired": 0,
            "withdrawn": 0,
            "error": 0,
            "last_update": None,
        },
        demands={"UP": 118, "BLOCKED": 6},
    )
    installed: bool
    """Whether anything is installed."""
    epoch: int | None
    """Of the tables in force: 0 and 1 take turns."""
    unproven: str
    """Why the tables that switches hold are not proven; empty while they are."""
    deferred: str
    """What a change waits for; empty if none does."""
    away: list[str]
    """Hubs whose switch has lost its connection and is not given up."""
    as_of: date
    """The day whose policies are in force."""
    policies: str
    """The name of the policy set."""
    foreign: int
    """Foreign entries that were removed so far."""
    happened: Happened
    demands: dict[str, int]
    """How many demands are served how."""


class DemandAnswer(Answer):
    """How one demand, or its answers (`ID.return`), is served."""

    model_config = _example(
        demand="ckpt-guian-karachi",
        status="UP",
        permit="CN-OUT-ASSESSED",
        hubs=["guian", "kunming", "karachi"],
        one_way_ns=44_996_000,
        reason="",
        clause="",
        legal_ref=["CN-24-7b"],
        remedy="",
    )
    demand: str
    status: Status
    """`UP`; `ALT`, by another permit than the first; `DEGRADED`, worse than asked for; `BLOCKED` by
    policies; `DOWN`, no fibres lead there; `UNKNOWN`, what switches hold is not proven."""
    permit: str
    """By which it travels; empty if by none."""
    hubs: list[str]
    """Its way now."""
    one_way_ns: int | None
    """Delay of that way."""
    reason: str
    """Why not better."""
    clause: str
    """The first that is in the way: policy and clause."""
    legal_ref: list[str]
    remedy: str
    """The cheapest single change that would help."""


class DemandsAnswer(Answer):
    """All demands, each followed by its answers."""

    demands: list[DemandAnswer]


class Port(Answer):
    """A port of a switch."""

    leads_to: str
    """`host`, a fibre, `into gateway` or `out of gateway`."""
    live: bool
    """As the switch has said last: its link is up, and BFD forwards if it is on."""


class HubAnswer(Answer):
    """A hub and its switch."""

    dpid: int
    """Datapath id."""
    connected: bool
    connections: int
    """How often the switch has connected since the controller started."""
    disconnections: int
    failed: bool
    """Its switch has been away for so long that it is done without."""
    gateway: bool | None
    """Whether its gateway works; null where there is none."""
    ports: dict[str, Port]
    """By port number."""


class FibreAnswer(Answer):
    """A fibre."""

    ends: tuple[str, str]
    works: bool
    held_out: bool
    """It flapped, and carries nothing until it has been quiet."""
    drained: bool
    """Somebody asked that it carries nothing."""


class TopologyAnswer(Answer):
    """What has failed, is held out, is drained; who is connected."""

    hubs: dict[str, HubAnswer]
    fibres: dict[str, FibreAnswer]


class Sent(Answer):
    """What edges have put on the way of a demand, since the epoch began."""

    packets: int
    bytes: int


class PortCounts(Answer):
    """As OpenFlow counts, since the port is there. `tx` leaves the switch."""

    rx_packets: int
    tx_packets: int
    rx_bytes: int
    tx_bytes: int
    rx_dropped: int
    tx_dropped: int
    rx_errors: int
    tx_errors: int


class CountersAnswer(Answer):
    """What switches that are there have counted. Entries that are replaced count from nothing."""

    drops: dict[str, int]
    """Packets dropped, by reason."""
    by_hub: dict[str, dict[str, int]]
    """The same by hub, where any were."""
    sent: dict[str, Sent]
    """By demand."""
    ports: dict[str, dict[str, PortCounts]]
    """By hub and port number."""


class ProofOfTables(Answer):
    """Every claim's verdict on one set of tables."""

    holds: bool
    verdicts: list[Verdict]
    counts: Counts
    witnesses: list[Witness]


class ProofAnswer(Answer):
    """The last proof: of `tables`, or of both sides of an update, `beside` and `flipped`."""

    of: str
    """What was proven, and why."""
    epoch: int
    holds: bool
    tables: ProofOfTables | None = None
    beside: ProofOfTables | None = None
    """Of what switches said they held before the flip, by the old policies."""
    flipped: ProofOfTables | None = None
    """Of what they would hold after it, by the new."""


class ExplanationAnswer(Answer):
    """Why a demand takes its path, or none: as `corridor explain --json`."""

    schema_version: Literal[1] = Field(alias="schema")
    demand: str
    data_class: str
    origin: list[str]
    src: str
    dst: str
    as_of: date
    status: WayStatus
    permit: PermitInUse | None
    passage: Passage | None
    shortest: Passage | None
    """The shortest path there is, whatever policies say."""
    forbids_shortest: list[Ground]
    clauses: list[ClauseCost]
    unused: list[Unused]
    outages: list[Outage]
    remedies: list[Remedy]
    answers: Answers | None
    protection_ns: int
    """What the path takes longer than the shortest lawful one, so as to be protected all along."""
    lacks: list[str]
    """What was asked for and is not had: the step of the permit's ladder, if any, and why."""
    costs_ns: int | None
    """What policies add to the one-way delay, the protection they ask for included."""
    costs_km: float | None


class Day(Answer):
    """A day whose policies and bases are to be in force."""

    model_config = _example(as_of="2027-07-01") | ConfigDict(extra="forbid")
    as_of: Annotated[date, BeforeValidator(written_day)]
    """As `YYYY-MM-DD`, of the years 1900 to 2999."""


class Changed(Answer):
    """A change that is in force, and proven."""

    model_config = _example(
        epoch=1,
        withdrawn=[],
        update={
            "entries": {"before": 193, "most": 247, "after": 195},
            "done_ms": {
                "compiled and proven": 0.0,
                "beside": 0.4,
                "proven": 0.6,
                "flipped": 0.7,
                "drained": 229.1,
                "removed": 229.5,
            },
        },
    )
    epoch: int | None
    """Of the tables in force."""
    withdrawn: list[str]
    """Demands that were dropped at their edges at once, before anything was computed, since no
    policy lets them pass any more."""
    update: Report | None
    """How the tables were changed; null where no entry differed, but for what was withdrawn."""


class AuditAnswer(Answer):
    """Whether all switches held exactly what they should; if not, they do now."""

    model_config = _example(was_whole=True)
    was_whole: bool


class Event(BaseModel):
    """Something that happened. What else it has depends on its kind."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [{"event": "failures", "n": 17, "at_ns": 1795533600000000000, "links": []}]
        },
    )
    event: str
    """`switch`, `failures`, `installed`, `taken over`, `forgotten`, `update`, `withdrawn`,
    `deferred`, `refused`, `failed`, `repaired`, `status`, `error`."""
    n: int
    """Its number, from 1 when the controller starts."""
    at_ns: int
    """Time of day, in ns since 1970."""


class EventsAnswer(Answer):
    """Events after a number, oldest first. The controller forgets all but the last 10,000."""

    events: list[Event]
    last: int
    """The number of the newest there is."""
    started_ns: int
    """When the controller was started, in ns since 1970. Where it is another than before, numbers
    count again: ask again from 0."""


class Mistake(Answer):
    """What is wrong with a request, and where."""

    where: str
    message: str


class ProblemAnswer(Answer):
    """What went wrong (RFC 9457)."""

    model_config = _example(
        type="urn:corridor:problem:unknown",
        title="There is no such thing",
        status=404,
        detail="no fibre 'x'; there are shanghai-guian, kunming-karachi",
        kind="unknown",
        instance="/v1/fibres/x/drain",
    )
    type: str
    """`urn:corridor:problem:KIND`."""
    title: str
    status: int
    detail: str
    """What happened this time."""
    kind: str
    instance: str = ""
    """The path that was asked for."""
    counterexamples: list[Counterexample | str] = Field(default_factory=list)
    """Where a claim would break: a packet for each, and what every switch would do with it."""
    mistakes: list[Mistake] = Field(default_factory=list)
    """What is wrong with the request, piece by piece."""
