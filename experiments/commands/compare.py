"""``corridor compare``: two runs, studies, policy sets, maps or scenarios, side by side."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from corridor.experiments.commands.arguments import day
from corridor.experiments.terminal.names import DEFAULT_SCENARIO

EPILOG = """examples:
  corridor compare results/lawful results/free       two runs: demands and workloads
  corridor compare results/before results/after      two studies: differences with intervals
  corridor compare th pk --scenario reference        two policy sets: permitted demands, RTT
  corridor compare edwc pan-asia --of maps           two maps: hubs, fibres, shortest round trips
  corridor compare mine.yaml reference               two scenarios before a run: demands, paths
  corridor compare results/a results/b --json        JSON, for programs

A name of both a policy set and a map needs --of. If a scenario has the same name, the policy set
or map is compared, unless --of scenarios is given or the other argument is a scenario file. Studies
with the same seeds are compared seed by seed; otherwise intervals are wider, and the output states
so. A difference of two runs has no interval, and may be random.
exit codes: 0 compared; 2 bad input: not comparable, or not found"""
KINDS = ("runs", "studies", "policies", "maps", "scenarios")
"""As the module has them that compares, which takes long to import."""
SCHEMA = 1


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "compare",
        description="Print the differences of two runs, studies, policy sets, maps or scenarios.",
        epilog=EPILOG,
    )
    parser.add_argument("one", metavar="X", help="a result folder, a shipped name, or a file")
    parser.add_argument("other", metavar="Y", help="the second one, of the same kind")
    parser.add_argument("--of", choices=KINDS, help="kind of both (default: detected)")
    parser.add_argument(
        "--scenario",
        metavar="SCENARIO",
        default=DEFAULT_SCENARIO,
        help=f"scenario for comparing policy sets (default: {DEFAULT_SCENARIO})",
    )
    parser.add_argument(
        "--as-of", type=day, metavar="DAY", help="day of the policies (default: as --scenario)"
    )
    parser.add_argument("--json", action="store_true", help="print all differences as JSON")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.study.comparing import kind_of
    from corridor.experiments.terminal.screen import show, terminal_width

    of = args.of or kind_of(args.one, args.other)
    text, document = COMPARERS[of](args, terminal_width())
    if args.json:
        head = {"schema": SCHEMA, "of": of, "one": args.one, "other": args.other}
        print(json.dumps({**head, **document}, indent=1, ensure_ascii=False))
    else:
        show(text)
    return 0


def _runs(args: argparse.Namespace, width: int | None) -> tuple[str, dict[str, Any]]:
    from corridor.experiments.results.run_result import load
    from corridor.experiments.text.comparison_text import (
        classes_as_json,
        classes_compared,
        demands_as_json,
        demands_compared,
        told_runs,
    )

    one, other = (load(Path(folder)).summary for folder in (args.one, args.other))
    has_workloads = one.workloads is not None and other.workloads is not None
    names = (Path(args.one).name, Path(args.other).name)
    parts = [told_runs(one, other, names), demands_compared(one, other, width)]
    parts += [classes_compared(one, other, width)] if has_workloads else []
    document = {
        "demands": demands_as_json(one, other),
        "classes": classes_as_json(one, other) if has_workloads else [],
    }
    return "\n\n".join(parts), document


def _studies(args: argparse.Namespace, width: int | None) -> tuple[str, dict[str, Any]]:
    from corridor.experiments.study import compared
    from corridor.experiments.study.reading import ran_by, read_study
    from corridor.experiments.terminal.columns import render

    folders = Path(args.one), Path(args.other)
    one, other = (compared.ReadStudy(*read_study(folder)) for folder in folders)
    found, missing = compared.studies_compared(one, other), compared.left_out(one, other)
    versions = [ran_by(folder) for folder in folders]
    numbers = frozenset(compared.HEADINGS[compared.WORDS :])
    table = render(compared.HEADINGS, compared.rows(found), numbers, width=width, spare=("%",))
    heads = [f"{of}: {version}" for of, version in zip(folders, versions, strict=True)]
    parts = [f"{heads[0]}\n-> {heads[1]}", table]
    parts += ["\n".join(missing)] if missing else []
    document = {"versions": versions, "rows": compared.as_json(found), "left_out": missing}
    return "\n\n".join(parts), document


def _sets(args: argparse.Namespace, width: int | None) -> tuple[str, dict[str, Any]]:
    from corridor.experiments.answers.compared import compare_sets, sets_told
    from corridor.experiments.answers.price_sets import PricedScenario, alone
    from corridor.experiments.scenario.scenario import Under, load_under
    from corridor.topologies.base.codec import to_plain

    as_of: date | None = args.as_of
    one, other = (
        alone(load_under(args.scenario, Under(policies=name, as_of=as_of)))
        for name in (args.one, args.other)
    )
    found = compare_sets(PricedScenario.of(one), one.policies, other.policies)
    where = f"{args.one} -> {args.other} on {one.scenario.name} as of {one.as_of}"
    document = {
        "scenario": one.scenario.name,
        "as_of": str(one.as_of),
        "demands": [{**to_plain(each), "differs": each.differs} for each in found],
    }
    return f"{where}\n{sets_told(found, width)}", document


def _maps(args: argparse.Namespace, width: int | None) -> tuple[str, dict[str, Any]]:
    from corridor.experiments.study.comparing import compare
    from corridor.experiments.text.comparison_text import maps_compared
    from corridor.topologies.base.codec import to_plain

    found = compare(args.one, args.other, of="maps")
    return maps_compared(found, (args.one, args.other), width), to_plain(found)


def _scenarios(args: argparse.Namespace, width: int | None) -> tuple[str, dict[str, Any]]:
    from corridor.experiments.answers.compared import scenarios_told
    from corridor.experiments.study.comparing import compare
    from corridor.topologies.base.codec import to_plain

    found = compare(args.one, args.other, of="scenarios", as_of=args.as_of)
    return scenarios_told(found, (args.one, args.other), width), {
        "only": found.only,
        "demands": [{**to_plain(one), "differs": one.differs} for one in found.demands],
    }


COMPARERS: Mapping[str, Callable[[argparse.Namespace, int | None], tuple[str, dict[str, Any]]]] = (
    dict(zip(KINDS, (_runs, _studies, _sets, _maps, _scenarios), strict=True))
)
"""What gives text and JSON."""
