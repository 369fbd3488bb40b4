"""Rebuild the results of a run from what it left in its folder, however it ended.

What a killed run left half written is passed over, and named. ``raw/`` is only
read; each result file is replaced whole or not at all.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from corridor.experiments.account.account_of_run import ACCOUNT_FILE, ACCOUNT_TABLE
from corridor.experiments.account.flows import SERIES_FILE
from corridor.experiments.account.run_files import read_manifest
from corridor.experiments.account.summary import Summary
from corridor.experiments.account.utilisation import USE_FILE, UTILISATION_FILE
from corridor.experiments.lab.run_events import Event
from corridor.experiments.plan.values import Plan
from corridor.experiments.results.messages import MESSAGES_FILE
from corridor.experiments.results.results import SUMMARY_SCHEMA, RunFacts, read_plan, summarise
from corridor.experiments.run.event_log import EventLog
from corridor.experiments.text.run_verdict import judge
from corridor.topologies.base.bounded_file import (
    RESULT,
    NoSuchFile,
    is_folder,
    parse_json,
    read_bytes,
    shown,
)
from corridor.topologies.base.errors import InputError, MissingKind
from corridor.topologies.base.words import counted
from corridor.traffic.measures import samples

NOT_AS_WRITTEN = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""The outcome of data that no run of this version leaves."""
RESULT_FILES = ("probes.parquet", "flows.parquet", "summary.json")
MORE_FILES = (
    *("cuts.parquet", "events.parquet", SERIES_FILE),
    *(MESSAGES_FILE, UTILISATION_FILE, USE_FILE),
    *(ACCOUNT_FILE, ACCOUNT_TABLE),
)
"""Those that not every run has."""


@dataclass(frozen=True)
class Recovered:
    """The summary that was written, and what had to be passed over, one line each."""

    summary: Summary
    passed_over: tuple[str, ...]


def recover(out_dir: Path) -> Recovered:
    """Write tables and summary of a run again; raises InputError if the folder holds none."""
    if not is_folder(out_dir):
        raise InputError("is not a folder", "name the result folder of a run", file=shown(out_dir))
    passed_over: list[str] = []
    try:
        plan = read_plan(out_dir)
        facts = read_facts(out_dir, plan, passed_over.append)
        with tempfile.TemporaryDirectory(prefix=".report-", dir=out_dir) as staging:
            _link_readable(out_dir, Path(staging), passed_over.append)
            summary = summarise(Path(staging), plan, facts)
            for name in RESULT_FILES:
                (Path(staging) / name).replace(out_dir / name)
            for name in MORE_FILES:
                if (Path(staging) / name).exists():
                    (Path(staging) / name).replace(out_dir / name)
        summary = judge(out_dir, summary)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot be read or written: {reason}", file=str(out_dir)) from error
    except MissingKind as error:
        raise _missing(error, out_dir) from error
    except NOT_AS_WRITTEN as error:
        first = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise InputError(
            f"holds raw data of another version ({first})",
            "report with the version that made the run",
            file=str(out_dir),
        ) from error
    return Recovered(summary, tuple(passed_over))


def _missing(error: MissingKind, out_dir: Path) -> InputError:
    """The package that a run used and that is not installed here."""
    manifest = None
    with contextlib.suppress(InputError):  # what is missing says more than a damaged manifest
        manifest = read_manifest(out_dir)
    kinds = {} if manifest is None else manifest.kinds
    named = [package for kind, package in kinds.items() if kind.endswith(f" {error.name}")]
    hint = f"install {named[0]}" if named else error.hint
    return InputError(error.message, hint, file=str(out_dir))


def read_facts(out_dir: Path, plan: Plan, pass_over: Callable[[str], None]) -> RunFacts:
    """What an earlier summary states about the run, else what its events and manifest do."""
    earlier = _read_json(out_dir / "summary.json", pass_over)
    if earlier.get("schema") == SUMMARY_SCHEMA:
        return _facts_of(earlier)
    events = read_events(out_dir / "events.jsonl", pass_over)
    testbed = _read_json(out_dir / "manifest.json", pass_over).get("testbed", {})
    clock = plan.job.clock
    log = EventLog(out_dir, lambda _text: None, 0.0)
    for event in events:
        log.note(event)
    failure = _failure(events)
    return RunFacts(
        testbed=testbed.get("testbed", "unknown"),
        clock=clock,
        reason=testbed.get("reason", ""),
        complete=failure is None,
        failure=failure,
        build_s=log.between("build", "install"),
        teardown_s=log.between("teardown", "end"),
        wall_s=max((float(event["wall_s"]) for event in events), default=0.0),
        virtual_s=log.clock_between("build", "end") if clock != "real" else None,
        clock_step_ns=log.clock_step_ns,
    )


