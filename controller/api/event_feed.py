"""What happens to a network, asked of its controller once for all who listen, as it happens.

While someone listens one question waits at the controller for the next event; no one polls. What
else a process has to say to listeners it publishes; that is told once, and not kept for later.
Listeners read server-sent events over one answer that lasts a minute.

An id is ``STARTED_NS-N``: numbers of events start at 1 with each controller, so a number alone
would not say which. A client that was cut off asks again with its ``Last-Event-ID``.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import NamedTuple, cast

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from corridor.controller.api.control_answers import Event, EventsAnswer
from corridor.controller.api.link import ControllerLink, Problem
from corridor.topologies.base.codec import JsonObject

WAIT_S = 10
"""For the next event, before it is asked again."""
RETRY_S = 0.2
MOST_EVENTS = 10_000
MOST_PUBLISHED = 500
MOST_NUMBER = 2**63


class Position(NamedTuple):
    """After an event: its number, and the controller that numbered it. Numbers begin at 1."""

    started_ns: int = 0
    number: int = 0

    def __str__(self) -> str:
        return f"{self.started_ns}-{self.number}"


class Line(NamedTuple):
    """Whether the controller answers, and since when it does not."""

    state: str = "waiting"
    """`waiting` for its first answer, `live`, or `gone`."""
    since_ns: int = 0
    """Time of day, in ns since 1970."""


class Published(NamedTuple):
    """What someone else than the controller has to say."""

    number: int
    kind: str
    what: JsonObject


@dataclass
class Heard:
    """What is new to one listener."""

    line: Line | None
    """None where it is as it was."""
    events: list[tuple[Position, Event]]
    published: list[Published]


class EventFeed:
    """The events of one controller after another."""

    def __init__(
        self, link: ControllerLink, in_words: Callable[[Event], str | None] = lambda _: None
    ) -> None:
        """An event with a description in words has it as ``told``."""
        self._link = link
        self._in_words = in_words
        self._started_ns = 0
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._published: deque[Published] = deque(maxlen=MOST_PUBLISHED)
        self._numbers = itertools.count(1)
        self._changed = asyncio.Condition()
        self._asking: asyncio.Task[None] | None = None
        self.line = Line()
        self.streams = 0
        """Answers that follow it."""
        self._listeners = 0

    @property
    def newest(self) -> Position:
        return Position(self._started_ns, self._events[-1]["n"] if self._events else 0)

    async def publish(self, kind: str, what: JsonObject) -> None:
        """To all who listen now."""
        async with self._changed:
            self._published.append(Published(next(self._numbers), kind, what))
            self._changed.notify_all()

    async def follow(self, after: Position | None, silent_s: float) -> AsyncGenerator[Heard]:
        """What comes after a position, or from now on; empty where nothing did for a while.

        Raises what went wrong where the controller is not asked any more."""
        line, told = Line("", 0), self._published[-1].number if self._published else 0
        async with self._listening():
            while True:
                if self._asking is not None and self._asking.done():
                    self._asking.result()  # no one listens to a controller that no one asks
                if after is None and self.line.state != "waiting":
                    after = self.newest
                heard = self._since(line, after, told)
                line = self.line
                after = heard.events[-1][0] if heard.events else after
                told = heard.published[-1].number if heard.published else told
                yield heard
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(silent_s), self._changed:
                        while not self._is_news(line, after, told):
                            await self._changed.wait()

    def _since(self, line: Line, after: Position | None, told: int) -> Heard:
        if after is None:
            number = MOST_NUMBER
        else:
            number = after.number if after.started_ns in (0, self._started_ns) else 0
        return Heard(
            self.line if self.line != line else None,
            [
                (Position(self._started_ns, one["n"]), one)
                for one in self._events
                if one["n"] > number
            ],
            [one for one in self._published if one.number > told],
        )

    def _is_news(self, line: Line, after: Position | None, told: int) -> bool:
        heard = self._since(line, after, told)
        return bool(heard.line or heard.events or heard.published)

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        self._listeners += 1
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        try:
            yield
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._asking.cancel()
                self._asking = None
                self.line = Line()

    async def _ask(self) -> None:
        while True:
            said = None
            with contextlib.suppress(Problem):
                last, wait_s = self.newest, WAIT_S if self.line.state == "live" else 0
                said = await self._link.wait(
                    wait_s, "events", since=last.number, of=last.started_ns
                )
            async with self._changed:
                self._take(cast(EventsAnswer | None, said))
                self._changed.notify_all()
            if said is None:
                await asyncio.sleep(RETRY_S)

    def _take(self, said: EventsAnswer | None) -> None:
        if said is None:
            if self.line.state != "gone" and self._started_ns:  # it has answered before
                self.line = Line("gone", time.time_ns())
            return
        if said["started_ns"] != self._started_ns:
            self._started_ns = said["started_ns"]
            self._events.clear()
        self._events += [self.described(one) for one in said["events"]]
        if self.line.state != "live":
            self.line = Line("live", time.time_ns())

    def described(self, event: Event) -> Event:
        """With what it is in words."""
        told = self._in_words(event)
        return cast(Event, {**event, "told": told}) if told else event


MEDIA_TYPE = "text/event-stream"
MOST_STREAMS = 16
"""Of the connections there may be, so that the rest are left for other requests."""
LASTS_S = 60.0
HEARTBEAT_S = 10.0
MOST_S = LASTS_S + HEARTBEAT_S
"""The stream ends after this time at most."""
PATH = "/v1/stream"
RETRY_MS = 500
NOW = "now"
POSITION = r"now|\d{1,19}(-\d{1,19})?"
_POSITION = re.compile(POSITION)


class Stream(StreamingResponse):
    """One, from a position on, or from now."""

    def __init__(self, feed: EventFeed, after: Position | None) -> None:
        super().__init__(_told(feed, after), media_type=MEDIA_TYPE)
        self._feed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Problem, before it begins, where there are enough."""
        if self._feed.streams >= MOST_STREAMS:
            raise Problem("crowded", f"{self._feed.streams} streams are open already")
        self._feed.streams += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._feed.streams -= 1


async def _told(feed: EventFeed, after: Position | None) -> AsyncIterator[str]:
    ends_s = time.monotonic() + LASTS_S
    yield f"retry: {RETRY_MS}\n\n"
    async with contextlib.aclosing(feed.follow(after, HEARTBEAT_S)) as heard:
        async for one in heard:
            yield text_of(one) or ": still here\n\n"
            if time.monotonic() >= ends_s:
                return


def position_of(text: str) -> Position | None:
    """``STARTED_NS-N``, or ``N`` of whichever controller; None for now. Anything else is 0."""
    if text == NOW:
        return None
    if not _POSITION.fullmatch(text):
        return Position()
    started, dash, number = text.partition("-")
    return Position(int(started), int(number)) if dash else Position(0, int(started))


def text_of(heard: Heard) -> str:
    """As server-sent events; empty where there is nothing to say."""
    said = []
    if heard.line is not None:
        said.append(_event({"state": heard.line.state, "since_ns": heard.line.since_ns}, "line"))
    said += [_event(dict(event), id=str(position)) for position, event in heard.events]
    said += [_event(one.what, one.kind) for one in heard.published]
    return "".join(said)


def _event(what: JsonObject, kind: str = "", id: str = "") -> str:  # noqa: A002 - the field's name
    fields = (("id", id), ("event", kind), ("data", json.dumps(what, separators=(",", ":"))))
    return "".join(f"{name}: {value}\n" for name, value in fields if value) + "\n"
