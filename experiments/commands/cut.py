"""``corridor cut``: cut a fibre of a live network."""

from __future__ import annotations

import argparse
from typing import Any

from corridor.experiments.commands.fault import add_options, begin, options_of
from corridor.experiments.commands.network_arguments import add_name_argument, reached
from corridor.topologies.faults.cut import KIND

EPILOG = """examples:
  corridor cut kunming-karachi             both ends lose their carrier; corridor mend undoes it
  corridor cut kunming-karachi --silent    only BFD notices, if it runs

exit codes: 0 done, 2 bad input, 3 the network is not there"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "cut",
        help="cut a fibre of a live network",
        description="Cut a fibre of a live network.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", metavar="FIBRE", help="a fibre's id")
    add_options(parser, KIND)
    add_name_argument(parser)


def run(args: argparse.Namespace) -> int:
    with reached(args) as client:
        return begin(client, KIND, args.what, options_of(KIND, args))
