"""What a scenario comes to, or what a run's switches held, as other tools read it; pages as PDF.

A Chromium of this machine prints what a reader sees, without asking.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corridor.controller.explain.export_registry import FORMATS
from corridor.controller.explain.questions import Comparison, compare
from corridor.controller.explain.subject import Exported, Subject
from corridor.controller.intent.specification import Specification
from corridor.controller.prover import read_dump, tables_of
from corridor.experiments.account.run_files import PlanHead, read_plan_head
from corridor.experiments.answers.capacity_answer import foreseen
from corridor.experiments.answers.capacity_document import read_capacity
from corridor.experiments.answers.document import document
from corridor.experiments.answers.gathering import gather
from corridor.experiments.atlas.map_layers import layers
from corridor.experiments.lab.dumps import DUMPS, read_dump_file
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.plan.values import Plan
from corridor.experiments.results.results import read_plan
from corridor.experiments.results.run_result import Run
from corridor.experiments.run.folders import new_folder, writing
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import (
    AS_WRITTEN,
    LoadedScenario,
    Under,
    as_asked,
    load_under,
)
from corridor.experiments.text.run_verdict import checked_answers
from corridor.topologies.base.bounded_file import (
    RESULT,
    NoSuchFile,
    is_file,
    is_folder,
    is_there,
    read_json,
    read_text,
)
from corridor.topologies.base.child_process import start
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.suggestions import nearest_or_some
from corridor.topologies.base.whole_file import write_whole
from corridor.topologies.model.delay_model import load_delay_model

GEOJSON = "geojson"
"""The format that is made of answers instead of tables."""
EXPECTED, ANSWERS = "expected.json", "answers*.json"


def export(
    what: str, to: str, out: str | Path | None = None, *, asked: Under = AS_WRITTEN
) -> Exported:
    """A scenario, by name or file, or a run's folder, in the form that ``to`` names.

    Writes it to ``out``, a folder that is new or empty, if one is given. Raises InputError.
    """
    check_format(to)
    if out is None:
        return exported_as(to, what, asked)
    with export_folder(Path(out)) as folder:
        exported = exported_as(to, what, asked)
        write_export(exported, folder)
    return exported


def check_format(name: str) -> None:
    """Raises InputError for a format that is not there."""
    if name != GEOJSON and name not in FORMATS:
        known = sorted((*FORMATS, *FORMATS.offered(), GEOJSON))
        raise InputError(f"no format {name!r}", nearest_or_some(name, known))


def exported_as(
    to: str, what: str, asked: Under = AS_WRITTEN, tables: Path | None = None
) -> Exported:
    """In a format that is there. GeoJSON is of answers; the others are of tables, which ``tables``
    replaces."""
    if to != GEOJSON:
        return FORMATS[to].write(subject_of(what, asked, tables))
    if tables is not None:
        hint = "leave out --tables, or name another format"
        raise InputError("GeoJSON contains answers, not flow tables", hint)
    if is_folder(what):
        _refuse_options(what, asked)
        return _layers_of_run(Path(what))
    loaded = load_under(what, asked)
    gathered = gather(loaded, load_delay_model(None))
    return layers(document(gathered, as_asked(what, asked)), foreseen(loaded))


def _layers_of_run(folder: Path) -> Exported:
    hint = "name the folder of a run of this version, or a scenario"
    answers = checked_answers(folder, hint)
    if answers is None:
        raise InputError("contains no answers.json of this version", hint, file=str(folder))
    is_summed_up = is_file(folder / "summary.json")
    events = Run(folder).events if is_summed_up else ()
    head = read_plan_head(folder) or PlanHead()
    return layers(answers, read_capacity(folder), events, head.fibres_of_events)


def subject_of(what: str, asked: Under = AS_WRITTEN, tables: Path | None = None) -> Subject:
    """Of a run where a folder is named, else of a scenario; ``tables`` replaces its tables."""
    if not is_folder(what):
        return subject_of_scenario(load_under(what, asked), tables)
    _refuse_options(what, asked)
    return subject_of_run(Path(what), tables)


def _refuse_options(folder: str, asked: Under) -> None:
    if asked != AS_WRITTEN:
        hint = "export its scenario to ask under others"
        raise InputError("a run has its own policies and day", hint, file=folder)


def subject_of_scenario(loaded: LoadedScenario, tables: Path | None = None) -> Subject:
    """The tables compiled for a scenario, or a dump held against it."""
    intended = Intended.of(loaded)
    plan = make_plan_unsent(loaded, intended)
    return _subject(plan, intended.specification, tables)


def subject_of_run(folder: Path, tables: Path | None = None) -> Subject:
    """What switches held at a run's end, if it came to that, else before its traffic.

    It is held against what the run began with. Raises InputError for a folder without tables.
    """
    plan = read_plan(folder)
    path = folder / "raw" / "specification.json"
    text = read_text(path, RESULT)
    try:
        judged_by = Specification.from_json(text)
    except ValueError:
        hint = "export with the version that made the run"
        raise InputError("is not a specification of this version", hint, file=str(path)) from None
    return _subject(plan, judged_by, tables or _last_dump(folder))


def _last_dump(folder: Path) -> Path:
    for name in reversed(DUMPS):
        path = folder / "tables" / f"{name}.json"
        if is_file(path):
            return path
    raise InputError(
        "contains no tables: tables/after.json and tables/before.json are missing",
        "name a run that sent traffic, or a scenario",
        file=str(folder),
    )


def _subject(plan: Plan, judged_by: Specification, path: Path | None) -> Subject:
    if path is None:
        of, tables = "compiled", tables_of(plan.program)
    else:
        dump = read_dump_file(path)
        of, tables = path.name, read_dump(dump.said, plan.wiring, file=dump.file)
    return Subject(
        plan.scenario,
        plan.policies,
        plan.as_of,
        of,
        tables,
        plan.wiring,
        judged_by.topology,
        judged_by.intents(),
    )


@contextlib.contextmanager
def export_folder(wanted: Path) -> Iterator[Path]:
    """A folder to write to, new or empty, else InputError; one that stays empty goes again."""
    was_there = is_there(wanted)
    folder = new_folder(wanted, "export")
    try:
        yield folder
    finally:
        if not was_there:
            with contextlib.suppress(OSError):
                folder.rmdir()


def write_export(exported: Exported, folder: Path) -> list[Path]:
    """The files that were written; raises InputError where they cannot be."""
    paths = []
    with writing(folder):
        for name, text in exported.files.items():
            paths.append(folder / name)
            paths[-1].write_text(text, encoding="utf-8")
    return paths


def compare_folder(folder: Path) -> Comparison:
    """What is expected in an export, and all ``answers*.json`` that lie next to it."""
    expected = folder / EXPECTED
    try:
        wanted = read_json(expected, RESULT)
    except NoSuchFile:
        hint = "name what corridor export --to aalwines --out has written"
        raise InputError(
            f"contains no export: {EXPECTED} is missing", hint, file=str(folder)
        ) from None
    answers = list(_answers(folder))
    if not answers:
        hint = "run AalWiNes on queries.q, and store its output as answers.json"
        raise InputError("contains no answers.json", hint, file=str(folder))
    return compare(wanted, answers, str(expected))


def _answers(folder: Path) -> Iterator[Any]:
    for path in sorted(folder.glob(ANSWERS)):
        yield read_json(path, RESULT)


BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    "microsoft-edge",
)
QUIET = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-domain-reliability", "--disable-default-apps", "--no-pings"),
    "--no-pdf-header-footer",
)
"""It shows nothing and asks no one anything; our page has its own header."""
PATIENCE_S = 120.0
INSTALL = "install one: apt-get install --no-install-recommends chromium"
ADVICE_OF = "print the HTML page in a browser"


def find_browser() -> str | None:
    """The path of a Chromium on PATH."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def print_page(page: Path, pdf: Path) -> Path:
    """Raises EnvironmentUnsupported where no browser is found, or it prints nothing."""
    browser = find_browser()
    if browser is None:
        raise EnvironmentUnsupported(
            "no Chromium is installed, which prints pages", f"{INSTALL}; or {ADVICE_OF}"
        )
    with tempfile.TemporaryDirectory(prefix="corridor-print-", ignore_cleanup_errors=True) as own:
        staged = Path(own) / "page.pdf"
        said = _run([browser, *_flags(own), f"--print-to-pdf={staged}", page.resolve().as_uri()])
        if not staged.exists():
            raise EnvironmentUnsupported(f"{browser} printed nothing: {said}", ADVICE_OF)
        write_whole(pdf, staged.read_bytes())
    return pdf


def _flags(own: str) -> list[str]:
    """A separate profile; as root, which containers often are, it starts without its sandbox
    alone."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [*QUIET, *sandbox, f"--user-data-dir={own}/profile"]


def _run(command: list[str]) -> str:
    """The last line of what it says; all of its processes are gone when this returns."""
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, own_session=True)
    try:
        said, _ = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return f"it took more than {PATIENCE_S:.0f} s"
    finally:
        _end(process)
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else f"exit code {process.returncode}"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
