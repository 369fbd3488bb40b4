"""``corridor start``: a gateway or a hub of a live network that was killed works again."""

from __future__ import annotations

import argparse
from typing import Any

from corridor.experiments.live_commands.fault import end
from corridor.experiments.live_commands.kill import add_hubs
from corridor.experiments.live_commands.network_arguments import reached
from corridor.topologies.model.fault_registry import KINDS

EPILOG = "exit codes: 0 success, 2 bad input, 3 no live network"


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "start",
        description="Undo corridor kill.",
        epilog=EPILOG,
    )
    add_hubs(parser.add_subparsers(dest="kind", metavar="WHAT", required=True))


def run(args: argparse.Namespace) -> int:
    with reached(args) as client:
        return end(client, KINDS[args.kind], args.hub)
