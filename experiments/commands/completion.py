"""``corridor completion``: what a shell reads to complete verbs, flags and names."""

from __future__ import annotations

import argparse
from typing import Any

from corridor.experiments.terminal.completion import SHELLS, shell_code

EPILOG = """examples:
  source <(corridor completion bash)      now; in ~/.bashrc: from now on
  source <(corridor completion zsh)       in ~/.zshrc, after compinit
  corridor completion fish | source       in ~/.config/fish/config.fish

Tab then completes verbs, flags, and the names of scenarios, policy sets, maps, hubs, fibres,
demands, rules and live networks. It works for corridor and for ./corridor of a checkout."""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "completion",
        description="Print a shell script that completes verbs, options and names.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS, help="which shell reads it")


def run(args: argparse.Namespace) -> int:
    print(shell_code(args.shell))
    return 0
