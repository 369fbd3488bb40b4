"""``corridor energy``: power and carbon of hubs; ``corridor place``: where to compute."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import names, write_page
from corridor.experiments.terminal.kept_answers import (
    Answer,
    add_no_cache,
    answered,
    told,
    warned_of,
)
from corridor.experiments.terminal.screen import terminal_width

if TYPE_CHECKING:
    pass


COUNTS = ("location", "market", "marginal")
"""As countings have them; said here, since they take long to import."""
SEASONS = (
    "wet",
    "dry",
    *["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
)
"""The same of seasons."""
OPTIONS = {
    "mw": ("MW", "power limit of a hub that you state"),
    "pue": ("PUE", "PUE of a hub that you state"),
    "green": ("SHARE", "contracted green power of a hub that you state, 0 to 1"),
    "price": ("PRICE", "price of a kWh at a hub that you state, such as 0.45CNY"),
    "factor": ("GRAMS", "direct emissions of a kWh at a hub that you state, location counting"),
}
ENERGY_EPILOG = """examples:
  corridor energy                            all hubs with figures, and what is unknown
  corridor energy horinger                   every figure of a hub with source, date, confidence
  corridor energy tianfu guian --count market          one of three countings of emissions
  corridor energy guian --mw guian=120 --pue guian=1.2 with values that you state
  corridor energy tianfu --season dry        emissions by location of January to April
  corridor energy --data my-energy.yaml      your figures instead of the shipped ones
  corridor energy --json                     all figures, bounds, months and sources

Nothing is computed for unknown values: they are listed with the option that states them.
docs/energy.md has the countings, the bases and the limits.
exit codes: 0 success, 2 bad input"""


def add_energy(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "energy",
        description="Show power in use and limits, PUE, emissions by three countings, contracts, "
        "prices and seasons of hubs, with intervals and sources, and what is unknown.",
        epilog=ENERGY_EPILOG,
    )
    parser.add_argument("hubs", nargs="*", metavar="HUB", help="ids of hubs (default: all)")
    parser.add_argument(
        "--count",
        choices=COUNTS,
        default="",
        help="show this counting of emissions only (default: all three)",
    )
    add_stated_values(parser)
    add_season(parser)
    parser.add_argument("--all", action="store_true", help="every figure of every hub")
    parser.add_argument(
        "--data", type=Path, metavar="FILE", help="file of energy figures (default: as shipped)"
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON only")
    add_no_cache(parser)


def add_season(parser: argparse.ArgumentParser) -> None:
    """The option of a season."""
    parser.add_argument(
        "--season",
        choices=SEASONS,
        default="",
        metavar="SEASON",
        help="emissions by location of wet, dry, or a month such as mar (default: the year); "
        "--factor HUB=annual keeps that of the year where none is known",
    )


def add_stated_values(parser: argparse.ArgumentParser) -> None:
    """Options of values of hubs that the user states."""
    for name, (metavar, line) in OPTIONS.items():
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar=f"HUB={metavar}",
            help=f"{line}; may be repeated",
        )


def run_energy(args: argparse.Namespace) -> int:
    """Run the verb."""
    return told(args, _energy)


def _energy(args: argparse.Namespace) -> Answer:
    from corridor.experiments.placement.energy_answer import energy_answer, stated_by_option
    from corridor.experiments.text import energy_text
    from corridor.topologies.energy.energy_file import read_energy

    file = read_energy(args.data)
    given = stated_by_option({name: getattr(args, name) for name in OPTIONS}, file)
    found = energy_answer(file, args.hubs, count=args.count, given=given, season=args.season)
    width = terminal_width()
    return answered(args, found, lambda: energy_text.told(found, width, everything=args.all))


OBJECTIVES = ("carbon", "cost", "latency", "pareto")
"""As placements have them; said here, since they take long to import."""
EPILOG = """examples:
  corridor place jobs.yaml --count location             lowest emissions, location-based
  corridor place jobs.yaml --count market --hubs tianfu,horinger,riyadh
  corridor place jobs.yaml --count location --hubs tianfu --against shanghai --samples 200
  corridor place jobs.yaml --objective cost --price guian=0.4CNY --price tianfu=0.5CNY
  corridor place jobs.yaml --objective latency --mw guian=120 --pue guian=1.2
  corridor place jobs.yaml --objective pareto --count location    emissions against latency
  corridor place jobs.yaml --count location --without-law         the placement that ignores law
  corridor place jobs.yaml --count location --samples 200 --mw tianfu=60:40-90    sensitivity
  corridor place jobs.yaml --count location --clauses             what each clause of law costs
  corridor place jobs.yaml --count location --hubs tianfu,guian --season dry    by season
  corridor place jobs.yaml --objective pareto --count location --page place.html
  corridor place jobs.yaml --count location --scenario day.yaml   and write the day for corridor run

