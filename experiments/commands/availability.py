"""How often demands have a permitted path: ``corridor availability``; what fails: ``risks``."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.commands.arguments import (
    add_scenario_arguments,
    add_seed,
    load,
    replaced,
    under,
    whole,
)
from corridor.experiments.terminal.kept_answers import (
    Answer,
    add_no_cache,
    answered,
    told,
)
from corridor.experiments.terminal.live import telling, waiting
from corridor.experiments.terminal.screen import terminal_width
from corridor.topologies.base.errors import InputError

if TYPE_CHECKING:
    from corridor.experiments.scenario.scenario import LoadedScenario
    from corridor.topologies.analysis.failure_rates import FailureRates


DEFAULT_CLIMATE = "record"
"""As the model has it; said here, since it takes long to import."""
EPILOG = """examples:
  corridor availability sovereignty                       nines, minutes a year, price of policies
  corridor availability sovereignty --against gateway-cities     against another policy set
  corridor availability sovereignty --climate peace       rates of the years 2006 to 2023
  corridor availability my.yaml --rates my-rates.yaml     custom failure rates
  corridor availability pan-asia --json                   every figure with its bounds
  corridor availability sovereignty --repairs queue       repairs at sea wait for ships
  corridor availability mini --year --seed 3              emulate a sampled year of failures

Only --year emulates. A demand is available if a permitted path of fibres is left in both
directions. docs/availability.md has the model, its assumptions and its limits.
exit codes: 0 success, 2 bad input"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "availability",
        description="Compute how often each demand has a permitted path while fibres fail and are "
        "repaired: nines with intervals, minutes a year, and the price of policies.",
        epilog=EPILOG,
    )
    add_scenario_arguments(parser)
    parser.add_argument(
        "--against",
        metavar="SET",
        default=NO_POLICIES,
        help="baseline policy set (default: none)",
    )
    add_rate_options(parser)
    parser.add_argument(
        "--repairs",
        choices=("independent", "queue"),
        default="independent",
        help="queue: simulate repairs at sea that wait for ships, and print what that changes",
    )
    parser.add_argument(
        "--repair-times",
        choices=("lognormal", "exponential", "constant"),
        default="lognormal",
        help="distribution of single repairs, for --repairs queue (default: lognormal)",
    )
    parser.add_argument(
        "--years",
        type=whole(1, 10_000, "years are 1 to 10,000"),
        default=50,
        metavar="N",
        help="years of each of 200 simulations, for --repairs queue (default: 50)",
    )
    parser.add_argument(
        "--year",
        action="store_true",
        help="sample a year of failures and repairs, emulate it with the controller, and compare",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="result folder of --year, new or empty"
    )
    parser.add_argument("--all", action="store_true", help="a line for every demand")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON only")
    add_no_cache(parser)


def add_rate_options(parser: argparse.ArgumentParser) -> None:
    """Options of failure rates, which ``risks`` has, too."""
    parser.add_argument(
        "--climate",
        metavar="CLIMATE",
        default=DEFAULT_CLIMATE,
        help="years of the record that count: record, peace, as-2024-2026, hormuz-closed (default: "
        "record)",
    )
    parser.add_argument(
        "--rates", type=Path, metavar="FILE", help="file of failure rates (default: as shipped)"
    )
    parser.add_argument(
        "--questions",
        type=whole(1, 1_000_000, "questions are 1 or more, up to a million"),
        metavar="N",
        help="sets of failed fibres to decide for each demand, at most (default: 400); more "
        "narrow the bounds",
    )
    add_seed(parser, "seed of the samples behind the intervals (default: 1)")


def run(args: argparse.Namespace) -> int:
    """Run the verb."""
    if args.year:
        return _emulate_year(args)
    if args.out is not None:
        raise InputError("--out is for --year alone", "leave --out out, or add --year")
    return told(args, _answer)


def _emulate_year(args: argparse.Namespace) -> int:
    from corridor.experiments.run.options import Options
    from corridor.experiments.run.runner import emulate_year
    from corridor.experiments.text.risks_text import told_year
    from corridor.topologies.analysis.failure_rates import read_failure_rates

    if args.repairs != "independent":
        raise InputError("a year is emulated without a queue", "leave --repairs out")
    options = Options(
        scenario=args.scenario,
        **replaced(args),
        out=args.out,
    )
    rates = read_failure_rates(args.rates)
    with telling(sys.stderr if args.json else sys.stdout, "sampling a year") as say:
        found = emulate_year(options, rates, climate=args.climate, seed=args.seed, say=say)
    code = 0 if args.json else int(bool(found.forbidden))

    def text() -> str:
        return f"\n{told_year(found, everything=args.all, width=terminal_width())}"

    return answered(args, found, text, code).tell()


