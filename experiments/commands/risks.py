"""``corridor risks``: what fails, by how much availability depends on it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from corridor.experiments.commands.arguments import add_scenario_arguments, load
from corridor.experiments.commands.availability import add_rate_options
from corridor.experiments.terminal.kept_answers import (
    Answer,
    add_no_cache,
    as_json,
    shown,
    told,
    warned_of,
)
from corridor.experiments.terminal.live import waiting
from corridor.experiments.terminal.screen import terminal_width

EPILOG = """examples:
  corridor risks sovereignty                        the first risks of all demands
  corridor risks sovereignty --installed            if the controller does not plan again
  corridor risks sovereignty --climate as-2024-2026 rates and repairs of war
  corridor risks sovereignty --out DIR              also DIR/brief.html, and all in DIR/risks.html
  corridor risks pan-asia --json                    every part, with rates, sources and intervals

Nothing is emulated. docs/availability.md has the model, its assumptions and its limits.
exit codes: 0 success, 2 bad input"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "risks",
        description="Rank wet segments, land spans and common causes by how much the availability "
        "of all demands depends on them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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


def run(args: argparse.Namespace) -> int:
    """Run the verb."""
    return told(args, _answer, may_keep=args.out is None)


def _answer(args: argparse.Namespace) -> Answer:
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
    if args.json:
        return as_json(found.to_json())
    text = risks_text.told(found, everything=args.all, width=terminal_width())
    where = warned_of("" if folder is None else f"\nResults are in {folder}")
    return Answer([shown(text), where])
