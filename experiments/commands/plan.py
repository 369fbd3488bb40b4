"""``corridor plan``: which fibres and gateways to build next."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import (
    add_scenario_arguments,
    add_seed,
    names,
    replaced,
    under,
    whole,
    write_page,
)
from corridor.experiments.terminal.kept_answers import (
    Answer,
    add_no_cache,
    answered,
    told,
)
from corridor.experiments.terminal.names import PLAN_MEASURES
from corridor.experiments.terminal.screen import terminal_width
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_text

if TYPE_CHECKING:
    from corridor.experiments.expansion.plan_answer import PlanQuestion
    from corridor.experiments.expansion.plan_documents import PlanAnswer
    from corridor.experiments.scenario.scenario import LoadedScenario

EPILOG = """examples:
  corridor plan sovereignty                          the one candidate that saves most RTT
  corridor plan sovereignty --next 3                 the best three together
  corridor plan sovereignty --budget 120MUSD --leave-out gateway-urumqi,gateway-lanzhou
  corridor plan my.yaml --by reach --candidates my-candidates.yaml
  corridor plan sovereignty --by survival --next 2   paths after any single failure
  corridor plan sovereignty --by cost --at-most latency=2800 --only kunming-chiangmai,...
  corridor plan sovereignty --by capacity --rate 100Gbit     growth of all rates
  corridor plan sovereignty --measures survival,nines        a table of candidates and measures
  corridor plan sovereignty --next 3 --pareto latency,reach  all plans that are not dominated
  corridor plan sovereignty --next 2 --map planned.yaml      the map with the plan, for other verbs
  corridor plan mini --candidates mine.yaml --emulate        measure it in guests, before and after
  corridor plan sovereignty --samples 200 --vary length,law  how certain, and what is worth knowing
  corridor plan sovereignty --next 2 --page plan.html        a page with a map and charts

