"""``corridor compare``: what workloads came to in two runs, side by side."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

EPILOG = """examples:
  corridor compare results/lawful results/free       the same corridor under its law, and without
  corridor compare results/a results/b --json        all figures of both

Made for two runs of one scenario, as by corridor run ai-corridor, with and without --policies none.
Rows are classes of data, in all and before, while and after each event. After ~ stands the mean of
rounds that are too few for a median.
exit codes: 0 compared, 2 bad input: a folder without a run, or a run without workloads"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "compare",
        help="what workloads came to in two runs, side by side",
        description="Compare completion times, deadlines, latency and loss by class of two runs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("one", type=Path, metavar="DIR", help="the result folder of a run")
    parser.add_argument("other", type=Path, metavar="DIR", help="of the run beside it")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.answers.compared import as_json, compared
    from corridor.experiments.results.run_result import load
    from corridor.experiments.terminal.screen import show, terminal_width

    one, other = (load(folder).summary for folder in (args.one, args.other))
    if args.json:
        print(json.dumps(as_json(one, other)))
    else:
        show(compared(one, other, (args.one.name, args.other.name), terminal_width()))
    return 0
