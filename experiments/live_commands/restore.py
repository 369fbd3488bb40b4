"""``corridor restore``: let a drained fibre of a live network carry again."""

from __future__ import annotations

import argparse
from typing import Any

from corridor.experiments.live_commands.drain import change
from corridor.experiments.live_commands.network_arguments import EXIT_CODES, add_network_arguments


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "restore",
        description="Use a drained fibre again.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("fibre", metavar="FIBRE", help="a fibre's id")
    add_network_arguments(parser)


def run(args: argparse.Namespace) -> int:
    return change(args, "restore", "restored")
