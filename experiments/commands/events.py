"""``corridor events``: what has happened to a kept network."""

from __future__ import annotations

import argparse
import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from experiments.commands.arguments import whole
from experiments.commands.network_arguments import EXIT_CODES, add_network_arguments, connect

if TYPE_CHECKING:
    from experiments.kept.client import Api

EPILOG = f"""examples:
  corridor events                 all that the controller remembers
  corridor events --follow        go on until Ctrl-C
  corridor events --since 40 --json

{EXIT_CODES}"""
FOLLOW_S = 0.5


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "events",
        help="what has happened to a kept network",
        description="Tell what has happened to a kept network, oldest first.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--since",
        type=whole(0, 2**63, "a number is 0 or more"),
        default=0,
        metavar="N",
        help="only what came after number N",
    )
    parser.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    add_network_arguments(parser)


def run(args: argparse.Namespace) -> int:
    api, since = connect(args), args.since
    while True:
        since = _tell_all(api, since, as_json=args.json)
        if not args.follow:
            return 0
        time.sleep(FOLLOW_S)


def _tell_all(api: Api, since: int, *, as_json: bool) -> int:
    """Tell every event after a number; the number of the last."""
    while True:
        answer = api.get("/v1/events", since=since)
        if answer["last"] < since:
            since = 0  # another controller, which counts anew
            continue
        for event in answer["events"]:
            line = json.dumps(event) if as_json else _line(event)
            if line:
                print(line, flush=True)
            since = event["n"]
        if not answer["events"]:
            return since


def _line(event: dict[str, Any]) -> str:
    from experiments.kept.telling import told

    said = told(event)
    at = datetime.fromtimestamp(event["at_ns"] / 1e9).astimezone()
    return f"{at:%H:%M:%S} {event['n']:>4} {said}" if said else ""