The plan is the best one within the limits: value and bound are printed. docs/plan.md has the file
of candidates, the method and its limits.
exit codes: 0 success, 2 bad input, or an unknown cost or rate"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "plan",
        description="Compute which candidate fibres and gateways to build next, for lawful paths "
        "with low latency, for reach, survival, capacity, nines or the lowest cost, exactly.",
        epilog=EPILOG,
    )
    add_scenario_arguments(parser)
    parser.add_argument(
        "--next",
        type=whole(1, 20, "a plan has 1 to 20 candidates"),
        metavar="N",
        help="maximum number of candidates (default: 1 without --budget and --by cost)",
    )
    parser.add_argument(
        "--budget",
        type=_million_usd,
        metavar="MUSD",
        help="million US dollars, such as 120MUSD, for the high ends of costs together",
    )
    parser.add_argument(
        "--by", type=_measure, choices=PLAN_MEASURES, default="latency", help="what is compared"
    )
    parser.add_argument(
        "--at-least",
        type=_value,
        metavar="MEASURE=N",
        help="with --by cost: what the plan has to reach, such as reach=60 or survival=4000",
    )
    parser.add_argument(
        "--at-most",
        type=_value,
        metavar="MEASURE=N",
        help="with --by cost: latency=2800 (sum of RTTs in ms) or nines=900 (minutes a year)",
    )
    parser.add_argument(
        "--weigh",
        choices=("equal", "traffic"),
        default="equal",
        help="traffic: the RTT of each demand counts by its rate",
    )
    parser.add_argument(
        "--rate",
        action="append",
        default=[],
        metavar="[OF=]RATE",
        help="real rate of a class, a demand or all, instead of guarantees, for samples with an "
        "interval: ckpt=2Tbit:1Tbit-3Tbit; may be repeated",
    )
    parser.add_argument(
        "--measures",
        type=names,
        default=(),
        metavar="MEASURE,...",
        help="further measures of each candidate alone: survival, capacity, nines",
    )
    parser.add_argument(
        "--pareto",
        type=names,
        default=(),
        metavar="MEASURE,...",
        help="list all plans that no other is better than by these measures: latency,cost",
    )
    parser.add_argument(
        "--candidates", type=Path, metavar="FILE", help="file of candidates (default: as shipped)"
    )
    parser.add_argument(
        "--leave-out",
        type=names,
        default=(),
        metavar="ID,...",
        help="candidates that are not considered",
    )
    parser.add_argument(
        "--only",
        type=names,
        default=(),
        metavar="ID,...",
        help="the candidates that are considered (default: all)",
    )
    parser.add_argument(
        "--samples",
        type=whole(0, 10_000, "samples are 0 to 10,000"),
        default=0,
        metavar="N",
        help="samples of what is uncertain, for latency, reach, nines and capacity (default: 0)",
    )
    parser.add_argument(
        "--vary",
        type=names,
        default=(),
        metavar="VARIED,...",
        help="what samples vary: length, cost, law, rates (of failures; for nines), traffic "
        "(background; for capacity), demands (rates with an interval); default: all but law",
    )
    add_seed(parser, "seed of the samples (default: 1)")
    parser.add_argument(
        "--time-limit",
        type=float,
        default=120.0,
        metavar="SECONDS",
        help="seconds for each program that is solved (default: 120)",
    )
    parser.add_argument(
        "--map", type=Path, metavar="FILE", help="write the map with the plan; a new file"
    )
    parser.add_argument(
        "--emulate",
        action="store_true",
        help="run the demands on the map today and on the map with the plan, and compare",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for both result folders of --emulate"
    )
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="write a page with a map and charts to this file"
    )
    parser.add_argument("--all", action="store_true", help="a line for every changed demand")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON only")
    add_no_cache(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb."""
    if args.out is not None and not args.emulate:
        raise InputError("--out is for --emulate alone", "leave --out out, or add --emulate")
    return told(args, _answer, may_keep=args.map is None and args.page is None and not args.emulate)


def _million_usd(text: str) -> float:
    number = text.removesuffix("MUSD").strip()
    try:
        return float(number)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount: write 120MUSD") from None


def _measure(text: str) -> str:
    if text == "carbon":
        hint = "corridor place JOBS --objective carbon places jobs by emissions"
        raise argparse.ArgumentTypeError(f"fibres have no emissions here: {hint}")
    return text


def _value(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not like reach=60") from None


def _answer(args: argparse.Namespace) -> Answer:
    from corridor.experiments.expansion.plan_answer import plan_answer
    from corridor.experiments.scenario.scenario import load_under
    from corridor.experiments.text import plan_text

    question = _question(args)
    if args.map is not None and args.map.exists():
        raise InputError(f"{args.map} is there already", "name a new file")
    loaded = load_under(args.scenario, under(args).model_copy(update={"unconnected": True}))
    found = plan_answer(loaded, question, args.candidates, args.leave_out, args.only)
    if args.map is not None:
        _write_map(args, found.plan.ids, loaded)
    if args.emulate:
        found = _emulated(args, found)
    if args.page is not None:
        _write_page(args, found, loaded)
    width = terminal_width()
    return answered(args, found, lambda: plan_text.told(found, width, everything=args.all))


def _question(args: argparse.Namespace) -> PlanQuestion:
    from corridor.experiments.expansion.plan_answer import PlanQuestion, target_of

    is_one = args.next is None and args.budget is None and args.by != "cost"
    least, most = (dict([one] if one else []) for one in (args.at_least, args.at_most))
    return PlanQuestion(
        most=1 if is_one else args.next,
        budget_musd=args.budget,
        by=args.by,
        samples=args.samples,
        seed=args.seed,
        target=target_of(least, most),
        weigh=args.weigh,
        rates=tuple(args.rate),
        measures=args.measures,
        pareto=args.pareto,
        vary=args.vary,
        seconds=args.time_limit,
    )


def _emulated(args: argparse.Namespace, found: PlanAnswer) -> PlanAnswer:
    from corridor.experiments.run.emulated_plan import emulate_plan
    from corridor.experiments.run.options import Options
    from corridor.experiments.terminal.live import telling

    options = Options(
        scenario=args.scenario,
        **replaced(args),
        out=args.out,
        report=False,
    )
    with telling(sys.stderr, "running both maps") as say:
        return emulate_plan(options, found, args.candidates, say)


def _write_page(args: argparse.Namespace, found: PlanAnswer, loaded: LoadedScenario) -> None:
    from corridor.experiments.answers.map_document import map_document
    from corridor.experiments.expansion.candidates import read_candidates
    from corridor.experiments.pages.plan_page import plan_page

    known = read_candidates(loaded.topology, args.candidates)
    where = map_document(known.built(one.id for one in found.singles if one.kind == "fibre"))
    write_page(args.page, plan_page(found, where))


def _write_map(args: argparse.Namespace, names: tuple[str, ...], loaded: LoadedScenario) -> None:
    import yaml

    from corridor.experiments.expansion.candidates import read_candidates
    from corridor.topologies.base.bounded_file import is_file

    if not names:
        raise InputError("the plan builds nothing, so its map is that of today", "leave --map out")
    candidates = read_candidates(loaded.topology, args.candidates)
    name, base = args.map.name.partition(".")[0], loaded.scenario.topology
    file = Path(loaded.file).parent / base
    if is_file(file):  # next to the scenario, and not to the new map
        base = os.path.relpath(file.resolve(), args.map.resolve().parent)
    written = candidates.as_map(names, name, base)
    write_text(args.map, yaml.safe_dump(written, sort_keys=False, allow_unicode=True))
