"""``corridor kill``: kill a gateway, a hub or the controller of a live network."""

from __future__ import annotations

import argparse
from typing import Any

from corridor.experiments.live_commands.fault import begin
from corridor.experiments.live_commands.network_arguments import add_name_argument, reached
from corridor.topologies.model.fault_registry import KINDS

CONTROLLER = "controller"
OF_HUBS = tuple(kind.key for kind in KINDS.values() if kind.of == "hub")
EPILOG = """examples:
  corridor kill gateway kunming     its process; corridor start gateway kunming undoes it
  corridor kill hub bangkok         every port of its switch goes down
  corridor kill controller          a new controller starts, and takes over the installed tables

exit codes: 0 success, 2 bad input, 3 no live network"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "kill",
        description="Kill a gateway, a hub or the controller of a live network.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(dest="kind", metavar="WHAT", required=True)
    add_hubs(kinds)
    add_name_argument(kinds.add_parser(CONTROLLER, help="SIGKILL; a new controller starts at once"))


def add_hubs(kinds: Any) -> None:
    """The kinds of faults of hubs."""
    for key in OF_HUBS:
        one = kinds.add_parser(key, help=KINDS[key].words)
        one.add_argument("hub", metavar="HUB", help="a hub's id")
        add_name_argument(one)


def run(args: argparse.Namespace) -> int:
    with reached(args) as client:
        if args.kind == CONTROLLER:
            client.ask("kill-controller")
            print("the controller is killed, another is started")
            return 0
        return begin(client, KINDS[args.kind], args.hub, {})
