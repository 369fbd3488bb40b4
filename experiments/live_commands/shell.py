"""``corridor shell``: an interactive shell at a hub of a live network."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from corridor.experiments.live_commands.network_arguments import add_name_argument, reached

SHELL = ["bash", "--norc"]
EPILOG = """example:
  corridor shell guian          then ping karachi, ip addr, iperf3 -c karachi, ... and exit

It runs as root in the namespace of the hub's host: see corridor exec --help.
exit codes: that of the shell; 2 bad input, 3 no live network"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "shell",
        description="An interactive shell in the network namespace of a hub's host.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_name_argument(parser)
    parser.add_argument("hub", metavar="HUB", help="a hub's id")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.operations import terminal
    from corridor.topologies.base.errors import InputError

    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError("a shell needs a terminal", f"corridor exec {args.hub} sh < script")
    with reached(args) as client:
        return terminal.shell(client, args.hub, ["env", f"PS1={args.hub}# ", *SHELL])
