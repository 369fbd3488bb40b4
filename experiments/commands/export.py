"""``corridor export``: tables for other provers, maps for GIS, and a comparison of answers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import add_scenario_arguments, under
from corridor.experiments.terminal.live import waiting
from corridor.experiments.terminal.screen import show, terminal_width

if TYPE_CHECKING:
    from corridor.controller.explain.questions import Compared, Comparison

EPILOG = """examples:
  corridor export mini --to walker --out walked           one JSON file for a packet walker
  corridor export sovereignty --to aalwines --out asked   an MPLS network and queries for AalWiNes
  corridor export results/mini --to walker --out held     tables read from the switches of a run
  corridor export sovereignty --to geojson --out layers   hubs, fibres, paths and cuts for a GIS
  corridor export --compare asked                         compare answers of AalWiNes with ours

exit codes: 0 written, or no compared answer differs; 1 an answer differs; 2 bad input
docs/export.md describes the files, and what each format cannot express"""
FORMATS = ("aalwines", "geojson", "walker")
"""As the registry has them, which takes long to import."""
MOST_SHOWN = 10


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "export",
        description="Write the flow tables of a scenario or run, and the queries, in the format of "
        "another prover, with our results; or its map, paths, cuts and loads as GeoJSON. "
        "Or compare the results of another prover.",
        epilog=EPILOG,
    )
    add_scenario_arguments(parser)
    parser.add_argument("--to", choices=FORMATS, metavar="FORMAT", help=" or ".join(FORMATS))
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write; new")
    parser.add_argument(
        "--tables",
        type=Path,
        metavar="FILE",
        help="export the tables that a run read from its switches, instead of compiled ones",
    )
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="DIR",
        help="an export that contains AalWiNes' answers*.json",
    )
    parser.add_argument("--json", action="store_true", help="print a summary as JSON only")


def run(args: argparse.Namespace) -> int:
    from corridor.topologies.base.errors import InputError

    if args.compare is not None:
        return _compare(args)
    if args.to is None or args.out is None:
        hint = f"say --to {' or '.join(FORMATS)}, and --out DIR"
        raise InputError("the format and the output folder are missing", hint)
    return _export(args)


def _export(args: argparse.Namespace) -> int:
    from corridor.experiments.run.exporting import export_folder, exported_as, write_export
    from corridor.topologies.base.memory import collecting_later

    with (
        export_folder(args.out) as folder,
        collecting_later(),
        waiting("computing and writing"),
    ):
        exported = exported_as(args.to, args.scenario, under(args), args.tables)
        paths = write_export(exported, folder)
    if args.json:
        files = [str(path) for path in paths]
        document = {"files": files, "said": exported.said, "left_out": exported.left_out}
        print(json.dumps(document, indent=1))
        return 0
    lines = [f"{args.out}: {exported.said}", *(f"  {path}" for path in paths), "not in them:"]
    show("\n".join([*lines, *(f"  {one}" for one in exported.left_out)]))
    return 0


def _compare(args: argparse.Namespace) -> int:
    from corridor.experiments.run.exporting import compare_folder

    found = compare_folder(args.compare)
    if args.json:
        print(json.dumps(_document(found), indent=1))
    else:
        show(_told(found))
    return 1 if found.total["differ"] else 0


def _document(found: Comparison) -> dict[str, Any]:
    return {
        "kinds": found.counts,
        "total": found.total,
        "differ": [_plain(one) for one in found.having("differ")],
        "breaches": [_plain(one) for one in found.breaches],
    }


def _plain(one: Compared) -> dict[str, Any]:
    asked = {"kind": one.kind, "demand": one.demand, "k": one.k, "claims": one.claims}
    return asked | {"ours": one.ours, "theirs": one.theirs, "query": one.query}


def _told(found: Comparison) -> str:
    from corridor.controller.explain.questions import OUTCOMES
    from corridor.experiments.terminal.columns import render

    rows = [
        (kind, *(str(counts[outcome]) for outcome in OUTCOMES))
        for kind, counts in [*found.counts.items(), ("all", found.total)]
    ]
    heads = ("question", *OUTCOMES)
    lines = [render(heads, rows, frozenset(OUTCOMES), width=terminal_width())]
    differing = found.having("differ")
    lines += [f"differs: {_line(one)}" for one in differing[:MOST_SHOWN]]
    if more := len(differing) - MOST_SHOWN:
        lines += [f"and {more} more: --json has all"] if more > 0 else []
    lines += [f"found by both: {_line(one)}" for one in found.breaches]
    return "\n".join(lines)


def _line(one: Compared) -> str:
    against = f" ({', '.join(one.claims)})" if one.claims else ""
    answers = f"ours {one.ours}, theirs {one.theirs}"
    return f"{one.kind} of {one.demand}{against}, with up to {one.k} dead: {answers}"
