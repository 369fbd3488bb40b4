"""``corridor show``: what a folder of results came to, as it is: nothing is computed or written."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

EPILOG = """examples:
  corridor show results/buffers           a study: tables, differences, expectations, missing cells
  corridor show results/mini              a run: its verdict and its tables
  corridor show results/mini --json       summary.json; for a study, answers.json

The command computes and writes nothing. corridor report evaluates the records of a run again;
corridor study show draws the figures of a study.
exit codes: 0 success, 1 an expectation is not met or a policy is violated, 2 no results, 4 cells
  are missing, failed or invalid, or the run is invalid"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "show",
        description="Print the results in the folder of a run or study.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dir", type=Path, metavar="DIR", help="the folder of a run or a study")
    parser.add_argument("--json", action="store_true", help="print all results as JSON")
    parser.add_argument("--all", action="store_true", help="for a run: a line for every demand")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.study.folder import INDEX, SUMMARY
    from corridor.topologies.base.errors import InputError

    if (args.dir / INDEX).exists():
        return _study(args)
    if (args.dir / SUMMARY).exists():
        return _run(args)
    hint = "corridor report evaluates a killed run; corridor run and study run produce results"
    raise InputError(f"contains neither {SUMMARY} nor {INDEX}", hint, str(args.dir))


def _study(args: argparse.Namespace) -> int:
    from corridor.experiments.commands.study import tell
    from corridor.experiments.study.answers import answers
    from corridor.experiments.study.reading import read_study

    study, runs = read_study(args.dir)
    return tell(study, answers(study, runs), as_json=args.json)


def _run(args: argparse.Namespace) -> int:
    from corridor.experiments.account.summary import read_summary
    from corridor.experiments.results.validity import has_failed, refuse_invalid
    from corridor.experiments.study.folder import SUMMARY
    from corridor.experiments.terminal.screen import show, terminal_width
    from corridor.experiments.text.run_text import sections
    from corridor.experiments.text.run_verdict import read_answers

    summary = read_summary(args.dir / SUMMARY)
    if args.json:
        print(json.dumps(summary.to_json(), indent=1))
    else:
        answers = read_answers(args.dir)
        for section in sections(summary, answers, terminal_width(), everything=args.all):
            show(f"{section}\n")
    if has_failed(summary):
        return 1
    refuse_invalid(summary)
    return 0
