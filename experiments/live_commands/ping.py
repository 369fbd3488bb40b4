"""``corridor ping``: ICMP between two hubs of a live network."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from corridor.experiments.commands.arguments import whole
from corridor.experiments.live_commands.network_arguments import add_name_argument, reached

EPILOG = """examples:
  corridor ping kunming bangkok         until Ctrl-C
  corridor ping kunming bangkok -c 3

Switches drop packets that match no demand. If there is only one demand between two hubs, all
packets between them belong to it, also ICMP. If there are several, ports distinguish them: then
use corridor probe DEMAND.
exit codes: those of ping (1: no answer), 2 bad input, 3 no live network"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "ping",
        description="Ping one hub's host from another, and print the matching demand.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("src", metavar="FROM", help="a hub")
    parser.add_argument("dst", metavar="TO", help="a hub")
    parser.add_argument(
        "-c",
        dest="count",
        type=whole(1, 10**9, "at least one"),
        metavar="N",
        help="stop after N packets",
    )
    add_name_argument(parser)


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.operations import terminal
    from corridor.experiments.operations.demands import for_any_packet

    with reached(args) as client:
        known = client.ask("demands")
        demand = for_any_packet(known["demands"], args.src, args.dst)
        print(f"by demand {demand}", file=sys.stderr, flush=True)
        count = [] if args.count is None else ["-c", str(args.count)]
        words = ["ping", *count, known["addresses"][args.dst]]
        return terminal.run(client, args.src, words, feed=False)
