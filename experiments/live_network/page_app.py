"""The page's own paths, in front of all those of the API.

    GET  /page/body          the page itself, as HTML: it is of this network, so it needs the token
    GET  /page/now           the network as it is now
    GET  /page/why?demand=ID why it is served as it is, as text
    POST /page/do            an order: see ``page_actions.py``

Round trips, loads and what pages did come over ``/v1/stream``, as ``probe``, ``load`` and ``done``.
"""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from corridor.controller.api.event_feed import EventFeed, Position
from corridor.controller.api.link import ControllerLink, Problem
from corridor.controller.explain import Explanation
from corridor.experiments.answers.document import ANSWERS_FILE, ELEMENTS, Answers
from corridor.experiments.answers.internet_cut import InternetCut, internet_cut, internet_on
from corridor.experiments.live_network.page_actions import Actions, Here, OperationsLink, order_of
from corridor.experiments.live_network.page_measuring import Loads, Probes
from corridor.experiments.live_network.status_text import shown
from corridor.experiments.pages.claims import status_in_words
from corridor.experiments.pages.page import live_page
from corridor.experiments.pages.run_page import network_page
from corridor.experiments.text.explanation_text import explained
from corridor.experiments.text.internet_text import internet_sentence
from corridor.experiments.text.verdict import foreseen
from corridor.topologies.base.codec import JsonObject, from_plain, read_document, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.topology import Topology

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import FibreAnswer, HubAnswer


def internet_now(
    topology: Topology, day: date, faults: Iterable[Mapping[str, Any]]
) -> InternetCut | None:
    """Compute the effect of all cuts that last, as ``corridor cut`` does, by the shipped figures.

    Args:
        topology: Of the network.
        day: Of the figures.
        faults: What operations answer to ``lasting``.

    Returns:
        None if no cut lasts, or background traffic does not use what is cut.
    """
    named = [f"{ELEMENTS[one['kind']]}:{one['what']}" for one in faults if one["kind"] in ELEMENTS]
    return internet_cut(internet_on(topology), named, day) if named else None


# The network as a page shows it when it is opened, or when it has missed something.

NEWEST = 2**62
LAST_EVENTS = 50


async def view(link: ControllerLink, feed: EventFeed, operations: OperationsLink) -> JsonObject:
    """Of everything at about one moment; events after ``position`` state what came since."""
    last: Any = (await link.read("events", since=NEWEST))["last"]
    said: Any = await link.read("events", since=max(0, last - LAST_EVENTS))
    status: Any = await link.read("status")
    topology: Any = await link.read("topology")
    demands: Any = await link.read("demands")
    faults: Any = (await operations.ask("lasting"))["faults"]
    return {
        "position": str(Position(said["started_ns"], said["last"])),
        "events": [feed.described(one) for one in said["events"]],
        "status": status,
        "demands": demands["demands"],
        "fibres": fibre_states(topology["fibres"], faults),
        "hubs": hub_states(topology["hubs"]),
        "proof": proof_digest((await link.read("proof"))["proof"], status),
    }


def fibre_states(
    fibres: Mapping[str, FibreAnswer], faults: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """What is the matter with each fibre, in words; those that are well are left out."""
    by_hand = {one["what"]: one["kind"] for one in faults}
    found = {}
    for name, one in fibres.items():
        words = [by_hand[name]] if name in by_hand else []
        words += ["failed"] if not one["works"] and not words else []
        words += ["held out"] if one["held_out"] else []
        words += ["drained"] if one["drained"] else []
        if words:
            found[name] = words
    return found


def hub_states(hubs: Mapping[str, HubAnswer]) -> dict[str, list[str]]:
    """The same of hubs."""
    found = {}
    for name, one in hubs.items():
        words = ["failed"] if one["failed"] else []
        words += ["its gateway is down"] if one["gateway"] is False else []
        if words:
            found[name] = words
    return found


def proof_digest(proof: Any, status: Mapping[str, Any]) -> JsonObject:
    """What was proven, of what, and how long that took: empty before anything is."""
    if not proof:
        return {}
    sides = [proof[one] for one in ("tables", "beside", "flipped") if proof.get(one)]
    update = status["happened"]["last_update"]
    if update and (update["why"], update["epoch"]) != (proof["of"], proof["epoch"]):
        update = None  # of the update before, while this one removes old entries
    return {
        "of": proof["of"],
        "epoch": proof["epoch"],
        "holds": proof["holds"],
        "claims": [
            [one["claim"], one["sentence"], status_in_words(one["status"])]
            for one in sides[-1]["verdicts"]
        ],
        "unproven": status["unproven"],
        **({"done_ms": update["done_ms"], "at_ns": update["at_ns"]} if update else {}),
    }


def why(explanation: Any, topology: Topology) -> str:
    """An explanation as the controller tells it, as ``corridor explain`` prints it."""
    unknown = ("schema", "costs_ns", "costs_km")
    plain = {name: value for name, value in explanation.items() if name not in unknown}
    return explained(from_plain(Explanation, plain), topology)


JSON, HTML, TEXT = "application/json", "text/html; charset=utf-8", "text/plain; charset=utf-8"
ALONE = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
}
"""An answer that is opened as a page may run nothing."""
AWAY = ("absent", "busy", "late")
type Answer = tuple[str, bytes]
"""Its media type and its body."""


