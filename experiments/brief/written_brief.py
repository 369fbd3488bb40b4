"""``corridor report DIR --brief``: a result folder read, and its brief written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from corridor.controller.policy.model import PolicySet
from corridor.experiments.answers.cut_answer import CUT_FILE, read_cut
from corridor.experiments.answers.document import Answers
from corridor.experiments.answers.names import Names, names_of
from corridor.experiments.availability.risks_answer import RISKS_FILE, read_risks
from corridor.experiments.brief import BRIEF, COMPARISON, RISKS_PAGE
from corridor.experiments.brief.comparisons import Side, comparison_brief
from corridor.experiments.brief.cuts import cut_brief
from corridor.experiments.brief.document import Brief
from corridor.experiments.brief.html import brief_page
from corridor.experiments.brief.prices import price_brief
from corridor.experiments.brief.replays import replay_brief, replays_brief
from corridor.experiments.brief.risks import risks_brief
from corridor.experiments.brief.runs import Study, run_brief, study_brief
from corridor.experiments.pages.report import (
    PRICES,
    holds_no_run,
    read_paths,
    read_prices,
    read_run,
)
from corridor.experiments.pages.run_page import RunResults
from corridor.experiments.replays.document import REPLAY_FILE, Replays, read_replay
from corridor.experiments.study.answers import answers
from corridor.experiments.study.folder import INDEX, StudyFolder
from corridor.experiments.study.reading import read_study
from corridor.experiments.text.run_verdict import read_answers
from corridor.topologies.base.bounded_file import is_file
from corridor.topologies.base.documents import read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_text
from corridor.topologies.model.catalogue import load_jurisdictions


def write_brief(out_dir: Path, against: Path | None = None) -> Path:
    """Write ``brief.html`` of a result folder; another brief is replaced. A register of risks also
    gets ``risks.html``, with all rows.

    Args:
        out_dir: the folder of a run, a price, a cut, a register of risks, a replay or a study.
        against: the folder of another run, to write what differs between both runs to
            ``comparison.html`` instead.

    Raises:
        InputError: a folder holds nothing that such a brief can be made of.
    """
    if against is None:
        path, brief = out_dir / BRIEF, _brief(out_dir)
        if is_file(out_dir / RISKS_FILE):
            whole = risks_brief(read_risks(out_dir), everything=True)
            write_text(out_dir / RISKS_PAGE, brief_page(whole, is_whole=True))
    else:
        path, brief = out_dir / COMPARISON, _compared(out_dir, against)
    write_text(path, brief_page(brief))
    return path


def _compared(out_dir: Path, against: Path) -> Brief:
    names = distinct_names(out_dir.resolve(), against.resolve())
    one, other = _side(out_dir, names[0]), _side(against, names[1])
    maps = [_elements(side.answers) for side in (one, other)]
    if maps[0] != maps[1] or any(a != b for a, b in _shared_ends(one, other)):
        message = f"it is a run on another map, or with other demands, than {against}"
        raise InputError(message, "corridor compare shows what both runs share", file=str(out_dir))
    return comparison_brief(one, other)


def distinct_names(one: Path, other: Path) -> tuple[str, str]:
    """Return the ends of two paths, long enough to distinguish them."""
    for count in range(1, max(len(one.parts), len(other.parts)) + 1):
        names = "/".join(one.parts[-count:]), "/".join(other.parts[-count:])
        if names[0] != names[1]:
            return names
    raise InputError("--against names the same run", "name another result folder", file=str(one))


def _elements(of: Answers) -> tuple[set[str], set[str]]:
    return {hub.id for hub in of.map.hubs}, {fibre.id for fibre in of.map.fibres}


def _shared_ends(one: Side, other: Side) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Source and destination of each demand that both runs have, in either."""
    ends = {of.id: (of.src, of.dst) for of in other.run.summary.demands if of.anycast is None}
    for of in one.run.summary.demands:
        if of.id in ends and of.anycast is None:
            yield (of.src, of.dst), ends[of.id]


def _side(out_dir: Path, name: str) -> Side:
    if not is_file(out_dir / "summary.json"):
        message = "contains no run, and a brief compares only runs"
        raise InputError(message, "corridor compare accepts other kinds", file=str(out_dir))
    run, answers = _read(out_dir)
    if not run.summary.complete or run.summary.invalid:
        message = "the run is incomplete or invalid, so it is not compared"
        raise InputError(message, "run it again", file=str(out_dir))
    names = _names(out_dir / "scenario.yaml", answers.title)
    return Side(run, answers, names, name)


def _brief(out_dir: Path) -> Brief:
    if is_file(out_dir / PRICES):
        return price_brief(read_prices(out_dir), read_paths(out_dir))
    if is_file(out_dir / CUT_FILE):
        return cut_brief(read_cut(out_dir))
    if is_file(out_dir / RISKS_FILE):
        return risks_brief(read_risks(out_dir))
    if is_file(out_dir / REPLAY_FILE):
        return _of_replay(out_dir)
    if is_file(out_dir / INDEX):
        return _of_study(out_dir)
    if holds_no_run(out_dir):
        raise InputError("an answer of capacity has no brief", "use --html", file=str(out_dir))
    return _of_run(out_dir)


def _of_replay(out_dir: Path) -> Brief:
    found = read_replay(out_dir)
    if isinstance(found, Replays):
        return replays_brief(found)
    return replay_brief(found, {one.id: one.name for one in load_jurisdictions().jurisdictions})


def _of_study(out_dir: Path) -> Brief:
    study, runs = read_study(out_dir)
    if study.computes:
        said = "a study of computed answers has no brief"
        raise InputError(said, f"corridor study show {out_dir}", file=str(out_dir))
    valid = [StudyFolder(out_dir).result(one.cell) for one in runs if one.state == "valid"]
    if not valid:
        message = "no run of the study has a result yet"
        raise InputError(message, "corridor study run continues it", file=str(out_dir))
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
