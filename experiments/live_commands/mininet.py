"""``corridor mininet``: Mininet's command line on a live network."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from corridor.experiments.live_commands.network_arguments import add_name_argument, reached

EPILOG = """examples:
  corridor mininet                        then nodes, links, guian ping -c 3 karachi, iperf, exit
  echo 'link s1 s2 down' | corridor mininet
  corridor mininet < commands.txt         each line as if it were typed

Hosts are h1, h2, ... or the names of their hubs; switches are s1, s2, .... All commands of
Mininet's shell work, except that corridor start and kill start and stop switches. Under policies,
only packets of demands pass: pingall shows which pairs can ping. A link that "link" takes down
stays down until "link" brings it up. The end of the shell does not change the network.
exit codes: 0 success, 2 bad input, 3 no live network"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "mininet",
        description="Mininet's command line on a live network of corridor up.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_name_argument(parser)


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.operations import terminal

    with reached(args) as client:
        at_terminal = sys.stdin is not None and sys.stdin.isatty()
        return terminal.mininet(client, at_terminal=at_terminal)
