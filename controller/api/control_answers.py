"""What the controller reports about a live network: its answers on the control socket without
``ok``, which the API hands on as they are. Both are held to these types, and the OpenAPI document
is made of them. Nothing here costs the controller more than the types themselves.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import ConfigDict, Field, WithJsonSchema, with_config

from corridor.controller.openflow.statuses import Status
from corridor.controller.openflow.table_dump import PortCounts, Sent
from corridor.topologies.base.codec import JsonObject

_DESCRIBED = ConfigDict(use_attribute_docstrings=True)
_described = with_config(_DESCRIBED)


def _example(**values: Any) -> ConfigDict:
    return _DESCRIBED | ConfigDict(json_schema_extra={"examples": [values]})


@_described
class Updates(TypedDict):
    """Changes of tables, by the outcome of them."""

    done: int
    refused: int
    """They would have broken a claim."""
    deferred: int
    """A switch was away."""
    failed: int
    """A switch or a gateway did not follow its instructions; all was put back."""
    busy: int
    """Requested while no verified tables were installed."""


@_described
class Entries(TypedDict):
    """How many entries all switches held."""

    before: int
    most: int
    """While both epochs were installed."""
    after: int


class Report(TypedDict):
    """What a two-phase update was like."""

    # Described by fields, since the newest update has them too.
    entries: Entries
    done_ms: Annotated[
        dict[str, float],
        Field(
            description="When each step was over, in ms from the start: `compiled and proven`, "
            "`beside`, `proven`,\n`flipped`, `drained`, `removed`."
        ),
    ]
    left_over: NotRequired[
        Annotated[
            str,
            Field(
                default="",
                description="Why something of the old epoch may still be there; an audit follows.",
            ),
        ]
    ]


@_described
class LastUpdate(Report):
    """The newest one."""

    event: Literal["update"]
    n: int
    """Its number among the events."""
    at_ns: int
    """Time of day, in ns since 1970."""
    why: str
    epoch: int


@_described
class Happened(TypedDict):
    """Since the controller started."""

    updates: Updates
    repaired: int
    """Audits that found something to put right."""
    withdrawn: int
    """Times demands were dropped at their edges before anything was computed."""
    error: int
    """Defects."""
    last_update: LastUpdate | None


@_described
class Lacking(TypedDict):
    """A direction of a fibre that committed rates do not fit, in its worst case."""

    fibre: str
    """Or what fibres share at a landing."""
    hub: str
    """From which it is entered."""
    lacks_bps: int
    when: list[str]
    """What has to fail in addition to what has failed; nothing where rates do not fit now."""
    demands: list[str]
    """That are then on it."""
    said: str
    """The same in words."""


@with_config(
    _example(
        installed=True,
        epoch=1,
        unproven="",
        deferred="",
        away=[],
        as_of="2026-11-24",
        policies="sovereignty",
        foreign=0,
        lacking=[],
        happened={
            "updates": {"done": 3, "refused": 0, "deferred": 0, "failed": 0, "busy": 0},
            "repaired": 0,
            "withdrawn": 0,
            "error": 0,
            "last_update": {
                "event": "update",
                "n": 412,
                "at_ns": 1_795_219_200_000_000_000,
                "why": "kunming-karachi drained",
                "epoch": 1,
                "entries": {"before": 184, "most": 220, "after": 187},
                "done_ms": {"compiled and proven": 214.0, "flipped": 380.3, "removed": 764.0},
            },
        },
        demands={"UP": 118, "BLOCKED": 6},
    )
)
class StatusAnswer(TypedDict):
    """The network in a few words."""

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
    as_of: Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
    """The day whose policies are in force."""
    policies: str
    """The name of the policy set."""
    foreign: int
    """Foreign entries that were removed so far."""
    lacking: list[Lacking]
    """Links that committed rates do not fit; empty while all fit, whatever fails next."""
    happened: Happened
    demands: dict[str, int]
    """How many demands are served how."""


@with_config(
    _example(
        demand="ckpt-guian-karachi",
        status="UP",
        permit="CN-OUT-ASSESSED",
        hubs=["guian", "kunming", "karachi"],
        fibres=["guian-kunming", "kunming-karachi"],
        one_way_ns=44_996_000,
        reason="",
        clause="",
        legal_ref=["CN-24-7b"],
        remedy="",
        judged=True,
    )
)
class DemandAnswer(TypedDict):
    """How one demand, or its answers (`ID.return`), is served."""

    demand: str
    status: Status
    """`UP`; `ALT`, by another permit than the first; `DEGRADED`, worse than asked for; `BLOCKED` by
    policies; `DOWN`, no fibres lead there; `UNKNOWN`, what switches hold is not proven."""
    permit: str
    """By which it travels; empty if by none."""
    hubs: list[str]
    """Its present path."""
    fibres: list[str]
    """Between those hubs, in order: hubs may have several between them."""
    one_way_ns: int | None
    """Delay of that path."""
    reason: str
    """Why not better."""
    clause: str
    """The first policy and clause that forbid a path."""
    legal_ref: list[str]
    remedy: str
    """The cheapest single change that would help."""
    judged: bool
    """Unless it is served though the policies say nothing of its data."""


@_described
class DemandsAnswer(TypedDict):
    """All demands, each followed by its answers."""

    demands: list[DemandAnswer]


@_described
class Port(TypedDict):
    """A port of a switch."""

    leads_to: str
    """`host`, a fibre, `into gateway` or `out of gateway`."""
    live: bool
    """As the switch has said last: its link is up, and BFD forwards if it is on."""


@_described
class HubAnswer(TypedDict):
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


@_described
class FibreAnswer(TypedDict):
    """A fibre."""

    ends: tuple[str, str]
    works: bool
    held_out: bool
    """It flapped, and carries nothing until it has been quiet."""
    drained: bool
    """Someone asked that it carries nothing."""


@_described
class TopologyAnswer(TypedDict):
    """What has failed, is held out, is drained; who is connected."""

    hubs: dict[str, HubAnswer]
    fibres: dict[str, FibreAnswer]


@_described
class CountersAnswer(TypedDict):
    """What switches that are there have counted. Entries that are replaced count from nothing."""

    drops: dict[str, int]
    """Packets dropped, by reason."""
    by_hub: dict[str, dict[str, int]]
    """The same by hub, where any were."""
    sent: dict[str, Sent]
    """By demand."""
    ports: dict[str, dict[str, PortCounts]]
    """By hub and port number."""


class LastProof(TypedDict, total=False):
    """Of ``tables``, or of both sides of an update; empty before anything is proven."""

    of: str
    epoch: int | None
    holds: bool
    tables: JsonObject
    """As ``Proof`` of ``prover`` is written in JSON, here and below."""
    beside: JsonObject
    flipped: JsonObject


class ProofTold(TypedDict):
    """The last one; see ``ProofAnswer`` for what the API makes of it."""

    proof: LastProof


@with_config(
    _example(
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
)
class Changed(TypedDict):
    """A change that is in force, and proven."""

    epoch: int | None
    """Of the tables in force."""
    withdrawn: list[str]
    """Demands that were dropped at their edges at once, before anything was computed, since no
    policy lets them pass any more."""
    update: Report | None
    """How the tables were changed; null where no entry differed, but for what was withdrawn."""


@with_config(_example(was_whole=True))
class AuditAnswer(TypedDict):
    """Whether all switches held exactly what they should; if not, they do now."""

    was_whole: bool


@with_config(
    ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [{"event": "failures", "n": 17, "at_ns": 1795533600000000000, "links": []}]
        },
    )
)
class Event(TypedDict):
    """Something that happened. What else it has depends on its kind."""

    event: str
    """`switch`, `failures`, `installed`, `taken over`, `forgotten`, `flipped`, `update`,
    `withdrawn`, `deferred`, `refused`, `failed`, `repaired`, `rates`, `status`, `error`."""
    n: int
    """Its number, from 1 when the controller starts."""
    at_ns: int
    """Time of day, in ns since 1970."""


@_described
class EventsAnswer(TypedDict):
    """Events after a number, oldest first. The controller forgets all but the last 10,000."""

    events: list[Event]
    last: int
    """The number of the newest there is."""
    started_ns: int
    """When the controller was started, in ns since 1970. Where it is another than before, numbers
    count again: ask again from 0."""
