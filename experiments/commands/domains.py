"""``corridor domains``: a scenario served by a controller for each operator and jurisdiction."""

from __future__ import annotations

import argparse
from typing import Any

from corridor.experiments.commands.arguments import add_scenario_arguments, load
from corridor.experiments.terminal.kept_answers import Answer, add_no_cache, as_json, shown, told
from corridor.experiments.terminal.screen import terminal_width

HAND_OVERS = ("any", "stated")
EPILOG = """examples:
  corridor domains sovereignty                  who carries each demand, and what is disclosed
  corridor domains sovereignty --handovers stated    only hand-overs that a source states
  corridor domains sovereignty --silent ptcl@PK      if one controller does not answer
  corridor domains mini --cuts                  also after each single failure of a fibre
  corridor domains sovereignty --curious sco@PK      what it can infer of its neighbours
  corridor domains sovereignty --lie ct@CN:state     what a lie about policy states costs
  corridor domains mini --prove                 each domain proves its own tables
  corridor domains examples/two_operators.yaml

A domain is an operator in a jurisdiction; corridor topology domains lists those of a map.
docs/domains.md has the protocol, what each controller learns, and the limits.
exit codes: 0 success, 2 bad input"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "domains",
        description="Compute the paths of demands if each operator has its own controller, and "
        "compare them with those of one controller for the whole map.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_scenario_arguments(parser)
    parser.add_argument(
        "--handovers",
        choices=HAND_OVERS,
        default="any",
        help="where domains hand traffic over: at any hub that both have a switch at, or only "
        "where a statement names both (default: any)",
    )
    parser.add_argument(
        "--silent",
        type=_names,
        default=(),
        metavar="DOMAIN,...",
        help="domains whose controllers do not answer",
    )
    parser.add_argument(
        "--cuts", action="store_true", help="repeat all after each single failure of a fibre"
    )
    parser.add_argument(
        "--prove",
        action="store_true",
        help="prove the compiled tables domain by domain, and compare with one proof",
    )
    parser.add_argument(
        "--curious",
        default="",
        metavar="DOMAIN",
        help="what this domain can infer of its neighbours' maps from the delays that it receives",
    )
    parser.add_argument(
        "--lie",
        default="",
        metavar="DOMAIN:KIND",
        help="what it costs if this domain lies about its delay, reach, state or plausible-state",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="print how many delays each domain discloses to each other one",
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON only")
    add_no_cache(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb."""
    return told(args, _answer)


def _names(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


def _answer(args: argparse.Namespace) -> Answer:
    from corridor.experiments.domains.domains_answer import domain_paths
    from corridor.experiments.text import domains_text

    more = {"cuts": args.cuts, "prove": args.prove, "curious": args.curious, "lie": args.lie}
    found = domain_paths(load(args), args.handovers, args.silent, **more)
    if args.json:
        return as_json(found.to_json())
    return Answer([shown(domains_text.paths(found, terminal_width(), everything=args.all))])
