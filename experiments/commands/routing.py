"""``corridor routing``: what plain routing does to the demands of a scenario."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from corridor.experiments.commands.arguments import add_scenario_arguments, add_seed, under, whole
from corridor.experiments.terminal.kept_answers import answered
from corridor.experiments.terminal.screen import terminal_width

PROBE_INTERVAL_MS = 20
EPILOG = """examples:
  corridor routing mini                               paths of OSPF and BGP, judged by the policies
  corridor routing sovereignty --protocols ospf       one OSPF area for all operators
  corridor routing sovereignty --cut karakoram        outages after a cut, next to the controller's
  corridor routing sovereignty --cut red-sea --cut karakoram --all --json
  corridor routing mini --policies pan-asia --seed 2  daemons start at other moments

A BIRD process at each hub routes packets of a guest's kernel, in virtual time. It needs the package
bird2. docs/routing.md has the configuration, what is measured, and the limits.
exit codes: 0 success, 2 bad input, 3 no BIRD or no guest here, 4 routing did not converge"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "routing",
        description="Run plain routing on the map of a scenario: measure its paths, judge them by "
        "the policies, and compare outages after cuts with those of the controller.",
        epilog=EPILOG,
    )
    add_scenario_arguments(parser, "mini")
    parser.add_argument(
        "--protocols",
        choices=("ospf-bgp", "ospf"),
        default="ospf-bgp",
        help="OSPF inside each operator's domain and BGP between them, or one OSPF area for the "
        "whole map (default: ospf-bgp)",
    )
    parser.add_argument(
        "--cut",
        action="append",
        default=[],
        metavar="WHAT",
        help="cut a fibre or shared-risk group for 30 s, one cut after another; may be repeated",
    )
    add_seed(parser, "seed of the moments at which daemons start (default: 1)")
    parser.add_argument(
        "--interval",
        type=whole(10, 10_001, "probes are 10 to 10000 ms apart"),
        default=PROBE_INTERVAL_MS,
        metavar="MS",
        help="milliseconds between probes around a cut: the resolution of outages (default: 20)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="keep the plan and the record of the guest here"
    )
    parser.add_argument("--all", action="store_true", help="list all demands")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON only")


def run(args: argparse.Namespace) -> int:
    """Run the verb."""

    from corridor.experiments.run.routing import RoutingOptions, run_routing
    from corridor.experiments.text import routing_text

    asked = RoutingOptions(args.protocols, tuple(args.cut), args.seed, args.interval, args.out)
    found = run_routing(
        args.scenario, under(args), asked, lambda line: print(line, file=sys.stderr)
    )
    width = terminal_width()
    text = partial(routing_text.answer, found, width, everything=args.all)
    return answered(args, found, text).tell()
