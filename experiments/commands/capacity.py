"""``corridor capacity``: how full fibres are, whatever fails, and how far traffic can grow."""

from __future__ import annotations

import argparse
import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import add_scenario_arguments, load, whole
from corridor.experiments.scenario.given import growth_factor
from corridor.experiments.terminal.kept_answers import answered
from corridor.experiments.terminal.live import waiting
from corridor.experiments.terminal.screen import terminal_width
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_text

if TYPE_CHECKING:
    from corridor.experiments.answers.capacity_answer import CapacityQuestion
    from corridor.experiments.answers.capacity_document import CapacityAnswer
    from corridor.experiments.scenario.scenario import LoadedScenario

LOADS, EACH = ("committed", "peak", "offered"), ("groups", "fibres", "pairs")
"""As answers have them; said here, since they take long to import."""
MOST_ROWS = 12
EPILOG = """examples:
  corridor capacity my.yaml                        committed rates, under every failure set
  corridor capacity sovereignty --rate 50Gbit      with 50 Gbit/s committed to each demand
  corridor capacity my.yaml --rate dr=2Tbit --rate train=8Tbit     for a class, and for one demand
  corridor capacity my.yaml --grow 1.5             smallest upgrade for all traffic x 1.5
  corridor capacity my.yaml --grow ckpt            how far a class or a demand can grow
  corridor capacity my.yaml --cut red-sea          without these fibres; paths are recomputed
  corridor capacity ai-corridor --load offered     average offered load of workloads
  corridor capacity my.yaml --each pairs --growth 25%    headroom under each double failure; years
  corridor capacity my.yaml --out DIR              a page with a map, figures and capacity.json

Demands use their shortest paths if the committed rates fit there; otherwise paths are selected so
that they fit. Growth and upgrades use the paths selected for the grown rates; an answer for today's
paths states so. Sums and ratios are exact. --rate takes real rates; a scenario states emulated
rates (real rates times the scale of the map).
exit codes: 0 success, 2 bad input"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "capacity",
        description="Print the utilization of each fibre without failures and in its worst failure "
        "set, the bottleneck as traffic grows, and the smallest upgrade.",
        epilog=EPILOG,
    )
    add_scenario_arguments(parser)
    parser.add_argument(
        "--rate",
        action="append",
        default=[],
        metavar="[OF=]RATE",
        help="real rate of an application class, a demand or all, instead of the committed rates "
        "of the scenario; may be repeated",
    )
    parser.add_argument(
        "--load",
        choices=LOADS,
        help="rates to use (default: committed rates if there are any, else offered load)",
    )
    parser.add_argument(
        "--cut",
        action="append",
        default=[],
        metavar="WHAT",
        help="remove a fibre, shared-risk group, hub:ID or gateway:ID permanently; may be repeated",
    )
    parser.add_argument(
        "--grow",
        type=_growth,
        default=("", None),
        metavar="[OF=]TIMES",
        help="class, demand or aggregate that grows (default: all), and the factor (default: 10 %% "
        "more than fits)",
    )
    parser.add_argument(
        "--each",
        choices=EACH,
        help="instead: utilization and headroom under each shared-risk group, fibre or two groups "
        "cut alone, and how the supported demand changes with each capacity",
    )
    parser.add_argument(
        "--growth",
        action="append",
        default=[],
        metavar="[OF=]PERCENT",
        help="with --each: growth of a year, of all demands, a class, a demand or the background, "
        "for the first year with an overload; may be repeated",
    )
    parser.add_argument(
        "--years",
        type=whole(1, 50, "years are 1 to 50"),
        metavar="N",
        help="with --growth: years to compute (default: 10)",
    )
    parser.add_argument(
        "--emulated",
        action="store_true",
        help="compare loads with emulated rates, as corridor check does, not real capacities",
    )
    parser.add_argument(
        "--worst",
        type=whole(1, 100_000, "rows are 1 or more"),
        default=MOST_ROWS,
        metavar="N",
        help=f"rows of each table (default: {MOST_ROWS})",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write capacity.json, report.html and figures to this folder; new",
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON only")


def _growth(text: str) -> tuple[str, Fraction | None]:
    """``1.5``, ``ckpt`` or ``ckpt=1.5``."""
    what, equals, times = text.rpartition("=")
    if not equals:
        try:
            return "", _times(text)
        except ValueError:
            return text, None
    try:
        return what, _times(times)
    except ValueError:
        message = f"{times!r} is not a factor: write --grow 1.5, --grow ckpt or --grow ckpt=1.5"
        raise argparse.ArgumentTypeError(message) from None


def _times(text: str) -> Fraction:
    times = growth_factor(text)
    if times is None:
        raise argparse.ArgumentTypeError(f"growth is above 0 and up to a million, not {text}")
    return times


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.answers.capacity_answer import capacity_answer
    from corridor.experiments.run.folders import new_folder
    from corridor.experiments.text.capacity_text import told

    loaded = load(args)
    if _is_of_each(args):
        return _each(args, loaded)
    with waiting("adding up rates under failures"):
        found = capacity_answer(loaded, _question(args, loaded))
    if args.out is not None:
        _write(new_folder(args.out, "capacity"), found, loaded)
    answered(args, found, lambda: told(found, worst=args.worst, width=terminal_width())).tell()
    if args.out is not None:
        print(f"\nResults are in {args.out}", file=sys.stderr)
    return 0


def _is_of_each(args: argparse.Namespace) -> bool:
    """Raises InputError for options that do not go together."""
    ours = {"--growth": args.growth, "--years": args.years}
    others = {"--cut": args.cut, "--grow": args.grow != ("", None), "--out": args.out}
    others["--emulated"] = args.emulated
    for name, value in (others if args.each else ours).items():
        if value:
            hint = "leave one of them out" if args.each else "add --each groups"
            raise InputError(
                f"{name} does not go {'with' if args.each else 'without'} --each", hint
            )
    if args.years and not args.growth:
        raise InputError("the growth of demands is not known", "state it: --growth 25%")
    return bool(args.each)


def _each(args: argparse.Namespace, loaded: LoadedScenario) -> int:
    from corridor.experiments.answers.capacity_each import YEARS, capacity_each_answer
    from corridor.experiments.text.each_text import told

    growth = {of: share for of, _, share in (one.rpartition("=") for one in args.growth)}
    with waiting("adding up rates under each cut"):
        found = capacity_each_answer(
            loaded,
            args.each,
            args.load,
            stated=args.rate,
            growth=growth,
            years=args.years or YEARS,
        )
    width = terminal_width()
    return answered(args, found, lambda: told(found, worst=args.worst, width=width)).tell()


def _write(folder: Path, found: CapacityAnswer, loaded: LoadedScenario) -> None:
    from corridor.experiments.answers.capacity_document import MAP_FILE, write_capacity
    from corridor.experiments.answers.map_document import map_document
    from corridor.experiments.pages.report import write_report
    from corridor.experiments.run.manifest import write_prices_manifest

    where = map_document(loaded.topology)
    write_capacity(folder, found)
    write_text(folder / MAP_FILE, json.dumps(where.to_json(), ensure_ascii=False) + "\n")
    write_prices_manifest(folder / "manifest.json", loaded)
    write_report(folder)


def _question(args: argparse.Namespace, loaded: LoadedScenario) -> CapacityQuestion:
    from corridor.experiments.answers.capacity_answer import CapacityQuestion
    from corridor.experiments.answers.cut_answer import dead_elements

    grows, times = args.grow
    return CapacityQuestion(
        load=args.load,
        grows=grows,
        times=times,
        dead=dead_elements(loaded, args.cut),
        stated=tuple(args.rate),
        held_against="emulated" if args.emulated else "real",
    )
