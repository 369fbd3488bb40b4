"""``corridor status``: how a live network stands, and how each demand is served."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from corridor.experiments.live_commands.network_arguments import (
    EXIT_CODES,
    add_network_arguments,
    connect,
)
from corridor.experiments.terminal.screen import styled, terminal_width

if TYPE_CHECKING:
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
        formatter_class=argparse.RawDescriptionHelpFormatter,
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

    from corridor.experiments.live_network.status_table import network, one_demand

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
