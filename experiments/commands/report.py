"""Results of a folder: ``corridor report`` writes them as a page, ``show`` prints them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from corridor.experiments.account.summary import Summary
from corridor.experiments.commands.arguments import add_figure_options
from corridor.experiments.pages import REPORT
from corridor.experiments.terminal.live import waiting
from corridor.experiments.terminal.screen import show, terminal_width
from corridor.topologies.base.errors import InputError
from corridor.traffic.agents.jobs import clock_in_words

EPILOG = """examples:
  corridor report results/mini
  corridor report results/mini --json --no-figures
  corridor report results/mini --format pdf --width text,column    figures for a paper
  corridor report results/mini --html       only write report.html again
  corridor report results/mini --pdf        also print report.pdf (A4), with Chromium
  corridor report results/mini --brief --pdf    brief.html and brief.pdf, two pages
  corridor report results/b --brief --against results/a    also the differences of two runs
  corridor report results/price --format pgf    a folder that corridor price --out wrote

--brief accepts the folder of a run, a study, corridor price, cut or risks with --out.

exit codes: 0, also for an incomplete run; 1 a packet violated a policy, or an expectation of the
timeline was not met; 2 bad input; 3 --pdf found no Chromium; 4 the measurement is invalid.
With --html, --pdf or --brief, which read no records: 0, 2 or 3."""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "report",
        description="Write report.html, a self-contained page of a run, prices or a capacity "
        "answer, and draw its figures. For a run, tables and summary are first rebuilt from its "
        "records, also after a kill; incomplete records are skipped and named.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "dir", type=Path, metavar="DIR", help="the result folder of a run, a price or a capacity"
    )
    parser.add_argument(
        "--html", action="store_true", help="write report.html only; do not evaluate records again"
    )
    parser.add_argument(
        "--pdf", action="store_true", help="as --html, and print it to report.pdf (A4)"
    )
    parser.add_argument(
        "--brief",
        action="store_true",
        help="write brief.html only, two A4 pages: question, answer, map, affected demands, "
        "sources; with --pdf also brief.pdf",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="DIR",
        help="with --brief: also write comparison.html, the differences from this other run",
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON only")
    add_figure_options(parser)
    parser.add_argument("--all", action="store_true", help="a line for every demand")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.pages.report import holds_no_run
    from corridor.experiments.run.folders import refuse_links
    from corridor.experiments.run.recover import recover
    from corridor.experiments.text.run_text import sections
    from corridor.experiments.text.run_verdict import read_answers

    refuse_links(args.dir)

    def say(text: str) -> None:
        show(text, sys.stderr if args.json else sys.stdout)

    if args.against and not args.brief:
        raise InputError("--against needs --brief", "corridor compare prints the differences")
    if args.brief:
        for path in _briefs(args.dir, args.against, pdf=args.pdf):
            say(f"Brief: {path}")
        return 0
    only_pages = args.html or args.pdf
    if only_pages or holds_no_run(args.dir):
        for path in _pages(args.dir, pdf=args.pdf):
            say(f"Report: {path}")
        if not (only_pages or args.no_figures or _draw(args, None)):
            say("no figures: no policy set has a cost")
        return 0
    with waiting("reading the records of the run" + ("" if args.no_figures else ", and drawing")):
        recovered = recover(args.dir)
        if not args.no_figures:
            _draw(args, recovered.summary)
    for line in recovered.passed_over:
        say(f"skipped: {line}")
    _pages(args.dir)
    say(_state(recovered.summary))
    if not recovered.summary.complete:
        say("the last probes of a demand count as lost if their replies were not written yet")
    if args.json:
        print(json.dumps(recovered.summary.to_json(), indent=1))
        return _code(recovered.summary)
    answers = read_answers(args.dir)
    for section in sections(recovered.summary, answers, terminal_width(), everything=args.all):
        show(f"\n{section}")
    print(f"\nResults are in {args.dir}\nReport: {args.dir / REPORT}")
    return _code(recovered.summary)


def _briefs(out_dir: Path, against: Path | None, *, pdf: bool) -> list[Path]:
    from corridor.experiments.brief.written_brief import write_brief

    return _written(partial(write_brief, against=against), out_dir, pdf=pdf)


def _pages(out_dir: Path, *, pdf: bool = False) -> list[Path]:
    from corridor.experiments.pages.report import write_report

    return _written(write_report, out_dir, pdf=pdf)


def _written(write: Callable[[Path], Path], out_dir: Path, *, pdf: bool) -> list[Path]:
    """The page, and where it is asked for the same as PDF."""
    from corridor.experiments.run.exporting import print_page
    from corridor.topologies.base.errors import InputError

    try:
        page = write(out_dir)
        return [page, print_page(page, page.with_suffix(".pdf"))] if pdf else [page]
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot write the report: {reason}", file=str(out_dir)) from error


def _code(summary: Summary) -> int:
    """As ``run`` ends, but half a run does not fail; raises MeasurementInvalid."""
    from corridor.experiments.results.health import has_failed, refuse_invalid

    if has_failed(summary):
        return 1
    refuse_invalid(summary)
    return 0


def _draw(args: argparse.Namespace, summary: Summary | None) -> list[Path]:
    """Figures of a run by its summary, else of the prices or the capacity in the folder."""
    from corridor.experiments.figures import draw_figures
    from corridor.experiments.figures.saving import draw_computed
    from corridor.experiments.figures.style import WIDTHS
    from corridor.topologies.base.errors import InputError

    how: dict[str, Any] = {
        "formats": args.format,
        "widths": [WIDTHS[name] for name in args.width],
    }
    try:
        if summary is None:
            return draw_computed(args.dir, **how)
        return draw_figures(args.dir, summary, **how)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot write figures: {reason}", file=str(args.dir)) from error


def _state(summary: Summary) -> str:
    """The progress of the run and its results, in one line."""
    demands = summary.demands
    sent = sum(demand.sent for demand in demands)
    received = sum(demand.received for demand in demands)
    answered = sum(1 for demand in demands if demand.received)
    end = "complete" if summary.complete else f"not complete ({summary.failure})"
    return (
        f"{summary.scenario}, seed {summary.seed}, "
        f"{clock_in_words(summary.clock)}: {end}; "
        f"{received} of {sent} probes answered, at least one for {answered} of "
        f"{len(demands)} demands"
    )


SHOW_EPILOG = """examples:
  corridor show results/buffers           a study: tables, differences, expectations, missing cells
  corridor show results/mini              a run: its verdict and its tables
  corridor show results/mini --json       summary.json; for a study, answers.json

The command computes and writes nothing. corridor report evaluates the records of a run again;
corridor study show draws the figures of a study.
exit codes: 0 success, 1 an expectation is not met or a policy is violated, 2 no results, 4 cells
  are missing, failed or invalid, or the run is invalid"""


def add_show(verbs: Any) -> None:
    parser = verbs.add_parser(
        "show",
        description="Print the results in the folder of a run or study.",
        epilog=SHOW_EPILOG,
    )
    parser.add_argument("dir", type=Path, metavar="DIR", help="the folder of a run or a study")
    parser.add_argument("--json", action="store_true", help="print all results as JSON")
    parser.add_argument("--all", action="store_true", help="for a run: a line for every demand")


def run_show(args: argparse.Namespace) -> int:
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
    from corridor.experiments.results.health import has_failed, refuse_invalid
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
