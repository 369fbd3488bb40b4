"""``corridor clean``: remove what dead native runs left behind, and nothing else."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(verbs: Any) -> None:
    verbs.add_parser(
        "clean",
        help="remove what killed native runs left in this machine's kernel",
        description="Remove bridges and interfaces of native runs that died. Guests leave nothing.",
    )


def run(_args: argparse.Namespace) -> int:
    from experiments.testbeds.native import leftovers, remove_leftovers

    found = leftovers()
    for run_id in found:
        remove_leftovers(run_id)
        print(f"removed what run {run_id} left")
    if not found:
        print("nothing to remove")
    return 0
