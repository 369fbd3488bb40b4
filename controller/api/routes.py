"""The endpoints: each asks the controller one thing."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute

from corridor.controller.api.answers import Day, ExplanationAnswer, ProblemAnswer, ProofAnswer
from corridor.controller.api.control_answers import (
    AuditAnswer,
    Changed,
    CountersAnswer,
    DemandAnswer,
    DemandsAnswer,
    EventsAnswer,
    StatusAnswer,
    TopologyAnswer,
)
from corridor.controller.api.event_feed import (
    MEDIA_TYPE,
    PATH,
    POSITION,
    EventFeed,
    Stream,
    position_of,
)
from corridor.controller.api.link import KINDS, ControllerLink, Problem
from corridor.controller.api.metrics import CONTENT_TYPE, exposition, gathered
from corridor.topologies.base.suggestions import nearest_or_some

MOST_EVENTS = 10_000
ALWAYS = ("malformed", "unauthorized", "forbidden", "slow", "large", "misdirected")
READS = ("absent", "late", "error")
CHANGES = (*READS, "deferred", "refused", "busy", "failed")
POLICY_SET = {"$ref": "#/components/schemas/PolicySet"}
router = APIRouter()
DemandId = Annotated[
    str, Path(description="A demand's id; `ID.return` for its answers.", examples=["ckpt"])
]
FibreId = Annotated[str, Path(description="A fibre's id.", examples=["kunming-karachi"])]


def _problems(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """What may go wrong, by status."""
    said: dict[int | str, list[str]] = {}
    for kind in (*ALWAYS, *kinds):
        status, title = KINDS[kind]
        said.setdefault(status.value, []).append(f"{title} (`{kind}`).")
    return {
        status: {"model": ProblemAnswer, "description": " ".join(titles)}
        for status, titles in said.items()
    }


LINKS: dict[str, Any] = {
    "links": {
        name: {"operationId": name, "parameters": {"demand": "$response.body#/demands/0/demand"}}
        for name in ("demand", "explanation")
    }
}
"""Where an id of the answer leads."""


def _link(request: Request) -> ControllerLink:
    link: ControllerLink = request.app.state.link
    return link


@router.get("/v1/status", response_model=StatusAnswer, responses=_problems(*READS))
async def status(request: Request) -> Any:
    """The network in a few words: epoch, policies, what is unproven, deferred, away."""
    return await _link(request).read("status")


@router.get(
    "/v1/demands", response_model=DemandsAnswer, responses={200: LINKS, **_problems(*READS)}
)
async def demands(request: Request) -> Any:
    """How each demand is served, and why not better."""
    return await _link(request).read("demands")


@router.get(
    "/v1/demands/{demand}", response_model=DemandAnswer, responses=_problems(*READS, "unknown")
)
async def demand(request: Request, demand: DemandId) -> Any:
    """How one demand is served."""
    known = cast(DemandsAnswer, await _link(request).read("demands"))["demands"]
    for one in known:
        if one["demand"] == demand:
            return one
    there = nearest_or_some(demand, (one["demand"] for one in known))
    raise Problem("unknown", f"no demand {demand!r}; {there}")


@router.get(
    "/v1/demands/{demand}/explanation",
    response_model=ExplanationAnswer,
    responses=_problems(*READS, "unknown", "busy"),
)
async def explanation(request: Request, demand: DemandId) -> Any:
    """Why a demand takes its path, by which law, what each clause costs, where it goes if something
    fails."""
    return (await _link(request).read("explain", demand=demand))["explanation"]


@router.get("/v1/topology", response_model=TopologyAnswer, responses=_problems(*READS))
async def topology(request: Request) -> Any:
    """What has failed, is held out, is drained; who is connected."""
    return await _link(request).read("topology")


@router.get("/v1/counters", response_model=CountersAnswer, responses=_problems(*READS, "failed"))
async def counters(request: Request) -> Any:
    """Packets dropped by reason, sent by demand, and through each port. Asks all switches."""
    return await _link(request).read("counters")


@router.get(
    "/v1/proof",
    response_model=ProofAnswer,
    response_model_exclude_unset=True,
    responses=_problems(*READS, "busy"),
)
async def proof(request: Request) -> Any:
    """The last proof: a verdict on every claim, with a counterexample where one does not hold."""
    found = (await _link(request).read("proof"))["proof"]
    if not found:
        raise Problem("busy", "nothing was verified yet")
    return found


@router.get(
    "/v1/policies",
    responses={
        200: {"content": {"application/json": {"schema": POLICY_SET}}},
        **_problems(*READS),
    },
)
async def policies(request: Request) -> Any:
    """The policy set in force."""
    return (await _link(request).read("policies"))["set"]


@router.put(
    "/v1/policies",
    response_model=Changed,
    responses=_problems(*CHANGES, "bad", "crowded"),
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": POLICY_SET}}}
    },
)
async def set_policies(request: Request, policies: Annotated[dict[str, object], Body()]) -> Any:
    """Another policy set: compiled, proven, and in force with the flip; or refused, and nothing is
    changed. It says all there is: what it leaves out is left out."""
    return await _link(request).change("policy", set=policies)


@router.put("/v1/day", response_model=Changed, responses=_problems(*CHANGES, "bad", "crowded"))
async def set_day(request: Request, day: Day) -> Any:
    """Another day, whose policies and bases are in force. What has lost its basis is dropped at its
    edge before anything is computed. What is deferred happens as soon as it can."""
    return await _link(request).change("day", as_of=day.as_of.isoformat())


@router.post(
    "/v1/fibres/{fibre}/drain",
    response_model=Changed,
    responses=_problems(*CHANGES, "unknown", "crowded"),
)
async def drain(request: Request, fibre: FibreId) -> Any:
    """The fibre is to carry nothing. Demands move off it without loss."""
    return await _link(request).change("drain", fibre=fibre)


@router.post(
    "/v1/fibres/{fibre}/restore",
    response_model=Changed,
    responses=_problems(*CHANGES, "unknown", "crowded"),
)
async def restore(request: Request, fibre: FibreId) -> Any:
    """The fibre may carry again."""
    return await _link(request).change("restore", fibre=fibre)


@router.post("/v1/audit", response_model=AuditAnswer, responses=_problems(*CHANGES, "crowded"))
async def audit(request: Request) -> Any:
    """Read all switches now, put right what differs, and prove the result."""
    return await _link(request).change("audit")


@router.get("/v1/events", response_model=EventsAnswer, responses=_problems(*READS, "bad"))
async def events(
    request: Request,
    since: Annotated[int, Query(ge=0, lt=2**63, description="After this number.")] = 0,
    most: Annotated[int, Query(ge=1, le=MOST_EVENTS, description="Not more than these.")] = 1000,
) -> Any:
    """What has happened."""
    answer = cast(EventsAnswer, await _link(request).read("events", since=since))
    return {**answer, "events": answer["events"][:most]}


@router.get(
    PATH,
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events, for a minute: then ask again.",
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
        },
        **_problems("crowded", "bad"),
    },
)
async def stream(
    request: Request,
    since: Annotated[
        str,
        Query(
            pattern=f"^({POSITION})$",
            description="After this id, or number, or from `now` on. By default as far back as the "
            "controller remembers.",
        ),
    ] = "0",
    last_event_id: Annotated[
        str, Header(description="The id of the last one that was heard; instead of `since`.")
    ] = "",
) -> Response:
    """Events as they happen, each with an id `STARTED_NS-N`, and as `line` whether the controller
    answers."""
    feed: EventFeed = request.app.state.feed
    return Stream(feed, position_of(last_event_id or since))


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus text format, version 0.0.4.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **_problems("error"),
    },
)
async def metrics(request: Request) -> Response:
    """For Prometheus. What the controller does not answer in time is left out, and said to be."""
    return Response(exposition(await gathered(_link(request))), media_type=CONTENT_TYPE)


def methods_of(path: str) -> set[str]:
    """All methods that a path is for."""
    return {
        method
        for route in router.routes
        if isinstance(route, APIRoute) and route.path_regex.fullmatch(path)
        for method in route.methods or ()
    }
