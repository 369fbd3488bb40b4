"""``corridor artifact``: a study or a run as one file that others can verify."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from corridor.experiments.commands.arguments import day, whole

EPILOG = """examples:
  corridor artifact pack results/buffers --author "A. Author"    buffers.artifact.zip
  corridor artifact pack results/mini --out mini.artifact.zip    a single run
  corridor artifact verify buffers.artifact.zip                  in about ten minutes
  corridor artifact verify buffers.artifact.zip --whole          repeat every run
  corridor artifact verify buffers.artifact.zip --no-runs        check files and values only

An artifact contains the raw samples and results of all runs, inputs, versions, expected values with
tolerances, checksums, and a README.md. Verification checks that each file is unchanged, that all
values follow from the samples, and that repeated runs give the same values: docs/artifacts.md.
exit codes: 0 packed or verified; 1 verification failed; 2 bad input, or the artifact is incomplete;
  3 this machine, or this version, cannot verify it"""
ACTIONS = ("pack", "verify")


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "artifact",
        description="Pack a study or run as one file for a paper, or verify such a file.",
        epilog=EPILOG,
    )
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument(
        "what",
        type=Path,
        metavar="FILE",
        help="folder of a study or run; for verify, an artifact or the folder it was unpacked to",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="pack: file to write (default: NAME.artifact.zip)"
    )
    parser.add_argument("--force", action="store_true", help="pack: replace FILE if it exists")
    parser.add_argument(
        "--author",
        action="append",
        default=[],
        metavar="NAME",
        help="pack: an author for CITATION.cff; may be repeated",
    )
    parser.add_argument(
        "--license", default="", metavar="ID", help="pack: SPDX id of the data's licence: CC-BY-4.0"
    )
    parser.add_argument(
        "--published",
        type=day,
        metavar="DAY",
        help="pack: day of publication, YYYY-MM-DD (default: the day of the last run)",
    )
    parser.add_argument(
        "--tolerance",
        action="append",
        default=[],
        metavar="MEASURE=N",
        help="pack: tolerance of a value, in its unit (rtt=0.1) or in percent (lost=5%%)",
    )
    runs = parser.add_mutually_exclusive_group()
    runs.add_argument("--whole", action="store_true", help="verify: repeat every run")
    runs.add_argument("--no-runs", action="store_true", help="verify: repeat no run")
    parser.add_argument(
        "--any-version",
        action="store_true",
        help="verify: continue if another version of the emulator packed it",
    )
    parser.add_argument(
        "--workers",
        type=whole(1, 1025, "1 to 1024 workers"),
        metavar="N",
        help="verify: parallel runs (default: one per processor)",
    )
    parser.add_argument("--all", action="store_true", help="verify: a line for every value")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.terminal.live import telling

    stream = sys.stderr if args.json else sys.stdout
    if args.action == "pack":
        with telling(stream, "computing values again from samples") as say:
            return _pack(args, say)
    with telling(stream, "opening") as say:
        return _verify(args, say)


def _pack(args: argparse.Namespace, say: Any) -> int:
    from corridor.experiments.artifact.packing import pack_artifact

    packed = pack_artifact(
        args.what,
        args.out,
        authors=args.author,
        tolerances=args.tolerance,
        published=args.published,
        licence=args.license,
        overwrite=args.force,
        say=say,
    )
    about = packed.about
    if args.json:
        said = {"file": str(packed.file), "identity": packed.identity, "files": packed.files}
        print(json.dumps({**said, "runs": about.runs, "check": about.check}))
        return 0
    size_mb = packed.file.stat().st_size / 1e6
    say(f"{packed.file}: {packed.files} files, {size_mb:.1f} MB, {about.runs} runs")
    say(f"SHA-256 of its sums, for the paper: {packed.identity}")
    for one in about.left_out:
        say(f"left out: {one}")
    say(f"corridor artifact verify {packed.file}")
    return 0


def _verify(args: argparse.Namespace, say: Any) -> int:
    from corridor.experiments.artifact.packing import verify_artifact
    from corridor.experiments.artifact.verdict import lines, to_json

    verdict = verify_artifact(
        args.what,
        runs=not args.no_runs,
        whole=args.whole,
        workers=args.workers,
        any_version=args.any_version,
        say=say,
    )
    if args.json:
        print(json.dumps(to_json(verdict)))
    else:
        for line in lines(verdict, everything=args.all):
            say(line)
    return verdict.code
