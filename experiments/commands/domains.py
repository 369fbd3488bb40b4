"""``corridor domains``: a scenario served by a controller for each operator and jurisdiction."""

from __future__ import annotations

import argparse
from typing import Any

from corridor.experiments.commands.arguments import add_scenario_arguments, load, names, under
from corridor.experiments.terminal.kept_answers import (
    Answer,
    add_no_cache,
    answered,
    told,
)
from corridor.experiments.terminal.screen import terminal_width
from corridor.topologies.base.errors import InputError

HAND_OVERS = ("any", "stated")
EPILOG = """examples:
  corridor domains sovereignty                  who carries each demand, and what is disclosed
  corridor domains sovereignty --handovers stated    only hand-overs that a source states
  corridor domains sovereignty --silent ptcl@PK      if one controller does not answer
  corridor domains mini --cuts                  also after each single failure of a fibre
  corridor domains sovereignty --curious sco@PK      what it can infer of its neighbours
  corridor domains sovereignty --lie ct@CN:state     what a lie about policy states costs
  corridor domains mini --prove                 each domain proves its own tables
  corridor domains mini --processes             a process for each domain: they agree by messages
  corridor domains examples/two_operators.yaml

A domain is an operator in a jurisdiction; corridor topology domains lists those of a map.
docs/domains.md has the protocol, what each controller learns, and the limits.
exit codes: 0 success, 1 tables of processes violated a policy, 2 bad input, 4 no agreement"""
ONE_QUESTION = ("cuts", "prove", "curious", "lie", "silent")
KILLS = 2


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "domains",
        description="Compute the paths of demands if each operator has its own controller, and "
        "compare them with those of one controller for the whole map.",
        epilog=EPILOG,
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
        type=names,
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
        "--processes",
        action="store_true",
        help="start a process for each home domain of a hub: they agree by messages over TLS, and "
        "again after a cut, a repair and a change of policies",
    )
    parser.add_argument(
        "--kills",
        type=int,
        metavar="COUNT",
        help=f"with --processes: processes killed at random moments (default: {KILLS})",
    )
    parser.add_argument(
        "--then",
        metavar="SET",
        help="with --processes: the policies of the last step (default: none, or pan-asia)",
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
    return told(args, _processes if args.processes else _answer, may_keep=not args.processes)


def _processes(args: argparse.Namespace) -> Answer:
    from corridor.experiments.lab.domain_processes import run_processes
    from corridor.experiments.text import domains_text

    others = [name for name in ONE_QUESTION if getattr(args, name)]
    if others or args.handovers != "any":
        message = f"--processes and --{others[0] if others else 'handovers'} exclude each other"
        raise InputError(message, "give one of them")
    kills = KILLS if args.kills is None else args.kills
    found = run_processes(args.scenario, under(args), kills=kills, then=args.then or "")
    code = int(any(one.violated for one in found.steps))
    return answered(args, found, lambda: domains_text.run(found, terminal_width()), code)


def _answer(args: argparse.Namespace) -> Answer:
    from corridor.experiments.domains.domains_answer import domain_paths
    from corridor.experiments.text import domains_text

    if args.kills is not None or args.then:
        option = "kills" if args.kills is not None else "then"
        raise InputError(f"--{option} is about processes", "add --processes")
    more = {"cuts": args.cuts, "prove": args.prove, "curious": args.curious, "lie": args.lie}
    found = domain_paths(load(args), args.handovers, args.silent, **more)
    width = terminal_width()
    return answered(args, found, lambda: domains_text.paths(found, width, everything=args.all))
