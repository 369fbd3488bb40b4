"""``corridor trace``: the current path of a demand's packets through a live network."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from corridor.experiments.live_commands.network_arguments import add_name_argument, reached

if TYPE_CHECKING:
    from corridor.experiments.operations.client import Client

EPILOG = """examples:
  corridor trace render-bangkok           hub by hub: entries, label, fibre, delay so far
  corridor trace guian karachi            every demand from one hub to the other
  corridor trace render-bangkok --live    by the tables as read back from the switches now

The path is computed from the tables that the controller has deployed, and from the failures that
it knows: no packet is sent. corridor explain explains why this path is used.
exit codes: 0 traced, wherever the path ends; 2 bad input; 3 no live network, or no reply"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "trace",
        description="Follow a packet of a demand through the tables of a live network.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="+", metavar="DEMAND | FROM TO", help="a demand, or two hubs")
    parser.add_argument("--live", action="store_true", help="read the tables from the switches")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, one a demand")
    add_name_argument(parser)


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.operations.demands import named
    from corridor.experiments.operations.probe_text import traced
    from corridor.topologies.base.errors import InputError

    if len(args.what) > 2:
        raise InputError("trace one demand", "corridor trace DEMAND, or corridor trace FROM TO")
    with reached(args) as client:
        chosen = named(client.ask("demands")["demands"], args.what)
        statuses = {one["demand"]: one for one in _asked(client, do="demands")["demands"]}
        for number, one in enumerate(chosen):
            status = statuses[one["demand"]]
            said = _asked(client, do="trace", demand=one["demand"], live=args.live)
            if args.json:
                print(json.dumps({**said["trace"], "epoch": said["epoch"], "served": status}))
                continue
            text = traced(said["trace"], status, said["epoch"], live=args.live)
            print("\n" + text if number else text)
    return 0


def _asked(client: Client, **request: Any) -> dict[str, Any]:
    """What the controller says, where it says yes."""
    from corridor.topologies.base.errors import EnvironmentUnsupported

    said: dict[str, Any] = client.ask("controller", request=request)["said"]
    if not said["ok"]:
        raise EnvironmentUnsupported(said["reason"])
    return said
