"""``corridor exec``: run a program at a hub of a live network."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from corridor.experiments.live_commands.network_arguments import add_name_argument, reached

EPILOG = """examples:
  corridor exec guian ip route
  corridor exec karachi iperf3 -s -1 &            hubs have names: they are in /etc/hosts there
  corridor exec guian iperf3 -c karachi
  echo hello | corridor exec guian cat
  corridor exec --network law guian -- sh -c 'ls > here.txt'

The program runs as root in the namespace of the hub's host. Its folder is shared/ of the result
folder. In a guest it sees this machine's files, but can write only there and under /tmp. It reads
the input of this command, unless that is a terminal. It ends with this command, and receives
Ctrl-C.
exit codes: that of the program; 128 plus the number of a signal; 2 bad input, 3 no live network"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "exec",
        description="Run a program in the network namespace of a hub's host.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_name_argument(parser)
    parser.add_argument("hub", metavar="HUB", help="a hub's id")
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, metavar="CMD ...", help="a program and its arguments"
    )


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.operations import terminal
    from corridor.experiments.operations.demands import ping_problem
    from corridor.topologies.base.errors import InputError

    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        raise InputError("nothing to run", "corridor exec HUB CMD ..., or corridor shell HUB")
    with reached(args) as client:
        problem = ping_problem(client.ask("demands"), args.hub, command)
        if problem is not None:
            print(f"corridor: {problem}", file=sys.stderr, flush=True)
        feed = sys.stdin is not None and not sys.stdin.isatty()
        return terminal.run(client, args.hub, command, feed=feed)
