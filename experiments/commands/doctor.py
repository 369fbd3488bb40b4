"""``corridor doctor``: what this machine can do, and what repairs what it cannot."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from corridor.experiments.terminal.live import waiting
from corridor.experiments.terminal.screen import show
from corridor.traffic.agents.jobs import clock_in_words

EXIT_NO_TESTBED = 3


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "doctor",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.setup.doctor import choice_or_reason, examine, verdicts

    with waiting("examining this machine, and booting a guest"):
        machine = examine()
    found = verdicts(machine)
    choice = choice_or_reason(machine.facts)
    nothing = isinstance(choice, str)
    if args.json:
        report = {
            "schema": "corridor/doctor/1",
            "verdicts": [dataclasses.asdict(verdict) for verdict in found],
            "choice": None if isinstance(choice, str) else choice._asdict(),
            "reason": choice if isinstance(choice, str) else choice.reason,
            "machine": dataclasses.asdict(machine),
        }
        print(json.dumps(report, indent=2, default=str))
    else:
        lines = "\n".join(map(str, found))
        if isinstance(choice, str):
            show(f"{lines}\n\nnothing can run here: {choice}")
        else:
            best = f"{choice.testbed}, {clock_in_words(choice.clock)}: {choice.reason}"
            show(f"{lines}\n\n--testbed auto: {best}")
    return EXIT_NO_TESTBED if nothing else 0
