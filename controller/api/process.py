"""A process that serves an application on the loopback interface: one JSON line once it listens."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from corridor.topologies.base.slowness import patient

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from corridor.controller.api.link import ControllerLink

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
    from corridor.controller.api.tokens import BadTokenFile, Doorkeeper, token_in

    try:
        doorkeeper = Doorkeeper(token_in(token_file))
    except BadTokenFile as problem:
        return fail(str(problem))

    from corridor.controller.api.guard import READ_S, Guard
    from corridor.controller.api.link import ANSWER_S, CHANGE_S, ControllerLink
    from corridor.controller.api.server import MARGIN_S, listen, serve
    from corridor.controller.api.stream import MOST_S, PATH

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
