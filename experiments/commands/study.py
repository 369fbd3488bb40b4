"""``corridor study``: many runs as one file, with intervals and comparisons."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import add_figure_options, whole
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.experiments.study.answers import Answers
    from corridor.experiments.study.running import Part
    from corridor.experiments.study.study_file import StudyFile

EPILOG = """examples:
  corridor study list                             shipped studies, each with its question
  corridor study run kunming                      run a shipped study
  corridor study plan buffers.yaml                print the planned runs, and run nothing
  corridor study plan buffers.yaml --count        print only the number of cells
  corridor study run buffers.yaml --out results/buffers
  corridor study run buffers.yaml --out results/buffers --retry    run failed cells again
  corridor study run buffers.yaml --out /shared/b --array 3/24     task 3 of 24 of a batch system
  corridor study show results/buffers             print the results, also while the study runs
  corridor study show results/buffers --format pdf,pgf --width column    also figures for a paper
  corridor study scheduler 10.0.0.1               start a scheduler at this address of the machine
  corridor study worker tcp://10.0.0.1:8786       on other machines; then run --scheduler ADDRESS

A study names a scenario, axes that change it, seeds and measures: docs/studies.md. A cell is one
condition with one seed. The same command continues a stopped study, without repeating its cells.
exit codes: 0 success, 1 an expectation of the study is not met or cannot be evaluated, 2 bad input,
  3 this machine or scheduler cannot do it, 4 cells are missing, failed or invalid"""
LOOPBACK = "127.0.0.1"
OPEN = "anyone who reaches this address can run programs on all workers: use a private network"
ACTIONS = ("list", "plan", "run", "show", "scheduler", "worker")
MODULES = {"scheduler": "distributed.cli.dask_scheduler", "worker": "distributed.cli.dask_worker"}


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "study",
        description="Run the cells of a study, and print results with confidence intervals.",
        epilog=EPILOG,
    )
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument(
        "what",
        nargs="?",
        default="",
        metavar="STUDY",
        help="name of a shipped study, a file, a folder or an address: see examples",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of this study; new, empty or the same study"
    )
    parser.add_argument(
        "--workers",
        type=whole(1, 1025, "1 to 1024 workers"),
        metavar="N",
        help="parallel cells (default: one per processor)",
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="run on this scheduler of Dask, not on this machine"
    )
    parser.add_argument(
        "--array",
        type=_part,
        metavar="I/N",
        help="run part I of N of the cells, without workers, as one task of an array job",
    )
    parser.add_argument(
        "--dashboard",
        action="store_true",
        help="show Dask's dashboard on this machine (needs bokeh); also with scheduler",
    )
    parser.add_argument(
        "--count", action="store_true", help="with plan: print only the number of cells"
    )
    parser.add_argument("--retry", action="store_true", help="run failed and invalid cells again")
    parser.add_argument(
        "--force", action="store_true", help="replace another study in the folder; its cells stay"
    )
    add_figure_options(parser)
    parser.add_argument("--json", action="store_true", help="print all results as JSON")


def run(args: argparse.Namespace) -> int:
    if args.action in MODULES:
        return _dask(args.action, args.what, dashboard=args.dashboard)
    if args.action == "list":
        from corridor.experiments.commands.list import listing

        return listing(("studies",), as_json=args.json).tell()
    from corridor.topologies.base.errors import InputError

    if not args.what:
        of = "the folder of a study" if args.action == "show" else "a study's name or file"
        raise InputError(f"corridor study {args.action} needs {of}", "see corridor help study")
    if args.action == "plan":
        return _plan(args.what, only_count=args.count)
    if args.action == "show":
        return _show(Path(args.what), args)
    return _run(args) if args.array is None else _run_part(args)


def _part(text: str) -> Part:
    """For ``type``: ``3/24``."""
    from corridor.experiments.study.running import Part

    number, stroke, of = text.partition("/")
    if not (stroke and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        said = f"{text!r} is not a part: write 1/{of or 24} to {of or 24}/{of or 24}"
        raise argparse.ArgumentTypeError(said)
    return Part(int(number), int(of))


def _plan(file: str, *, only_count: bool) -> int:
    from corridor.experiments.study.cells import conditions, partly_measured
    from corridor.experiments.study.load import load_study
    from corridor.experiments.study.study_file import described

    study = load_study(file)
    found = conditions(study)
    if only_count:
        print(len(found) * study.of.repetitions)
        return 0
    seeds = counted(study.of.repetitions, "seed")
    print(f"{study.of.name}: {counted(len(found), 'condition')}, {seeds} each")
    for one in found:
        demands = counted(len(one.loaded.scenario.demands), "demand")
        print(f"  {described(one.levels)}: {demands}, policies {one.loaded.policies.name}")
    for line in partly_measured(study, found):
        print(line)
    return 0


def _run(args: argparse.Namespace) -> int:
    from corridor.experiments.run.folders import DEFAULT_RESULTS
    from corridor.experiments.study.load import load_study
    from corridor.experiments.study.running import How, run_study
    from corridor.experiments.terminal.live import telling

    if args.dashboard:
        _check_dashboard(args)
    study = load_study(args.what)
    out = args.out or DEFAULT_RESULTS / study.of.name
    stream = sys.stderr if args.json else sys.stdout
    with telling(stream, "checking cells") as say:
        how = How(args.scheduler, args.workers, args.retry, args.dashboard, args.force)
        run_study(study, out, how, say)
    return _show(out, args)


def _check_dashboard(args: argparse.Namespace) -> None:
    from corridor.experiments.study.running import check_dashboard
    from corridor.topologies.base.errors import InputError

    if args.scheduler is not None:
        said = "the dashboard of a scheduler that runs is its own"
        raise InputError(said, "start it with corridor study scheduler --dashboard")
    check_dashboard()


def _run_part(args: argparse.Namespace) -> int:
    """Without answers: other parts may run yet."""
    from corridor.experiments.run.folders import DEFAULT_RESULTS
    from corridor.experiments.study.load import load_study
    from corridor.experiments.study.running import run_part
    from corridor.experiments.terminal.live import telling
    from corridor.topologies.base.errors import InputError

    if args.scheduler is not None or args.workers is not None or args.dashboard:
        raise InputError("--array runs cells here, without workers", "drop the other option")
    study = load_study(args.what)
    out = args.out or DEFAULT_RESULTS / study.of.name
    with telling(sys.stdout, "checking cells") as say:
        valid = run_part(study, out, args.array, say, retry=args.retry, overwrite=args.force)
    print(f"corridor study show {out}    prints the results of all parts")
    return 0 if valid else 4


def _show(folder: Path, args: argparse.Namespace) -> int:
    from corridor.experiments.study.answers import answers
    from corridor.experiments.study.reading import ran_by, read_study
    from corridor.experiments.study.writing import carried, made_by, write

    study, runs = read_study(folder)
    found = answers(study, runs)
    version = ran_by(folder)
    write(folder, study, runs, found, version)
    if not args.no_figures:
        from corridor.experiments.figures.style import WIDTHS
        from corridor.experiments.study.figures_of_studies import draw

        draw(
            folder / "figures",
            study,
            runs,
            found,
            made_by(study, version),
            carried(study, runs, version),
            args.format,
            [WIDTHS[name] for name in args.width],
        )
    code = tell(study, found, as_json=args.json)
    if not args.json:
        print(f"\nTables, figures and values are in {folder}")
    return code


def tell(study: StudyFile, found: Answers, *, as_json: bool) -> int:
    """Print what a study comes to: tables, then sentences; the exit code says whether it holds."""
    from corridor.experiments.study.words import sentences, tables
    from corridor.experiments.study.writing import as_json as plain
    from corridor.experiments.terminal.columns import render
    from corridor.experiments.terminal.screen import show, terminal_width

    if as_json:
        print(json.dumps(plain(study, found)))
        return _code(found)
    for table in tables(study, found):
        numbers = frozenset(table.headings[table.words :])
        show(render(table.headings, table.rows, numbers, width=terminal_width()) + "\n")
    for sentence in sentences(study, found):
        show(sentence)
    return _code(found)


def _code(found: Answers) -> int:
    from corridor.experiments.study.words import failed

    if failed(found):
        return 1
    return 4 if found.left_out or found.unresolved else 0


def _dask(action: str, address: str, *, dashboard: bool) -> int:
    """Dask's own program in this Python, which has this package."""
    from corridor.experiments.study.running import (
        DASHBOARD_PORT,
        check_dashboard,
        resting_environment,
    )
    from corridor.topologies.base.installation import IMPORT_ROOT

    shown = ["--no-dashboard"]
    if dashboard and action == "scheduler":
        check_dashboard()
        shown = ["--dashboard", "--dashboard-address", f"{LOOPBACK}:{DASHBOARD_PORT}"]
        print(f"dashboard at http://{LOOPBACK}:{DASHBOARD_PORT}/status", flush=True)

    os.environ.update(resting_environment(), PYTHONPATH=str(IMPORT_ROOT))
    options = ["--nthreads", "1", "--nworkers", "auto", "--no-dashboard"]
    if action == "worker":
        more = [address, *options]
    else:
        more = ["--host", address or LOOPBACK, *shown]
        print(
            OPEN if address else f"listens on {LOOPBACK} only: name an address for others",
            flush=True,
        )
    command = [sys.executable, "-P", "-m", MODULES[action], *more]
    os.execv(sys.executable, command)  # noqa: S606 - this Python
