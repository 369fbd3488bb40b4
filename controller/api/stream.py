"""Events as they happen: server-sent events over one answer that lasts a minute.

An id is ``STARTED_NS-N``: numbers of events start at 1 with each controller, so a number alone
would not say which. A client that was cut off asks again with its ``Last-Event-ID``.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from corridor.controller.api.event_feed import EventFeed, Heard, Position
from corridor.controller.api.problems import Problem
from corridor.topologies.base.codec import JsonObject

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