def _facts_of(earlier: Mapping[str, Any]) -> RunFacts:
    """Raises LookupError or TypeError for what is not a summary beyond its schema."""
    return RunFacts(
        testbed=earlier["testbed"],
        clock=earlier["clock"],
        reason=earlier["testbed_reason"],
        complete=earlier["complete"],
        failure=earlier["failure"],
        build_s=earlier["network"]["build_s"],
        teardown_s=earlier["network"]["teardown_s"],
        wall_s=earlier["wall_s"],
        virtual_s=earlier["virtual_s"],
        clock_step_ns=earlier["clock_step_ns"],
    )


def read_events(path: Path, pass_over: Callable[[str], None]) -> list[Event]:
    """The whole lines of ``events.jsonl``; a torn one is what a killed run ends with."""
    if not path.exists():
        pass_over(f"{path.name} is missing")
        return []
    events: list[Event] = []
    torn = 0
    for line in read_bytes(path, RESULT).decode(errors="replace").splitlines():
        try:
            event = parse_json(line, str(path))
        except InputError:
            torn += 1
            continue
        if isinstance(event, dict) and "event" in event:
            events.append(cast("Event", event))
        else:
            torn += 1
    if torn:
        pass_over(f"{path.name}: {counted(torn, 'torn line')}")
    return events


def _failure(events: list[Event]) -> str | None:
    """Why a run is not complete, or None if it is."""
    for event in events:
        if event["event"] == "failed":
            return str(event["message"])
    phases = [event["name"] for event in events if event["event"] == "phase"]
    if "end" in phases:
        return None
    return f"stopped without a word during {phases[-1]}" if phases else "stopped before it began"


def _read_json(path: Path, pass_over: Callable[[str], None]) -> dict[str, Any]:
    """A JSON object, or an empty one: a missing summary or manifest is not a surprise here."""
    try:
        value = _whole_json(path)
    except NoSuchFile:
        return {}
    except InputError as error:
        pass_over(f"{path.name} {error.message}")
        return {}
    return value if isinstance(value, dict) else {}


def _whole_json(path: Path) -> Any:
    """What a file of JSON says; InputError says why nothing, a torn one that it is torn."""
    raw = read_bytes(path, RESULT)
    try:
        return parse_json(raw.decode(), str(path))
    except (UnicodeDecodeError, InputError):
        raise InputError("is torn", file=str(path)) from None


def _link_readable(out_dir: Path, staging: Path, pass_over: Callable[[str], None]) -> None:
    """Show in ``staging`` all of the folder but its results and what cannot be read."""
    for path in out_dir.resolve().iterdir():
        is_scratch = path.name.startswith(".")  # of this, or of what was killed while it wrote
        if path.name not in (*RESULT_FILES, *MORE_FILES, "raw") and not is_scratch:
            (staging / path.name).symlink_to(path)
    raw = staging / "raw"
    raw.mkdir()
    for path in sorted((out_dir / "raw").resolve().iterdir()):
        problem = _problem(path)
        if problem:
            pass_over(f"raw/{path.name}{problem}")
        if not problem or (path.suffix == ".rec" and "damaged" in problem):
            (raw / path.name).symlink_to(path)


def _problem(path: Path) -> str:
    """What is wrong with a raw file, or nothing."""
    if path.suffix == ".json":
        try:
            _whole_json(path)
        except InputError as error:
            return f" {error.message}"
    if path.suffix == ".rec":
        try:
            damaged = samples.read_file(path).damaged
        except InputError as error:
            return f" {error.message}"
        if damaged:
            return f": {counted(damaged, 'damaged record')}"
    return ""
