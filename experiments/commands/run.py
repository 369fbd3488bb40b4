"""``corridor run``: emulate a scenario, measure it, and say what came out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import (
    add_delay_model,
    add_scenario_arguments,
    add_seed,
    minutes,
    replaced,
)
from corridor.experiments.terminal.live import telling
from corridor.experiments.terminal.screen import show, terminal_width
from corridor.topologies.base.words import joined

if TYPE_CHECKING:
    from corridor.experiments.run.runner import Outcome

EPILOG = """examples:
  corridor run                              the reference corridor: policies, worst cuts, then none
  corridor run mini --seed 7                five hubs, another seed
  corridor run sovereignty                  the same demands and policies, without events
  corridor run sovereignty --policies none  without policies
  corridor run sovereignty --cut red-sea    every cable through the Red Sea fails for one second
  corridor run my.yaml --out results/mine   your own scenario
  corridor run mini --controller ./my_app.py   your own controller, with the same checks
  corridor run --testbed uml --clock real   without a kernel build

A run writes report.html. corridor report DIR draws its figures, as PNG, PDF, SVG, PGF or Vega-Lite.
"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "run",
        description="Build the network of a scenario, send its demands, and report the "
        "measurements.",
        epilog=EPILOG,
    )
    add_scenario_arguments(parser)
    parser.add_argument(
        "--testbed",
        choices=("auto", "native", "uml", "qemu"),
        default="auto",
        help="uml: a guest; native: this kernel; qemu: an emulated machine; auto: the best "
        "available (default)",
    )
    parser.add_argument(
        "--clock",
        choices=("virtual", "real"),
        default=None,
        help="clock of the guest (default: virtual if possible)",
    )
    add_seed(parser, "random seed (default: the scenario's)", None)
    parser.add_argument(
        "--framework",
        choices=("auto", "ryu", "os-ken"),
        help="framework of the controller (default: the scenario's)",
    )
    parser.add_argument(
        "--cut",
        action="append",
        default=[],
        metavar="WHAT",
        help="fibre, shared-risk group such as red-sea, hub:ID or gateway:ID that fails for one "
        "second, instead of the events of the scenario; may be repeated",
    )
    parser.add_argument(
        "--controller",
        default=None,
        metavar="APP",
        help="Ryu or os-ken application that controls the switches: a module or .py file, with "
        'its options in quotes ("my_app.py --observe-links"). Its tables are verified and '
        "monitored; it runs as root, in a guest or natively",
    )
    parser.add_argument(
        "--out", type=Path, default=None, metavar="DIR", help="result folder, new or empty"
    )
    parser.add_argument(
        "--patience",
        type=minutes,
        default=None,
        metavar="MIN",
        help="stop a guest that makes no progress for this time (default: 15, more for long runs)",
    )
    add_delay_model(parser)
    parser.add_argument("--json", action="store_true", help="print the summary as JSON only")
    parser.add_argument("--no-figures", action="store_true", help="do not write report.html")
    parser.add_argument("--all", action="store_true", help="a line for every demand")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.results.health import has_failed, refuse_invalid
    from corridor.experiments.run.options import Options
    from corridor.experiments.run.runner import run_scenario

    options = Options(
        scenario=args.scenario,
        testbed=args.testbed,
        clock=args.clock,
        **replaced(args),
        cut=tuple(args.cut),
        controller=args.controller,
        seed=args.seed,
        framework=args.framework,
        out=args.out,
        report=not args.no_figures,
        patience_s=args.patience,
        delay_model=args.delay_model,
        predict_first=True,
        width=terminal_width(),
    )
    stream = sys.stderr if args.json else sys.stdout
    with telling(stream, "compiling and proving") as say:
        outcome = run_scenario(options, say)
    every = [one for proof in outcome.proofs.values() for one in proof.verdicts]
    broken = [f"\n{one}\n{one.counterexample}" for one in every if one.status == "violated"]
    unproven: dict[str, list[str]] = {}
    for one in every:
        if one.is_unproven and one.claim not in unproven.setdefault(one.why, []):
            unproven[one.why].append(one.claim)
    for said in dict.fromkeys(broken):
        say(said)
    for why, claims in unproven.items():
        say(f"\n{joined(claims)} not verified: {why}")
    failed = bool(broken or unproven) or has_failed(outcome.summary)
    if args.json:
        print(json.dumps(outcome.summary.to_json(), indent=1))
    else:
        _print_sections(outcome, everything=args.all, no_report=args.no_figures)
    if failed:
        if outcome.summary.invalid:
            say(f"\nthe measurement is also invalid: {outcome.summary.invalid}")
        return 1
    refuse_invalid(outcome.summary)
    return 0


def _print_sections(outcome: Outcome, *, everything: bool, no_report: bool) -> None:
    from corridor.experiments.pages import REPORT
    from corridor.experiments.text.run_text import sections
    from corridor.experiments.text.run_verdict import read_answers

    answers = read_answers(outcome.out_dir)
    for section in sections(outcome.summary, answers, terminal_width(), everything=everything):
        show(f"\n{section}")
    print(f"\nResults are in {outcome.out_dir}")
    if not no_report:
        print(f"Report: {outcome.out_dir / REPORT}")
