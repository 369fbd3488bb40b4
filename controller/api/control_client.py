"""Ask a controller over its control socket: see ``control.py`` for what may be asked."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.json_lines import tell
from corridor.topologies.base.slowness import patient

ANSWER_S = 130.0
"""A little more than a controller takes for its answer at most."""


class NoAnswer(Exception):
    """No one listens, or who listened hung up."""


def ask(path: Path, do: str, *, timeout_s: float | None = None, **more: object) -> JsonObject:
    """The answer to one request, which has ``ok``; raises NoAnswer."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(patient(ANSWER_S) if timeout_s is None else timeout_s)
            link.connect(str(path))
            tell(link, {"do": do, **more})
            with link.makefile("r") as lines:
                line = lines.readline()
    except OSError as problem:
        raise NoAnswer(str(problem)) from problem
    if not line:
        raise NoAnswer("it hung up")
    answer: JsonObject = json.loads(line)
    return answer
