"""``python -m corridor.controller.api --control SOCKET --token-file FILE [--port N]``

Says one JSON line on standard output: ``{"ready": {"url": ..., "pid": ...}}`` once it listens, or
``{"failed": {"reason": ...}}`` with exit code 3. Ends by SIGTERM, and with its parent.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corridor.topologies.base.parent_death import die_with_parent

FAILED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    die_with_parent()
    parser = argparse.ArgumentParser(prog="python -m corridor.controller.api", description=__doc__)
    parser.add_argument(
        "--control", type=Path, required=True, help="the controller's control socket"
    )
    parser.add_argument("--token-file", type=Path, required=True, help="made if it is not there")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; by default a free one")
    given = parser.parse_args(arguments)

    from corridor.controller.api.tokens import BadTokenFile, Doorkeeper, token_in

    try:
        doorkeeper = Doorkeeper(token_in(given.token_file))
    except BadTokenFile as problem:
        return _fail(str(problem))

    from corridor.controller.api.app import make_app
    from corridor.controller.api.guard import READ_S, Guard
    from corridor.controller.api.link import ANSWER_S, CHANGE_S, ControllerLink
    from corridor.controller.api.server import MARGIN_S, listen, serve

    try:
        listener = listen(given.port)
    except (OSError, OverflowError) as problem:
        return _fail(f"cannot listen on port {given.port}: {problem}")
    link = ControllerLink(given.control, answer_s=ANSWER_S, change_s=CHANGE_S)
    whole_s = READ_S + CHANGE_S + MARGIN_S
    guard = Guard(make_app(link), doorkeeper, read_s=READ_S, whole_s=whole_s)
    serve(guard, listener, lambda ready: _say(ready=ready))
    return 0


def _fail(reason: str) -> int:
    _say(failed={"reason": reason})
    return FAILED


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    sys.exit(main())
