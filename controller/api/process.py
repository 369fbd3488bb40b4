"""A process that serves an application on the loopback interface: one JSON line once it listens.

uvicorn bounds what it does at once, not how many connect, nor for how long a request may trickle
in; our protocol does: bounded connections, and a deadline for every request to come.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from corridor.controller.api.guard import READ_S
from corridor.controller.api.link import Problem
from corridor.topologies.base.slowness import patient

if TYPE_CHECKING:
    from corridor.controller.api.link import ControllerLink


ADDRESS = "127.0.0.1"
MOST_CONNECTIONS = 64
IDLE_S = 5
"""For the next request on a connection."""
GRACE_S = 2
"""For unfinished answers when the server has to end."""
MARGIN_S = 2.0
"""After this time the connection of a request that was refused as too slow is closed."""
_WHOLE = (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)


class BoundedProtocol(H11Protocol):
    """One connection. ``deadline_s`` is for each request, headers and body."""

    deadline_s = READ_S + MARGIN_S
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._expect()

    def data_received(self, data: bytes) -> None:
        self._expect()
        super().data_received(data)
        if self.conn.their_state in _WHOLE:
            self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """As a problem, like every other."""
        problem = Problem("malformed", msg)
        body = problem.body()
        said = {**problem.headers, "content-length": str(len(body)), "connection": "close"}
        headers = [(name.encode(), value.encode()) for name, value in said.items()]
        events = (
            h11.Response(status_code=problem.status, headers=headers),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.deadline_s, self._hang_up)

    def _settle(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.abort()


class Ready(TypedDict):
    """Where it listens, and as which process."""

    url: str
    pid: int


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], object]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()


def listen(port: int) -> socket.socket:
    """A socket on the loopback interface; port 0 is a free one. Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen(MOST_CONNECTIONS)
    except OSError:
        listener.close()
        raise
    return listener


def serve(app: ASGIApp, listener: socket.socket, say_ready: Callable[[Ready], object]) -> None:
    """Until SIGTERM or SIGINT, after which it returns."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _taken_note_of)
    ready: Ready = {"url": f"http://{ADDRESS}:{listener.getsockname()[1]}", "pid": os.getpid()}
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    _Server(config, lambda: say_ready(ready)).run(sockets=[listener])


def _taken_note_of(_number: int, _frame: object) -> None:
    """uvicorn sends itself the signal again once it has ended well."""


FAILED = 3


class Application(NamedTuple):
    """What is served, behind the guard."""

    app: ASGIApp
    open_to_all: Collection[str] = ()
    """Paths that are for GET without a token."""
    started: Callable[[], object] = lambda: None
    """Called in the event loop once it listens."""


def run(
    control: Path,
    token_file: Path,
    port: int,
    application: Callable[[ControllerLink], Application],
) -> int:
    """Until SIGTERM; the exit code. ``application`` gets a link to the controller."""
    from corridor.controller.api.guard import BadTokenFile, Doorkeeper, token_in

    try:
        doorkeeper = Doorkeeper(token_in(token_file))
    except BadTokenFile as problem:
        return fail(str(problem))

    from corridor.controller.api.event_feed import MOST_S, PATH
    from corridor.controller.api.guard import READ_S, Guard
    from corridor.controller.api.link import ANSWER_S, CHANGE_S, ControllerLink
    from corridor.controller.api.process import MARGIN_S, listen, serve

    try:
        listener = listen(port)
    except (OSError, OverflowError) as problem:
        return fail(f"cannot listen on port {port}: {problem}")
    served = application(
        ControllerLink(control, answer_s=patient(ANSWER_S), change_s=patient(CHANGE_S))
    )
    guard = Guard(
        served.app,
        doorkeeper,
        read_s=READ_S,
        whole_s=READ_S + patient(CHANGE_S) + MARGIN_S,
        lasting={PATH: READ_S + MOST_S + MARGIN_S},
        open_to_all=served.open_to_all,
    )

    def ready(where: Any) -> None:
        served.started()
        _say(ready=where)

    serve(guard, listener, ready)
    return 0


def fail(reason: str) -> int:
    """Say why there is nothing to serve; the exit code."""
    _say(failed={"reason": reason})
    return FAILED


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)
