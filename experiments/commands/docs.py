"""``corridor docs``: the documentation as a site with search, which needs no server."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

OUT = "site"


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "docs",
        description="Build docs/ as a site that opens from disk, with search and the Python "
        "reference. Every warning, such as a broken link, is an error. ./corridor setup --docs "
        "installs Sphinx.",
        epilog="examples:\n  corridor docs --open\n  corridor docs --out /tmp/corridor-docs",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--out", type=Path, default=Path(OUT), metavar="DIR", help=f"output folder (default: {OUT})"
    )
    parser.add_argument("--open", action="store_true", help="open it in the browser")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.setup.documentation_site import build_site

    first = build_site(args.out)
    print(first.as_uri())
    if args.open:
        import webbrowser

        webbrowser.open(first.as_uri())
    return 0
