"""``corridor list``: what ships, how large it is, and the command that uses it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from corridor.experiments.command_line.kept_answers import (
    Answer,
    add_no_cache,
    printed,
    shown,
    told,
)
from corridor.experiments.terminal.screen import terminal_width

if TYPE_CHECKING:
    from corridor.experiments.scenario.shipped_things import Shipped

KINDS = ("scenarios", "policies", "topologies", "workloads", "examples", "studies")
SCHEMA = 1
HEADINGS = ("name", "what it is", "size", "command")
SPARE = ("size", "command")
EPILOG = """examples:
  corridor list                    everything
  corridor list policies           policy sets: rules and data classes of each
  corridor list scenarios --json   for programs

Examples are files of a checkout."""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "list",
        description="List what ships, with its size and the command that uses it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", nargs="?", choices=KINDS, help="only these (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_no_cache(parser)


def run(args: argparse.Namespace) -> int:
    return told(args, _answer)


def _answer(args: argparse.Namespace) -> Answer:
    return listing(KINDS if args.kind is None else (args.kind,), as_json=args.json)


def listing(asked: Sequence[str], *, as_json: bool) -> Answer:
    """The lists of some of ``KINDS``, as tables or as one JSON document."""
    from corridor.experiments.scenario.shipped_things import KINDS as THINGS
    from corridor.experiments.study.listing import listed

    kinds = {**THINGS, "studies": listed}
    found = {kind: list(kinds[kind]()) for kind in asked}
    if as_json:
        plain = {kind: [asdict(one) for one in some] for kind, some in found.items()}
        document = json.dumps({"schema": SCHEMA, **plain}, indent=1, ensure_ascii=False)
        return Answer([printed(document)])
    parts = [f"{kind}\n\n{_table(some)}" for kind, some in found.items() if some]
    return Answer([shown("\n\n".join(parts))])


def _table(some: Sequence[Shipped]) -> str:
    from corridor.experiments.results.columns import render

    rows = [(one.name, one.title, one.size_text, one.command) for one in some]
    return render(HEADINGS, rows, width=terminal_width(), spare=SPARE, wrap="what it is")
