"""This checkout: ``corridor test`` and ``docs``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(verbs: Any) -> None:
    # Another prefix, so that pytest's own options (-k, -x, ...) reach pytest.
    parser = verbs.add_parser("test", add_help=False, prefix_chars="+")
    parser.add_argument(
        "arguments", nargs="*", metavar="ROOM", help="a room, or options: --help lists them"
    )


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.setup.checks import run_checks, run_in_machine
    from corridor.experiments.setup.import_graph import changed_files, leading_rooms
    from corridor.topologies.base.errors import InputError
    from corridor.topologies.base.installation import CHECKOUT

    own, rest = _options().parse_known_args(args.arguments)
    if "--fast" in rest:
        raise InputError('"--fast" was replaced', "use --no-guests")
    if own.vm:
        return run_in_machine(rest)
    rooms = leading_rooms(rest, CHECKOUT)
    changed = changed_files(CHECKOUT) if own.changed else None
    return run_checks(
        whole=own.whole,
        guests=not own.no_guests,
        files=_files(rooms, changed),
        pages=[one for one in changed or () if one.endswith(".md")],
        pytest_arguments=rest[len(rooms) :],
    )


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="corridor test",
        usage="corridor test [ROOM ...] [--changed] [--whole] [--no-guests] [PYTEST ARGUMENT ...]\n"
        "       corridor test --vm [PYTEST ARGUMENT ...]",
        description="Runs lint, types, unit and property tests, and one run in a guest for each "
        "promise. Every section runs; the exit code is 1 if any failed. A ROOM is a folder of the "
        "product, such as controller/policy: its tests run, and those of the rooms that import it.",
        epilog="All other arguments are passed to pytest, and then only tests run. Example: "
        "./corridor test -k delay",
    )
    parser.add_argument(
        "--changed",
        action="store_true",
        help="only tests of the rooms that differ from the branch main, and of the rooms that "
        "import them",
    )
    parser.add_argument(
        "--whole",
        action="store_true",
        help="also slow tests, every run in a guest, pages in a browser, and this kernel's tests",
    )
    parser.add_argument(
        "--no-guests", action="store_true", help="leave out the tests that boot a guest"
    )
    parser.add_argument(
        "--vm",
        action="store_true",
        help="instead: native runs on Debian's own kernel, in a machine that QEMU boots; its image "
        "is built first (corridor vm build)",
    )
    return parser


def _files(rooms: list[str], changed: list[str] | None) -> list[str] | None:
    """The test files to run: None for all. Prints how many there are, and why."""
    from corridor.experiments.setup.import_graph import (
        ImportGraph,
        affected_by_files,
        affected_by_rooms,
    )
    from corridor.topologies.base.installation import CHECKOUT

    if not rooms and changed is None:
        return None
    graph = ImportGraph(CHECKOUT)
    found = affected_by_rooms(graph, rooms) if rooms else []
    if rooms:
        print(f"{len(found)} test files: those of {', '.join(rooms)} and of what imports it")
    if changed is None:
        return found
    affected, cause = affected_by_files(graph, changed)
    if affected is None:
        print(f"all tests: {cause} changed, and may affect all of them")
        return None
    print(f"{len(affected)} test files: {len(changed)} changed files affect them")
    return sorted({*affected, *found})


SITE = "site"


def add_docs(verbs: Any) -> None:
    parser = verbs.add_parser(
        "docs",
        description="Build docs/ as a site that opens from disk, with search and the Python "
        "reference. Every warning, such as a broken link, is an error. ./corridor setup --docs "
        "installs Sphinx.",
        epilog="examples:\n  corridor docs --open\n  corridor docs --out /tmp/corridor-docs",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(SITE),
        metavar="DIR",
        help=f"output folder (default: {SITE})",
    )
    parser.add_argument("--open", action="store_true", help="open it in the browser")


def run_docs(args: argparse.Namespace) -> int:
    from corridor.experiments.setup.documentation_site import build_site

    first = build_site(args.out)
    print(first.as_uri())
    if args.open:
        import webbrowser

        webbrowser.open(first.as_uri())
    return 0
