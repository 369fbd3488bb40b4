"""``corridor list``: what ships; ``corridor plugins``: kinds that installed packages offer."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.scenario.shipped_things import KINDS as THINGS
from corridor.experiments.scenario.shipped_things import Shipped
from corridor.experiments.terminal.kept_answers import (
    Answer,
    add_no_cache,
    printed,
    shown,
    told,
)
from corridor.experiments.terminal.screen import terminal_width
from corridor.topologies.base.installation import PACKAGE

if TYPE_CHECKING:
    from corridor.experiments.setup.plugins import Plugin


KINDS = ("scenarios", "policies", "topologies", "workloads", "examples", "studies")
SCHEMA = 1
HEADINGS = ("name", "what it is", "size", "command")
SPARE = ("size", "command")
INDEX = Path(__file__).with_name("list_index.json")
NOT_IN_INDEX = "examples"
"""Only a checkout has them, and their lists are made from a few lines of each."""
DATA = (
    "controller/data",
    "topologies/data",
    "traffic/data",
    "experiments/scenario",
    "experiments/study/shipped",
)
SUFFIXES = (".yaml", ".csv", ".json", ".graphml")
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
    found = _found(asked)
    if as_json:
        plain = {kind: [asdict(one) for one in some] for kind, some in found.items()}
        document = json.dumps({"schema": SCHEMA, **plain}, indent=1, ensure_ascii=False)
        return Answer([printed(document)])
    parts = [f"{kind}\n\n{_table(some)}" for kind, some in found.items() if some]
    return Answer([shown("\n\n".join(parts))])


def _found(asked: Sequence[str]) -> dict[str, list[Shipped]]:
    known = _indexed()
    return {kind: known[kind] if kind in known else computed(kind) for kind in asked}


def _indexed() -> dict[str, list[Shipped]]:
    """The lists of the index; none where it is damaged, or of other data files."""
    try:
        index = json.loads(INDEX.read_text(encoding="utf-8"))
        if index["of"] != data_digest():
            return {}
        return {kind: [Shipped(**one) for one in some] for kind, some in index["lists"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def computed(kind: str) -> list[Shipped]:
    """One of ``KINDS``, from the files that ship."""
    if kind == "studies":
        from corridor.experiments.study.load import listed

        return list(listed())
    return list(THINGS[kind]())


def data_digest() -> str:
    """The digest of all data files that lists are computed from, by name and content."""
    found = hashlib.sha256()
    paths = (path for folder in DATA for path in (PACKAGE / folder).rglob("*"))
    for path in sorted(one for one in paths if one.suffix in SUFFIXES and one.name != INDEX.name):
        found.update(f"{path.relative_to(PACKAGE)} {path.stat().st_size}\n".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def write_index() -> None:
    lists = {kind: computed(kind) for kind in KINDS if kind != NOT_IN_INDEX}
    document = {"of": data_digest(), "lists": lists}
    INDEX.write_text(json.dumps(document, indent=1, ensure_ascii=False, default=asdict) + "\n")


def _table(some: Sequence[Shipped]) -> str:
    from corridor.experiments.terminal.columns import render

    rows = [(one.name, one.title, one.size_text, one.command) for one in some]
    return render(HEADINGS, rows, width=terminal_width(), spare=SPARE, wrap="what it is")


GROUPS = (
    *("clauses", "second_opinions", "faults", "events", "arrivals", "sizes", "workloads"),
    *("queues", "objectives", "topologies", "figures", "exports", "answers"),
)
"""As ``experiments/setup`` has them; listed here because that takes long to import."""
PLUGIN_HEADINGS = ("group", "kind", "package", "version", "result")
PLUGINS_EPILOG = """examples:
  corridor plugins             every kind of every installed package
  corridor plugins clauses     those of one group
  corridor plugins --json      for programs

Each package is imported. The page docs/extending.md describes the groups.
exit codes: 0 every kind can be used, 1 one cannot"""


def add_plugins(verbs: Any) -> None:
    parser = verbs.add_parser(
        "plugins",
        description="List the kinds that installed packages offer, and whether each can be used.",
        epilog=PLUGINS_EPILOG,
    )
    parser.add_argument("group", nargs="?", choices=GROUPS, help="only these (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run_plugins(args: argparse.Namespace) -> int:
    from corridor.experiments.setup.plugins import plugins

    found = [one for one in plugins() if args.group in (None, one.group)]
    if args.json:
        document = {"schema": SCHEMA, "plugins": [asdict(one) for one in found]}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print(_plugins(found) if found else "no installed package offers a kind")
    return 0 if all(one.loads for one in found) else 1


def _plugins(found: Sequence[Plugin]) -> str:
    from corridor.experiments.terminal.columns import render
    from corridor.experiments.terminal.screen import terminal_width

    rows = [(one.group, one.kind, one.package, one.version, one.problem or "ok") for one in found]
    return render(PLUGIN_HEADINGS, rows, width=terminal_width(), wrap="result")


if __name__ == "__main__":
    write_index()
