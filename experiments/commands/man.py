"""``corridor man``: the manual page, made of the parsers that are here."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from typing import Any

EPILOG = """examples:
  corridor man                                          to read it
  corridor man > ~/.local/share/man/man1/corridor.1     for man corridor"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "man",
        description="Show the manual page on a terminal, otherwise print it as roff.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--roff", action="store_true", help="print roff on a terminal, too")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.run.version import version

    page = args.manual(version())
    reader = shutil.which("man")
    if args.roff or reader is None or not sys.stdout.isatty():
        print(page)
        return 0
    shown = subprocess.run([reader, "-l", "-"], input=page, text=True, check=False)
    return shown.returncode