Unknown values are refused by name: state them, or leave hubs out. Each answer has both optima, what
law costs, and three countings. docs/place.md has the keys of the file, the model and the limits.
exit codes: 0 success, 2 bad input, a missing value, or no placement fits"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "place",
        description="Compute where jobs run with the lowest emissions, cost or latency, by lawful "
        "paths, within power limits and RTT budgets, and what law costs.",
        epilog=EPILOG,
    )
    parser.add_argument("jobs", type=Path, metavar="JOBS", help="file of computing jobs")
    parser.add_argument(
        "--objective", choices=OBJECTIVES, default="carbon", help="what is minimised"
    )
    parser.add_argument(
        "--count", choices=COUNTS, help="counting of emissions, for carbon and pareto (no default)"
    )
    parser.add_argument(
        "--hubs",
        type=_hubs,
        default=(),
        metavar="HUB,...",
        help="hubs that may compute (default: those of the file, or all with energy figures)",
    )
    parser.add_argument(
        "--against",
        type=_hubs,
        default=(),
        metavar="HUB,...",
        help="other hubs that may compute instead: show what they add",
    )
    add_stated_values(parser)
    parser.add_argument(
        "--data", type=Path, metavar="FILE", help="file of energy figures (default: as shipped)"
    )
    add_season(parser)
    parser.add_argument(
        "--policies", metavar="SET", help="policy set or file, instead of the one of the file"
    )
    parser.add_argument(
        "--without-law", action="store_true", help="show the placement that ignores law"
    )
    parser.add_argument(
        "--gap",
        type=float,
        default=1e-4,
        metavar="NUMBER",
        help="relative gap of each solution (default: 1e-4)",
    )
    parser.add_argument(
        "--time-limit",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="seconds for each solution (default: 60)",
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=0,
        metavar="N",
        help="placements with values drawn within their intervals (default: 0)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="seed of the samples (default: 1)"
    )
    parser.add_argument(
        "--clauses", action="store_true", help="lift each policy alone, to show what it costs"
    )
    parser.add_argument(
        "--scenario",
        type=Path,
        metavar="FILE",
        help="write the day as a scenario for corridor run; new",
    )
    parser.add_argument(
        "--hour",
        default="10s",
        metavar="TIME",
        help="time in that run that stands for an hour of the day (default: 10s)",
    )
    parser.add_argument("--all", action="store_true", help="every entry of the file")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="write a page with a map and charts to this file"
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON only")
    add_no_cache(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb."""
    return told(args, _answer, may_keep=args.page is None and args.scenario is None)


def _hubs(text: str) -> tuple[str, ...]:
    if found := names(text):
        return found
    raise argparse.ArgumentTypeError("names no hub; write guian,horinger")


def _answer(args: argparse.Namespace) -> Answer:
    from corridor.experiments.placement.day_scenario import parse_scale, write_day
    from corridor.experiments.placement.energy_answer import stated_by_option
    from corridor.experiments.placement.hub_values import MissingValues
    from corridor.experiments.placement.jobs_file import load_jobs
    from corridor.experiments.placement.place_answer import checked_asked, place_answer, with_extras
    from corridor.experiments.text import place_text
    from corridor.topologies.energy.energy_file import read_energy

    asked = checked_asked(args.objective, args.count, args.gap, args.time_limit)
    asked = with_extras(asked, args.samples, args.seed, clauses=args.clauses, season=args.season)
    energy = read_energy(args.data)
    given = stated_by_option({name: getattr(args, name) for name in OPTIONS}, energy)
    loaded, scale = load_jobs(args.jobs, args.policies), parse_scale(args.hour)
    try:
        found = place_answer(
            loaded,
            energy,
            asked,
            hubs=args.hubs,
            against=args.against,
            given=given,
            without_law=args.without_law,
            plans_day=args.scenario is not None,
        )
    except MissingValues as refusal:
        lines = (f"corridor: {one}" for one in refusal.missing)
        return Answer([warned_of("\n".join(lines))], refusal.exit_code)
    if args.page is not None:
        from corridor.experiments.answers.map_document import map_document
        from corridor.experiments.pages.place_page import place_page

        write_page(args.page, place_page(found, map_document(loaded.topology)))
    if args.scenario is not None:
        write_day(args.scenario, loaded, found, scale, policies=args.policies)
    width = terminal_width()
    return answered(args, found, lambda: place_text.told(found, width, everything=args.all))
