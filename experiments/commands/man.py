"""What manual pages and shells read: ``corridor man`` and ``completion``."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from typing import Any

from corridor.experiments.terminal.completion import SHELLS, shell_code

EPILOG = """examples:
  corridor man                                          to read it
  corridor man > ~/.local/share/man/man1/corridor.1     for man corridor"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "man",
        description="Show the manual page on a terminal, otherwise print it as roff.",
        epilog=EPILOG,
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


COMPLETION_EPILOG = """examples:
  source <(corridor completion bash)      now; in ~/.bashrc: from now on
  source <(corridor completion zsh)       in ~/.zshrc, after compinit
  corridor completion fish | source       in ~/.config/fish/config.fish

Tab then completes verbs, flags, and the names of scenarios, policy sets, maps, hubs, fibres,
demands, rules and live networks. It works for corridor and for ./corridor of a checkout."""


def add_completion(verbs: Any) -> None:
    parser = verbs.add_parser(
        "completion",
        description="Print a shell script that completes verbs, options and names.",
        epilog=COMPLETION_EPILOG,
    )
    parser.add_argument("shell", choices=SHELLS, help="which shell reads it")


def run_completion(args: argparse.Namespace) -> int:
    print(shell_code(args.shell))
    return 0
