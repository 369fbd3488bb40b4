"""``corridor events``: what has happened to a live network."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import whole
from corridor.experiments.live_commands.network_arguments import (
    EXIT_CODES,
    add_network_arguments,
    connect,
)
from corridor.experiments.terminal.screen import show
from corridor.topologies.base.seconds import NS_PER_S

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import EventsAnswer
    from corridor.experiments.lab.status_line import Said
    from corridor.experiments.live_network.client import Api

EPILOG = f"""examples:
  corridor events                 all that the controller remembers
  corridor events --follow        go on until Ctrl-C
  corridor events --since 40 --json

{EXIT_CODES}"""
FOLLOW_S = 0.5


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "events",
        description="Print the events of a live network, oldest first.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--since",
        type=whole(0, 2**63, "a number is 0 or more"),
        default=0,
        metavar="N",
        help="only events after number N",
    )
    parser.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    add_network_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.live_network.client import ControllerAway

    api, seen = connect(args), Seen(args.since)
    while True:
        try:
            _tell_all(api, seen, as_json=args.json)
        except ControllerAway:
            if not args.follow:
                raise
        if not args.follow:
            return 0
        time.sleep(FOLLOW_S)


@dataclass
class Seen:
    """The last event that was printed, and its controller."""

    number: int
    started_ns: int | None = None
    """Of the controller whose events have these numbers; None: of the first that answers."""

    def of(self, answer: EventsAnswer) -> bool:
        """Whether an answer comes from the same controller; else this begins with the other one."""
        before, self.started_ns = self.started_ns, answer["started_ns"]
        is_same = answer["last"] >= self.number if before is None else before == self.started_ns
        if not is_same:
            self.number = 0
        return is_same


def _tell_all(api: Api, seen: Seen, *, as_json: bool) -> None:
    """Print every event that has not been printed."""
    while True:
        answer: EventsAnswer = api.get("/v1/events", since=seen.number)
        if not seen.of(answer):
            continue
        for event in answer["events"]:
            if as_json:
                print(json.dumps(event), flush=True)
            elif line := _line(event):
                show(line)
            seen.number = event["n"]
        if not answer["events"]:
            return


def _line(event: Said) -> str:
    from corridor.experiments.live_network.event_text import told

    said = told(event)
    at = datetime.fromtimestamp(event["at_ns"] / NS_PER_S).astimezone()
    return f"{at:%H:%M:%S} {event['n']:>4} {said}" if said else ""
