"""Who and what is let through to the API: one token, local names, bounded bodies, in time.

It runs before everything else, so that a path that does not exist is no better known than one
that does. A page in a browser is kept out twice: the browser asks for leave (OPTIONS) before it
sends the token to another origin, and gets none; and a page whose name was pointed at this machine
(DNS rebinding) gives itself away by its Host.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corridor.controller.api import SERVER
from corridor.controller.api.problems import Problem
from corridor.controller.api.tokens import Doorkeeper

MOST_BODY_BYTES = 1 << 20
READ_S = 10.0
"""For a body to come."""
HANGS_UP = ("large", "slow", "late")
NO_PATHS: Mapping[str, float] = {}
_HOST = re.compile(rb"(127\.0\.0\.1|localhost)(:\d{1,5})?", re.IGNORECASE)
_ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"server", SERVER.encode()),
)


class Guard:
    """ASGI around ASGI. ``read_s`` is for a body to come, ``whole_s`` for all from a request's
    headers to the end of its answer; ``lasting`` has other times, by path. Paths that are
    ``open_to_all`` are for GET without a token, spelt as they are here."""

    def __init__(
        self,
        app: ASGIApp,
        doorkeeper: Doorkeeper,
        *,
        read_s: float,
        whole_s: float,
        lasting: Mapping[str, float] = NO_PATHS,
        open_to_all: Collection[str] = (),
    ) -> None:
        self._app = app
        self._doorkeeper = doorkeeper
        self._whole_s = whole_s
        self._read_s = read_s
        self._lasting = lasting
        self._open = frozenset(one.encode() for one in open_to_all)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = _Answer(send)
        path = ""  # the path is not reported to an unknown client
        try:
            self._check(scope)
            path = scope["path"]
            async with asyncio.timeout(self._lasting.get(path, self._whole_s)):
                body = await self._body(scope["headers"], receive)
                await self._app(scope, _having(body, receive), answer.send)
        except Problem as problem:
            await answer.refuse(problem, path)
        except TimeoutError:
            late = Problem("late", f"no answer in {self._whole_s:g} s; it may still be done")
            await answer.refuse(late, path)

    def _check(self, scope: Scope) -> None:
        """Raises Problem. A header that is there twice is as good as none."""
        headers = scope["headers"]
        host = _only(headers, b"host")
        if not _HOST.fullmatch(host):
            raise Problem("misdirected", "ask for 127.0.0.1 or localhost")
        is_open = scope["method"] == "GET" and scope["raw_path"] in self._open
        if not is_open and not self._doorkeeper.lets_in(_only(headers, b"authorization")):
            raise Problem("unauthorized", "send the header Authorization: Bearer TOKEN")
        origins = {value for name, value in headers if name == b"origin"}
        if origins - {b"http://" + host}:
            raise Problem("forbidden", "the request comes from a page of another origin")

    async def _body(self, headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> bytes:
        said = _only(headers, b"content-length")
        if said.isdigit() and int(said) > MOST_BODY_BYTES:
            raise _too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(self._read_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Problem("malformed", "it hung up before its body was whole")
                    body += message.get("body", b"")
                    if len(body) > MOST_BODY_BYTES:
                        raise _too_large()
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            raise Problem("slow", f"no whole body in {self._read_s:g} s") from None


class _Answer:
    """What is sent back, and whether it has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            message["headers"] = [*message.get("headers", ()), *_ALWAYS]
        await self._send(message)

    async def refuse(self, problem: Problem, path: str) -> None:
        """At once, and hang up on what is still to come if no one wants to wait for it.

        Else it is read and forgotten: who is hung up on while he sends never sees the answer.
        """
        if self._begun:
            raise problem
        body = problem.body(path)
        headers = {**problem.headers, "content-length": str(len(body))}
        if problem.kind in HANGS_UP:
            headers["connection"] = "close"
        plain = [(name.encode(), value.encode()) for name, value in headers.items()]
        start = {"type": "http.response.start", "status": problem.status, "headers": plain}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})


def _only(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    """A header that is there exactly once; else empty."""
    found = [value for name, value in headers if name == wanted]
    return found[0] if len(found) == 1 else b""


def _having(body: bytes, receive: Receive) -> Receive:
    """First a body that has come already, then whatever comes."""
    told = False

    async def heard() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return heard


def _too_large() -> Problem:
    return Problem("large", f"a body has at most {MOST_BODY_BYTES} bytes")
