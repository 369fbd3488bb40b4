"""What happens in a live network: ``corridor status`` and ``events``."""

from __future__ import annotations

import argparse
import json
import sys
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
from corridor.experiments.terminal.screen import show, styled, terminal_width
from corridor.topologies.base.seconds import NS_PER_S

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import EventsAnswer
    from corridor.experiments.lab.line_process import Said
    from corridor.experiments.live_network.client import Api


EPILOG = f"""examples:
  corridor status                        the only network that is up
  corridor status ckpt-guian-karachi     one demand; ID.return for its answers
  corridor status --watch                again every two seconds, until Ctrl-C
  corridor status --network law --json   for programs

{EXIT_CODES}"""
WATCH_S = 2.0
CLEAR = "\x1b[H\x1b[2J"
WIDE = 100_000
"""In output for programs, nothing is cut off."""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "status",
        description="Print the state of a live network: policy set, failures, drained fibres, and "
        "the status of each demand.",
        epilog=EPILOG,
    )
    parser.add_argument("demand", nargs="?", metavar="DEMAND", help="only this one")
    add_network_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, a line each with --watch")
    parser.add_argument("--watch", action="store_true", help="go on until Ctrl-C")


def run(args: argparse.Namespace) -> int:
    api = connect(args)
    if not args.watch:
        print(_styled(args, _shown(args, api)))
        return 0
    while True:
        text = _styled(args, _shown_or_why_not(args, api))
        to_person = sys.stdout.isatty() and not args.json
        print(f"{CLEAR}{text}" if to_person else text, flush=True)
        time.sleep(WATCH_S)


def _styled(args: argparse.Namespace, text: str) -> str:
    return text if args.json else styled(text, sys.stdout)


def _shown_or_why_not(args: argparse.Namespace, api: Api) -> str:
    """Who watches goes on watching while the controller is started again."""
    from corridor.experiments.live_network.client import ControllerAway

    try:
        return _shown(args, api)
    except ControllerAway as problem:
        return json.dumps({"problem": str(problem)}) if args.json else str(problem)


def _shown(args: argparse.Namespace, api: Api) -> str:
    from urllib.parse import quote

    from corridor.experiments.live_network.status_text import network, one_demand

    width = terminal_width() or WIDE
    indent = None if args.watch else 1
    if args.demand is not None:
        demand = api.get(f"/v1/demands/{quote(args.demand, safe='')}")
        return json.dumps(demand, indent=indent) if args.json else one_demand(demand, width)
    status, topology = api.get("/v1/status"), api.get("/v1/topology")
    demands = api.get("/v1/demands")["demands"]
    if args.json:
        everything = {"status": status, **topology, "demands": demands}
        return json.dumps(everything, indent=indent)
    return network(status, topology, demands, width)


EVENTS_EPILOG = f"""examples:
  corridor events                 all that the controller remembers
  corridor events --follow        go on until Ctrl-C
  corridor events --since 40 --json

{EXIT_CODES}"""
FOLLOW_S = 0.5


def add_events(verbs: Any) -> None:
    parser = verbs.add_parser(
        "events",
        description="Print the events of a live network, oldest first.",
        epilog=EVENTS_EPILOG,
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


def run_events(args: argparse.Namespace) -> int:
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
    from corridor.experiments.live_network.status_text import told

    said = told(event)
    at = datetime.fromtimestamp(event["at_ns"] / NS_PER_S).astimezone()
    return f"{at:%H:%M:%S} {event['n']:>4} {said}" if said else ""
