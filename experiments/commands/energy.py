"""``corridor energy``: power, carbon, prices and seasons of hubs, and what is unknown."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from corridor.experiments.terminal.kept_answers import Answer, add_no_cache, as_json, shown, told
from corridor.experiments.terminal.screen import terminal_width

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
EPILOG = """examples:
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


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "energy",
        description="Show power in use and limits, PUE, emissions by three countings, contracts, "
        "prices and seasons of hubs, with intervals and sources, and what is unknown.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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


def run(args: argparse.Namespace) -> int:
    """Run the verb."""
    return told(args, _answer)


def _answer(args: argparse.Namespace) -> Answer:
    from corridor.experiments.placement.energy_answer import energy_answer, stated_by_option
    from corridor.experiments.text import energy_text
    from corridor.topologies.energy.energy_file import read_energy

    file = read_energy(args.data)
    given = stated_by_option({name: getattr(args, name) for name in OPTIONS}, file)
    found = energy_answer(file, args.hubs, count=args.count, given=given, season=args.season)
    if args.json:
        return as_json(found.to_json())
    return Answer([shown(energy_text.told(found, terminal_width(), everything=args.all))])
