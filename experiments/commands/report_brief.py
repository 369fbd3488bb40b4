"""``corridor report DIR --brief``: a result folder read, and its brief written."""

from __future__ import annotations

from pathlib import Path

from corridor.controller.policy.model import PolicySet
from corridor.experiments.answers.cut_file import CUT_FILE, read_cut
from corridor.experiments.answers.document import Answers
from corridor.experiments.answers.names import Names, names_of
from corridor.experiments.answers.run_verdict import read_answers
from corridor.experiments.brief import BRIEF
from corridor.experiments.brief.comparisons import Side, comparison_brief
from corridor.experiments.brief.cuts import cut_brief
from corridor.experiments.brief.document import Brief
from corridor.experiments.brief.html import brief_page
from corridor.experiments.brief.prices import price_brief
from corridor.experiments.brief.runs import run_brief
from corridor.experiments.brief.studies import Study, study_brief
from corridor.experiments.pages.report import PRICES, holds_no_run, read_prices, read_run, read_ways
from corridor.experiments.pages.run_page import RunResults
from corridor.experiments.study.answers import answers
from corridor.experiments.study_runs.folder import INDEX, StudyFolder
from corridor.experiments.study_runs.reading import read_study
from corridor.topologies.base.bounded_file import is_file
from corridor.topologies.base.documents import read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_text


def write_brief(out_dir: Path, against: Path | None = None) -> Path:
    """Write ``brief.html`` of a result folder; another brief is replaced.

    Args:
        out_dir: the folder of a run, a price, a cut or a study.
        against: the folder of another run, to state what differs between both runs.

    Raises:
        InputError: a folder holds nothing that such a brief can be made of.
    """
    path = out_dir / BRIEF
    write_text(
        path, brief_page(_brief(out_dir) if against is None else _compared(out_dir, against))
    )
    return path


def _compared(out_dir: Path, against: Path) -> Brief:
    return comparison_brief(_side(out_dir), _side(against))


def _side(out_dir: Path) -> Side:
    run, answers = _read(out_dir)
    if not run.summary.complete or run.summary.invalid:
        message = "the run is incomplete or invalid, so it is not compared"
        raise InputError(message, "run it again", file=str(out_dir))
    names = _names(out_dir / "scenario.yaml", answers.title)
    return Side(run, answers, names, out_dir.resolve().name)


def _brief(out_dir: Path) -> Brief:
    if is_file(out_dir / PRICES):
        return price_brief(read_prices(out_dir), read_ways(out_dir))
    if is_file(out_dir / CUT_FILE):
        return cut_brief(read_cut(out_dir))
    if is_file(out_dir / INDEX):
        return _of_study(out_dir)
    if holds_no_run(out_dir):
        raise InputError("an answer of capacity has no brief", "use --html", file=str(out_dir))
    return _of_run(out_dir)


def _of_study(out_dir: Path) -> Brief:
    study, runs = read_study(out_dir)
    valid = [StudyFolder(out_dir).result(one.cell) for one in runs if one.state == "valid"]
    if not valid:
        message = "no run of the study has a result yet"
        raise InputError(message, "corridor study run goes on", file=str(out_dir))
    return study_brief(Study(study, answers(study, runs), len(valid), read_answers(valid[0])))


def _of_run(out_dir: Path) -> Brief:
    run, answers = _read(out_dir)
    return run_brief(run, answers, _names(out_dir / "scenario.yaml", answers.title))


def _read(out_dir: Path) -> tuple[RunResults, Answers]:
    run = read_run(out_dir)
    if run.answers is None:
        message = "answers.json is missing: a brief needs it"
        raise InputError(message, "run it again, or use --html", file=str(out_dir))
    return run, run.answers


def _names(path: Path, title: str) -> Names:
    """What the resolved scenario of a run calls its policy set, its data and its rules."""
    found = read_document(path).value("policies")
    try:
        return names_of(title, [] if found is None else [PolicySet.model_validate(found)])
    except ValueError as error:
        message = "has no policies of this version"
        raise InputError(message, "run it again, or use --html", file=str(path)) from error
