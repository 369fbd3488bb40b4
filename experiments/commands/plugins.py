"""``corridor plugins``: the kinds that installed packages offer, and whether each can be used."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corridor.experiments.setup.plugins import Plugin

SCHEMA = 1
GROUPS = (
    *("clauses", "second_opinions", "faults", "events", "arrivals", "sizes", "workloads"),
    *("queues", "objectives", "topologies", "figures", "exports", "answers"),
)
"""As ``experiments/setup`` has them; listed here because that takes long to import."""
HEADINGS = ("group", "kind", "package", "version", "result")
EPILOG = """examples:
  corridor plugins             every kind of every installed package
  corridor plugins clauses     those of one group
  corridor plugins --json      for programs

Each package is imported. The page docs/extending.md describes the groups.
exit codes: 0 every kind can be used, 1 one cannot"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "plugins",
        description="List the kinds that installed packages offer, and whether each can be used.",
        epilog=EPILOG,
    )
    parser.add_argument("group", nargs="?", choices=GROUPS, help="only these (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.setup.plugins import plugins

    found = [one for one in plugins() if args.group in (None, one.group)]
    if args.json:
        document = {"schema": SCHEMA, "plugins": [asdict(one) for one in found]}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print(_table(found) if found else "no installed package offers a kind")
    return 0 if all(one.loads for one in found) else 1


def _table(found: Sequence[Plugin]) -> str:
    from corridor.experiments.terminal.columns import render
    from corridor.experiments.terminal.screen import terminal_width

    rows = [(one.group, one.kind, one.package, one.version, one.problem or "ok") for one in found]
    return render(HEADINGS, rows, width=terminal_width(), wrap="result")
