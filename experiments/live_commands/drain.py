"""``corridor drain``: let a fibre of a live network carry nothing, without loss."""

from __future__ import annotations

import argparse
from typing import Any

from corridor.experiments.live_commands.network_arguments import (
    EXIT_CODES,
    add_network_arguments,
    connect,
)

EPILOG = f"""example:
  corridor drain kunming-karachi     demands move off it; corridor restore undoes it

{EXIT_CODES}"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "drain",
        description="Reroute all demands off a fibre without loss, for example before maintenance.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("fibre", metavar="FIBRE", help="a fibre's id")
    add_network_arguments(parser)


def run(args: argparse.Namespace) -> int:
    return change(args, "drain", "drained")


def change(args: argparse.Namespace, verb: str, done: str) -> int:
    """Request it, and print the result."""
    from urllib.parse import quote

    from corridor.experiments.live_commands.policy import told_change

    api = connect(args)
    changed = api.post(f"/v1/fibres/{quote(args.fibre, safe='')}/{verb}")
    print(told_change(api, f"{args.fibre} {done}", changed))
    return 0
