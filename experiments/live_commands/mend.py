"""``corridor mend``: end all faults of a fibre of a live network."""

from __future__ import annotations

import argparse
from typing import Any

from corridor.experiments.live_commands.fault import end
from corridor.experiments.live_commands.network_arguments import add_name_argument, reached
from corridor.topologies.model.fault_registry import KINDS

EPILOG = "exit codes: 0 success, 2 bad input, 3 no live network"


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "mend",
        description="End all manual faults of a fibre: cuts and degradations.",
        epilog=EPILOG,
    )
    parser.add_argument("fibre", metavar="FIBRE", help="a fibre's id")
    add_name_argument(parser)


def run(args: argparse.Namespace) -> int:
    with reached(args) as client:
        lasting = client.ask("lasting")["faults"]
        kinds = [KINDS[one["kind"]] for one in lasting if one["what"] == args.fibre]
        for kind in [one for one in kinds if one.of == "fibre"] or [KINDS["cut"]]:
            end(client, kind, args.fibre)
    return 0