def _answer(args: argparse.Namespace) -> Answer:
    from corridor.experiments.availability.availability_answer import (
        availability_answer,
        checked_limits,
    )
    from corridor.experiments.text import availability_text
    from corridor.topologies.analysis.failure_rates import read_failure_rates

    loaded = load(args)
    rates = read_failure_rates(args.rates)
    if args.repairs == "queue":
        return _queued(args, loaded, rates)
    baseline = _baseline(args, loaded)
    with waiting("deciding states of failure"):
        found = availability_answer(
            loaded,
            rates,
            baseline=baseline,
            climate=args.climate,
            seed=args.seed,
            limits=checked_limits(questions=args.questions),
        )
    width = terminal_width()
    return answered(
        args, found, lambda: availability_text.told(found, everything=args.all, width=width)
    )


def _queued(args: argparse.Namespace, loaded: LoadedScenario, rates: FailureRates) -> Answer:
    from corridor.experiments.availability.availability_answer import checked_limits
    from corridor.experiments.availability.repairs_answer import repairs_answer
    from corridor.experiments.text.risks_text import told_repairs

    with waiting("simulating repairs"):
        found = repairs_answer(
            loaded,
            rates,
            climate=args.climate,
            repair_times=args.repair_times,
            years=args.years,
            seed=args.seed,
            limits=checked_limits(questions=args.questions),
        )
    width = terminal_width()
    return answered(args, found, lambda: told_repairs(found, everything=args.all, width=width))


def _baseline(args: argparse.Namespace, loaded: LoadedScenario) -> LoadedScenario:
    from corridor.experiments.scenario.scenario import load_under

    asked = under(args).model_copy(update={"policies": args.against, "interpret": {}})
    return load_under(args.scenario, asked, topology=loaded.topology)


RISKS_EPILOG = """examples:
  corridor risks sovereignty                        the first risks of all demands
  corridor risks sovereignty --installed            if the controller does not plan again
  corridor risks sovereignty --climate as-2024-2026 rates and repairs of war
  corridor risks sovereignty --out DIR              also DIR/brief.html, and all in DIR/risks.html
  corridor risks pan-asia --json                    every part, with rates, sources and intervals

Nothing is emulated. docs/availability.md has the model, its assumptions and its limits.
exit codes: 0 success, 2 bad input"""


def add_risks(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "risks",
        description="Rank wet segments, land spans and common causes by how much the availability "
        "of all demands depends on them.",
        epilog=RISKS_EPILOG,
    )
    add_scenario_arguments(parser)
    parser.add_argument(
        "--installed",
        action="store_true",
        help="with the installed tables alone (default: a controller plans again)",
    )
    add_rate_options(parser)
    parser.add_argument("--all", action="store_true", help="a line for every risk")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON only")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write risks.json, brief.html (two pages with a map) and risks.html (every row) to "
        "this folder; new or empty",
    )
    add_no_cache(parser)


def run_risks(args: argparse.Namespace) -> int:
    """Run the verb."""
    return told(args, _risks, may_keep=args.out is None)


def _risks(args: argparse.Namespace) -> Answer:
    from corridor.experiments.availability.availability_answer import checked_limits
    from corridor.experiments.availability.risks_answer import risks_answer, write_risks
    from corridor.experiments.brief.written_brief import write_brief
    from corridor.experiments.run.folders import new_folder
    from corridor.experiments.text import risks_text
    from corridor.topologies.analysis.failure_rates import read_failure_rates

    loaded = load(args)
    folder = None if args.out is None else new_folder(args.out, "risks")
    rates = read_failure_rates(args.rates)
    with waiting("deciding states of failure"):
        found = risks_answer(
            loaded,
            rates,
            installed=args.installed,
            climate=args.climate,
            seed=args.seed,
            limits=checked_limits(questions=args.questions),
        )
    if folder is not None:
        write_risks(folder, loaded, found)
        write_brief(folder)
    width = terminal_width()
    text = partial(risks_text.told, found, everything=args.all, width=width)
    where = "" if folder is None else f"\nResults are in {folder}"
    return answered(args, found, text, note=where)
