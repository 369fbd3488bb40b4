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

The program runs as root in the namespace of the hub's host, in the folder shared/ of the result
folder. In a guest it sees this machine's files, but writes only there and under /tmp. Its input is
this one's where that is no terminal. It ends with this command; Ctrl-C goes to it.
exit codes: the program's; 128 and a signal's number; 2 bad input, 3 the network is not there"""


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
