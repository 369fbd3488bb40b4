"""``corridor report``: rebuild the results of a run's folder, also of a run that was killed."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.results.summary import Summary
from corridor.experiments.terminal.live import waiting
from corridor.experiments.terminal.screen import show, terminal_width

if TYPE_CHECKING:
    from corridor.experiments.run.recover import Recovered


EPILOG = """examples:
  corridor report results/mini
  corridor report results/mini --json --no-figures

exit codes: 0, also for half a run; 1 a packet was where none may be, or the timeline expected what
did not come true; 2 bad input; 4 the measurement is not valid"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "report",
        help="rebuild tables, summary and figures of a result folder",
        description="Rebuild tables, summary and figures from what a run left in its folder, "
        "also where it was killed. What it left half written is passed over and named.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dir", type=Path, metavar="DIR", help="the result folder of a run")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON only")
    parser.add_argument("--no-figures", action="store_true", help="skip drawing")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.results.run_text import sections
    from corridor.experiments.run.recover import recover

    def say(text: str) -> None:
        show(text, sys.stderr if args.json else sys.stdout)

    with waiting("reading what the run left" + ("" if args.no_figures else ", and drawing")):
        recovered = recover(args.dir) if args.no_figures else _recover_and_draw(args.dir)
    for line in recovered.passed_over:
        say(f"passed over: {line}")
    say(_state(recovered.summary))
    if not recovered.summary["complete"]:
        say("a demand's last probes count as lost where their replies were not yet written")
    if args.json:
        print(json.dumps(recovered.summary, indent=1))
        return _code(recovered.summary)
    for section in sections(recovered.summary, terminal_width()):
        show(f"\n{section}")
    print(f"\nResults are in {args.dir}")
    return _code(recovered.summary)


def _code(summary: Summary) -> int:
    """As ``run`` ends, but that half a run is no failure; raises MeasurementInvalid."""
    from corridor.experiments.results.failures import has_failed, refuse_invalid

    if has_failed(summary):
        return 1
    refuse_invalid(summary)
    return 0


def _recover_and_draw(out_dir: Path) -> Recovered:
    from corridor.experiments.run.drawing import Drawing
    from corridor.experiments.run.recover import recover
    from corridor.topologies.base.bounded_file import is_folder
    from corridor.topologies.base.errors import InputError

    with Drawing(out_dir, ahead=is_folder(out_dir)) as drawing:
        recovered = recover(out_dir)
        drawing.begin()
        try:
            drawing.finish(recovered.summary)
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(f"cannot write figures: {reason}", file=str(out_dir)) from error
    return recovered


def _state(summary: Summary) -> str:
    """How far the run came and what there is of it, in one line."""
    demands = summary["demands"]
    sent = sum(demand["sent"] for demand in demands)
    received = sum(demand["received"] for demand in demands)
    answered = sum(1 for demand in demands if demand["received"])
    end = "complete" if summary["complete"] else f"not complete ({summary['failure']})"
    return (
        f"{summary['scenario']}, seed {summary['seed']}, {summary['clock']} clock: {end}; "
        f"{received} of {sent} probes answered, {answered} of {len(demands)} demands"
    )
