"""``corridor plan``: which fibres and gateways to build next."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from corridor.experiments.commands.arguments import add_scenario_arguments, load, whole
from corridor.experiments.terminal.kept_answers import Answer, add_no_cache, as_json, shown, told
from corridor.experiments.terminal.screen import terminal_width
from corridor.topologies.base.errors import InputError

OBJECTIVES = ("latency", "reach")
"""As plans have them; said here, since they take long to import."""
EPILOG = """examples:
  corridor plan sovereignty                          the one candidate that saves most RTT
  corridor plan sovereignty --next 3                 the best three together
  corridor plan sovereignty --budget 120MUSD --leave-out gateway-urumqi,gateway-lanzhou
  corridor plan my.yaml --by reach --candidates my-candidates.yaml
  corridor plan sovereignty --next 2 --map planned.yaml      the map with the plan, for other verbs
  corridor plan sovereignty --samples 200            how certain, by lengths of candidates

The plan is the best one within the limits: value and bound are printed. docs/plan.md has the file
of candidates, the method and its limits.
exit codes: 0 success, 2 bad input or an unknown cost"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "plan",
        description="Compute which candidate fibres and gateways to build next, for lawful paths "
        "with low latency or for demands without a path, exactly.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_scenario_arguments(parser)
    parser.add_argument(
        "--next",
        type=whole(1, 20, "a plan has 1 to 20 candidates"),
        metavar="N",
        help="build at most so many (default: 1 without --budget)",
    )
    parser.add_argument(
        "--budget",
        type=_million_usd,
        metavar="MUSD",
        help="million US dollars, such as 120MUSD, for the high ends of costs together",
    )
    parser.add_argument("--by", choices=OBJECTIVES, default="latency", help="what is compared")
    parser.add_argument(
        "--candidates", type=Path, metavar="FILE", help="file of candidates (default: as shipped)"
    )
    parser.add_argument(
        "--leave-out",
        type=_names,
        default=(),
        metavar="ID,...",
        help="candidates that are not considered",
    )
    parser.add_argument(
        "--samples",
        type=whole(0, 10_000, "samples are 0 to 10,000"),
        default=0,
        metavar="N",
        help="samples of the lengths of candidates (default: 0)",
    )
    parser.add_argument(
        "--seed",
        type=whole(0, 2**63, "a seed is 0 or more and below 2^63"),
        default=1,
        metavar="N",
        help="seed of the samples (default: 1)",
    )
    parser.add_argument(
        "--map", type=Path, metavar="FILE", help="write the map with the plan; a new file"
    )
    parser.add_argument("--all", action="store_true", help="a line for every changed demand")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON only")
    add_no_cache(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb."""
    if args.map is None:
        return told(args, _answer)
    return _answer(args).tell()  # which writes a file, so it is computed each time


def _million_usd(text: str) -> float:
    number = text.removesuffix("MUSD").strip()
    try:
        return float(number)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount: write 120MUSD") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


def _answer(args: argparse.Namespace) -> Answer:
    from corridor.experiments.expansion.plan_answer import PlanQuestion, plan_answer
    from corridor.experiments.text import plan_text

    most = 1 if args.next is None and args.budget is None else args.next
    question = PlanQuestion(most, args.budget, args.by, args.samples, args.seed)
    if args.map is not None and args.map.exists():
        raise InputError(f"{args.map} is there already", "name a new file")
    loaded = load(args)
    found = plan_answer(loaded, question, args.candidates, args.leave_out)
    if args.map is not None:
        _write_map(args, found.plan.ids, loaded)
    if args.json:
        return as_json(found.to_json())
    return Answer([shown(plan_text.told(found, terminal_width(), everything=args.all))])


def _write_map(args: argparse.Namespace, names: tuple[str, ...], loaded: Any) -> None:
    import yaml

    from corridor.experiments.expansion.candidates import read_candidates
    from corridor.topologies.base.whole_file import write_text

    if not names:
        raise InputError("the plan builds nothing, so there is no map of it")
    candidates = read_candidates(loaded.topology, args.candidates)
    name = args.map.name.partition(".")[0]
    written = candidates.as_map(names, name, loaded.scenario.topology)
    write_text(args.map, yaml.safe_dump(written, sort_keys=False, allow_unicode=True))
