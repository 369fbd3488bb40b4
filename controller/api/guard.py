"""Who and what is let through to the API: one token, local names, bounded bodies, in time.

The guard runs before everything else, so that a path that does not exist is no better known than
one that does. A page in a browser is kept out twice: the browser asks for leave (OPTIONS) before it
sends the token to another origin, and gets none; and a page whose name was pointed at this machine
(DNS rebinding) gives itself away by its Host. The token is made once, in a file that is the user's
alone.

Without a token, files of a page are served: exactly these, and they hold no secret. What a browser
may do with them is stated in their headers: nothing from elsewhere, no script that is not a file of
these, no text that becomes markup, no frame around it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corridor.controller.api import SERVER
from corridor.controller.api.link import Problem

TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,128}\n?")
_PRESENTED = re.compile(rb"bearer +([A-Za-z0-9._~+/-]{1,256}=*) *", re.IGNORECASE)


class BadTokenFile(Exception):
    """The file cannot be made, or keeps no secret."""


def token_in(path: Path) -> str:
    """The token in a file, which is made if it is not there. Raises BadTokenFile."""
    with suppress(FileExistsError):
        return _made(path)
    return _read(path)


def _made(path: Path) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    try:
        _check_folder(path.parent)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise
    except OSError as problem:
        raise BadTokenFile(f"cannot make {path}: {problem.strerror}") from problem
    with os.fdopen(number, "w") as file:
        file.write(f"{token}\n")
    return token


def _read(path: Path) -> str:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
            _check_file(path, os.fstat(file.fileno()))
            text = file.read(4096)
    except (OSError, UnicodeDecodeError) as problem:
        raise BadTokenFile(f"cannot read {path}: {problem}") from problem
    if not _TOKEN.fullmatch(text):
        raise BadTokenFile(f"{path} holds no token; remove it, and one is made")
    return text.strip()


def _check_folder(folder: Path) -> None:
    """No other user may replace our file."""
    held = folder.stat()
    others_may_write = held.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if others_may_write and not held.st_mode & stat.S_ISVTX:
        raise BadTokenFile(f"others may write to {folder}; chmod go-w {folder}")


def _check_file(path: Path, held: os.stat_result) -> None:
    if not stat.S_ISREG(held.st_mode):
        raise BadTokenFile(f"{path} is not a file")
    if held.st_uid != os.geteuid():
        raise BadTokenFile(f"{path} belongs to another user")
    if held.st_mode & 0o077:
        raise BadTokenFile(f"others may use {path}; remove it, and another token is made")
    _check_folder(path.parent)


class Doorkeeper:
    """Knows the token by its hash, and tells in constant time whether it was presented."""

    def __init__(self, token: str) -> None:
        self._hash = hashlib.sha256(token.encode()).digest()

    def lets_in(self, authorization: bytes) -> bool:
        """Whether a header says ``Bearer TOKEN`` (RFC 6750, 2.1)."""
        presented = _PRESENTED.fullmatch(authorization)
        token = presented[1] if presented else b""
        return hmac.compare_digest(hashlib.sha256(token).digest(), self._hash)


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


POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
}
"""Next to those that every answer has."""


class Page(NamedTuple):
    """One file."""

    media_type: str
    body: bytes


class Pages:
    """ASGI around ASGI: GET of a path in the table is answered here, all else by the other."""

    def __init__(self, app: ASGIApp, pages: Mapping[str, Page]) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self._pages.get(scope["path"]) if scope["method"] == "GET" else None
        if page is None:
            await self._app(scope, receive, send)
            return
        said = {
            "content-type": f"{page.media_type}; charset=utf-8",
            "content-length": str(len(page.body)),
            **HEADERS,
        }
        headers = [(name.encode(), value.encode()) for name, value in said.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page.body})