@dataclass
class PageServer:
    """Everything that a page needs behind it."""

    link: ControllerLink
    feed: EventFeed
    operations: OperationsLink
    actions: Actions
    loads: Loads
    probes: Probes
    topology: Topology
    about: JsonObject
    """What does not change: names of policy sets, how long what is done lasts."""
    body: Callable[[], Awaitable[str]]

    def start(self) -> None:
        """Begin what goes on next to requests: without it the process has no sense, and ends."""
        self._beside = asyncio.create_task(self._run())
        self._beside.add_done_callback(_end)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.actions.watch())
            tasks.create_task(self.loads.run(lambda: self.feed.streams > 0))
            while True:
                await asyncio.sleep(1)
                self.probes.look(time.monotonic())

    async def answer(self, method: str, path: str, query: str, body: bytes) -> Answer:
        """Raises Problem."""
        if (method, path) == ("GET", "/page/body"):
            return HTML, (await self.body()).encode()
        if (method, path) == ("GET", "/page/now"):
            return _json(await self._now())
        if (method, path) == ("GET", "/page/why"):
            return TEXT, (await self._why(query)).encode()
        if (method, path) == ("GET", "/page/internet"):
            return _json(await self._internet())
        if (method, path) == ("POST", "/page/do"):
            return _json(await self._do(body))
        raise Problem("unknown", "the page has no such path")

    async def _now(self) -> JsonObject:
        """While the controller computes, or is dead, that it is ``away``: a page asks again."""
        try:
            now = await view(self.link, self.feed, self.operations)
        except Problem as problem:
            if problem.kind not in AWAY:
                raise
            return {"away": problem.detail}
        return {**self.about, **now, "done": self.actions.done.plain()}

    async def _why(self, query: str) -> str:
        (demand,) = parse_qs(query).get("demand", [""])[:1]
        said: Any = await self.link.read("explain", demand=demand)
        return await asyncio.to_thread(why, said["explanation"], self.topology)

    async def _internet(self) -> JsonObject:
        """The effect of all cuts that last on Internet traffic, and in a sentence."""
        faults: Any = (await self.operations.ask("lasting"))["faults"]
        status: Any = await self.link.read("status")
        day = date.fromisoformat(status["as_of"])
        found = await asyncio.to_thread(internet_now, self.topology, day, faults)
        if found is None:
            return {"cut": None, "said": ""}
        return {"cut": to_plain(found), "said": internet_sentence(found)}

    async def _do(self, body: bytes) -> JsonObject:
        try:
            order = order_of(body)
        except InputError as problem:
            raise Problem("bad", str(problem)) from problem
        if not isinstance(order, Here):
            return await self.actions.carry_out(order)
        now_s = time.monotonic()
        self.actions.leases.heard(order.page, now_s, touched=order.touched)
        if order.demand:
            self.probes.want(order.demand, now_s)
        return {"done": self.actions.done.plain()}


def _end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        signal.raise_signal(signal.SIGTERM)
        task.result()  # which says what it was


class PagePaths:
    """ASGI around ASGI: what begins with ``/page/`` is answered here."""

    def __init__(self, app: ASGIApp, server: PageServer) -> None:
        self._app = app
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith("/page/"):
            await self._app(scope, receive, send)
            return
        try:
            text = scope["query_string"].decode("latin-1")
            body = (await receive()).get("body", b"")  # whole: the guard has seen to that
            kind, said = await self._server.answer(scope["method"], scope["path"], text, body)
            status, headers = 200, {"content-type": kind}
        except Problem as problem:
            examples: Any = problem.more.get("counterexamples")
            if examples:
                problem.more = {**problem.more, "text": shown(examples)}
            status, headers = problem.status, problem.headers
            said = problem.body(scope["path"])
        await _send(send, status, {**ALONE, **headers, "content-length": str(len(said))}, said)


async def _send(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    plain = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": plain})
    await send({"type": "http.response.body", "body": body})


def _json(said: Mapping[str, object]) -> Answer:
    return JSON, json.dumps(said, separators=(",", ":")).encode()


# The page of one network as HTML, made once: from the answers in its result folder.

LONGEST_S = 90.0
"""Answers are computed while the network is being built."""
LOOK_S = 0.1


class Body:
    """Call it: the first who does waits until it is made."""

    def __init__(self, results: Path) -> None:
        self._file = results / ANSWERS_FILE
        self._making = asyncio.Lock()
        self._made = ""

    async def __call__(self) -> str:
        """Raises Problem without answers in time."""
        async with self._making:
            if not self._made:
                await self._until_computed()
                self._made = await asyncio.to_thread(self._make)
        return self._made

    async def _until_computed(self) -> None:
        ends_s = time.monotonic() + LONGEST_S
        while not self._file.exists():
            if time.monotonic() > ends_s:
                raise Problem("late", f"what the page shows was not computed in {LONGEST_S:g} s")
            await asyncio.sleep(LOOK_S)

    def _make(self) -> str:
        plain = json.loads(self._file.read_text(encoding="utf-8"))
        answers = read_document(Answers, plain, str(self._file), "start the network again")
        return live_page(network_page(answers, list(foreseen(answers).answers)))
