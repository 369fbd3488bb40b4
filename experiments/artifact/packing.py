"""From a study's or a run's folder to an artifact: checked first, then described, then packed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from corridor.experiments.artifact import description as about_file
from corridor.experiments.artifact.archive import SUMS, Content, identity, write_archive
from corridor.experiments.artifact.deriving import problems_of_run, problems_of_study, study_of
from corridor.experiments.artifact.description import (
    ABOUT,
    CITATION,
    CRATE,
    ENVIRONMENT,
    EXPECTED,
    LOCK,
    README,
    About,
    Kind,
    chosen,
    citation,
    crate,
    readme,
)
from corridor.experiments.artifact.expected import (
    ExpectedRun,
    Tolerance,
    of_run,
    of_study,
    parse_tolerance,
    to_json,
)
from corridor.experiments.artifact.verdict import Environment, Verdict, fits, kernels
from corridor.experiments.artifact.verifying import How, environment_here, verify
from corridor.experiments.results.run_result import load
from corridor.experiments.run.folders import unwritable
from corridor.experiments.study.answers import RunValues, answers
from corridor.experiments.study.folder import CELL, CELLS, FAILED, INDEX, INPUTS, STUDY, read_index
from corridor.experiments.study.reading import read_study
from corridor.experiments.study.study_file import StudyFile, described
from corridor.experiments.study.words import sentences
from corridor.experiments.study.writing import ANSWERS
from corridor.topologies.base.bounded_file import (
    RESULT,
    is_file,
    is_folder,
    is_there,
    read_json,
    shown,
)
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.installation import CHECKOUT
from corridor.topologies.base.words import counted

MANIFEST, PLAN = "manifest.json", "raw/plan.json"
MOST_PROBLEMS = 3
SPDX_ID = re.compile(r"[A-Za-z0-9.+-]{1,100}")
ENDING, ARCHIVE = ".artifact.zip", ".zip"
type Say = Callable[[str], None]


class Packed(NamedTuple):
    file: Path
    identity: str
    """The SHA-256 of its sums: what a paper may print."""
    files: int
    about: About


class _Subject(NamedTuple):
    """What is packed."""

    kind: Kind
    folder: Path
    name: str
    title: str
    question: str
    assumptions: list[str]
    sources: list[str]
    scenario: str
    made_by: str
    program: str
    """Empty of a run, which does not say it: then that of who packs, which reads it."""
    clock: str
    runs: list[ExpectedRun]
    places: list[Path]
    """Folders of those runs."""
    left_out: list[str]
    answers: list[str]
    contents: dict[str, Content]


def pack(
    folder: Path,
    out: Path | None = None,
    *,
    authors: Sequence[str] = (),
    tolerances: Mapping[str, Tolerance] | None = None,
    published: date | None = None,
    licence: str = "",
    overwrite: bool = False,
    say: Say = lambda _text: None,
) -> Packed:
    """The same folder gives the same bytes. Raises InputError for what is not a whole study or run,
    or holds results that its samples do not come to."""
    if out is not None:
        _refuse_name(out, overwrite)
    subject = _subject(folder, tolerances or {}, say)
    file = out or Path(f"{subject.name}{ENDING}")
    _refuse_name(file, overwrite)
    here = environment_here()
    manifests = [read_json(one / MANIFEST, RESULT) for one in subject.places]
    known = here if fits(here, manifests) else _as_they_say(here, manifests)
    known = known._replace(program=subject.program or here.program, version=subject.made_by)
    about = _about(subject, known, manifests)
    contents = {f"{subject.kind}/{name}": one for name, one in subject.contents.items()}
    written: dict[str, Any] = {
        ABOUT: about_file.to_json(about),
        EXPECTED: {"schema": 1, "runs": to_json(subject.runs)},
        ENVIRONMENT: {"schema": 1, **known._asdict()},
    }
    contents |= {name: (json.dumps(one, indent=1) + "\n").encode() for name, one in written.items()}
    contents[README] = readme(about, subject.runs).encode()
    contents[CITATION] = citation(about, authors, licence).encode()
    if is_file(CHECKOUT / LOCK):
        contents[LOCK] = CHECKOUT / LOCK
    top = [*(name for name in contents if "/" not in name), SUMS]
    day = published or _last_day(subject.places)
    described = crate(about, top, authors, day.isoformat(), licence)
    contents[CRATE] = (json.dumps(described, indent=1, ensure_ascii=False) + "\n").encode()
    say(f"packing {counted(len(contents), 'file')}")
    try:
        sums = write_archive(file, subject.name, contents)
    except OSError as error:
        raise unwritable(file, error) from error
    return Packed(file, identity(sums), len(contents) + 1, about)


def _last_day(places: Sequence[Path]) -> date:
    """The day (UTC) on which the last of these runs was written."""
    written = max((one / MANIFEST).stat().st_mtime for one in places)
    return datetime.fromtimestamp(written, UTC).date()


def _refuse_name(file: Path, overwrite: bool) -> None:
    """A file that exists, and a name that promises another format."""
    if file.suffix.lower() != ARCHIVE:
        raise InputError(
            f"an artifact is a zip archive, and its name ends with {ARCHIVE}",
            f"write to {file.name}{ENDING}",
            file=str(file),
        )
    if is_there(file) and not overwrite:
        raise InputError("exists already", "name another file or add --force", file=str(file))


def _subject(folder: Path, tolerances: Mapping[str, Tolerance], say: Say) -> _Subject:
    if not is_folder(folder):
        raise InputError("is not a folder", "name a study's, or a run's", file=shown(folder))
    if is_file(folder / INDEX):
        return _study(folder, tolerances, say)
    if is_file(folder / PLAN):
        return _run(folder, tolerances, say)
    raise InputError("is not a folder of a study or a run", "name one", file=str(folder))


def _study(folder: Path, tolerances: Mapping[str, Tolerance], say: Say) -> _Subject:
    study, runs = read_study(folder)
    if study.computes:
        said = "its cells are computed, and an artifact repeats runs"
        hint = "share study.yaml: corridor study run gives the same answers"
        raise InputError(said, hint, str(folder))
    missing = [one for one in runs if one.state == "missing"]
    if missing:
        said = f"{counted(len(missing), 'cell')} of {len(runs)} did not run yet"
        raise InputError(said, "corridor study run, then pack it", str(folder))
    if not any(one.state == "valid" for one in runs):
        raise InputError("has no valid cell", "corridor study run --retry", str(folder))
    if not (folder / ANSWERS).exists():
        raise InputError("has no answers yet", f"corridor study show {folder}", str(folder))
    hint = f"corridor study show {folder}, with the version that ran it"
    _refuse(list(problems_of_study(folder, say)), folder, hint)
    index, told = read_index(folder), _cells(folder, runs)
    expected = of_study(
        study, runs, {name: one["wall_s"] for name, one in told.items()}, tolerances
    )
    return _Subject(
        kind="study",
        folder=folder,
        name=study.name,
        title=study.title,
        question=study.question,
        assumptions=list(study.assumptions),
        sources=[f"{one.title}: {one.url}" for one in study.sources],
        scenario=study.scenario,
        made_by=index["version"],
        program=index["program"],
        clock=study.clock if study.testbed != "qemu" else "virtual, computing charged",
        runs=expected,
        places=[folder / CELLS / one.cell for one in expected],
        left_out=[
            f"{described(one.levels)}, seed {one.repetition + 1}: {one.state}, {one.message}"
            for one in runs
            if one.state != "valid"
        ],
        answers=list(sentences(study, answers(study, runs))),
        contents=_contents_of_study(folder, study, runs),
    )


def _cells(folder: Path, runs: Sequence[RunValues]) -> dict[str, Any]:
    places = {one.cell: folder / CELLS / one.cell / CELL for one in runs if one.state == "valid"}
    return {name: read_json(place, RESULT) for name, place in places.items()}


def _contents_of_study(
    folder: Path, study: StudyFile, runs: Sequence[RunValues]
) -> dict[str, Content]:
    """Of its cells, those of this version; others that are there belong to another study."""
    mine = {one.cell for one in runs}
    found: dict[str, Content] = {}
    for name, path in _files(folder):
        top, _, rest = name.partition("/")
        cell = rest.partition("/")[0].removesuffix(".json")
        if top not in (CELLS, FAILED) or cell in mine:
            found[name] = path
    if f"{INPUTS}/{STUDY}" not in found:
        found[f"{INPUTS}/{STUDY}"] = folder / STUDY
    assert study_of(folder).of.name == study.name
    return found


def _run(folder: Path, tolerances: Mapping[str, Tolerance], say: Say) -> _Subject:
    run = load(folder)
    if not run.is_valid:
        why = run.summary.invalid or run.summary.failure or "it did not come to its end"
        raise InputError(f"is not a valid run: {why}", "run it again", str(folder))
    say("the run from its samples")
    hint = f"corridor report {folder}, with the version that ran it"
    _refuse(list(problems_of_run(folder)), folder, hint)
    manifest = read_json(folder / MANIFEST, RESULT)
    expected = of_run(run.summary.to_json(), tolerances)
    return _Subject(
        kind="run",
        folder=folder,
        name=run.summary.scenario,
        title=f"{run.summary.scenario}, seed {run.summary.seed}",
        question="",
        assumptions=[],
        sources=[],
        scenario=run.summary.scenario,
        made_by=_version_of(manifest),
        program="",
        clock=run.summary.clock,
        runs=[expected],
        places=[folder],
        left_out=[],
        answers=list(run.verdict),
        contents=dict(_files(folder)),
    )


def _version_of(manifest: Mapping[str, Any]) -> str:
    """As far as the manifest of a run says it."""
    if "version" in manifest:
        return str(manifest["version"])
    code = manifest["code"]
    commit = f"commit {code['commit'][:12]}" if code["commit"] else "a release"
    return f"corridor, {commit}{', changed' if code['commit'] and code['changed'] else ''}"


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Regular files, without those that are hidden or half written. Raises InputError for links."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if any(part.startswith(".") or part.endswith(".partial") for part in Path(name).parts):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise InputError("is not a regular file", "put a copy in its place", str(path))
        if path.is_file():
            yield name, path


def _refuse(problems: Sequence[str], folder: Path, hint: str) -> None:
    if problems:
        more = len(problems) - MOST_PROBLEMS
        said = "; ".join(problems[:MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
        raise InputError(f"has results that differ from its samples: {said}", hint, str(folder))


def _as_they_say(here: Environment, manifests: Sequence[Mapping[str, Any]]) -> Environment:
    """Of runs that took place elsewhere, or in several places: what they themselves say."""
    first = manifests[0]
    return here._replace(
        python=first["machine"]["python"],
        kernel=first["guest_kernel"],
        packages={**first["versions"], "others": "not known"},
        system={},
    )


def _about(subject: _Subject, known: Environment, manifests: Sequence[Mapping[str, Any]]) -> About:
    check = chosen(subject.runs)
    return About(
        kind=subject.kind,
        name=subject.name,
        title=subject.title,
        question=subject.question,
        assumptions=subject.assumptions,
        sources=subject.sources,
        scenario=subject.scenario,
        made_by=subject.made_by,
        program=known.program,
        clock=subject.clock,
        machines=sorted({_machine(one["machine"]) for one in manifests}),
        kernels=list(kernels(manifests)),
        runs=len(subject.runs),
        left_out=subject.left_out,
        took_s=round(sum(one.took_s for one in subject.runs), 1),
        check=[one.cell for one in check],
        check_took_s=round(sum(one.took_s for one in check), 1),
        answers=subject.answers,
    )


def _machine(said: Mapping[str, Any]) -> str:
    return f"{said['processor']}, {said['cores']} cores, Linux {said['kernel']}"


# Artifacts from Python.


def pack_artifact(
    folder: str | Path,
    out: str | Path | None = None,
    *,
    authors: Sequence[str] = (),
    tolerances: Sequence[str] = (),
    published: date | None = None,
    licence: str = "",
    overwrite: bool = False,
    say: Callable[[str], None] = lambda _text: None,
) -> Packed:
    """One archive of a study's folder, or of a run's, for who is to check it.

    ``tolerances`` are written as on the command line: ``rtt=0.1``, ``lost=5%``. ``published`` is
    the day of publication (default: that of the last run), ``licence`` an SPDX id: CC-BY-4.0.
    A file that exists is replaced with ``overwrite`` only. Raises InputError.
    """
    if licence and not SPDX_ID.fullmatch(licence):
        raise InputError(f'"{shown(licence)}" is not an SPDX id of a licence', "such as CC-BY-4.0")
    return pack(
        Path(folder),
        None if out is None else Path(out),
        authors=authors,
        tolerances=dict(map(parse_tolerance, tolerances)),
        published=published,
        licence=licence,
        overwrite=overwrite,
        say=say,
    )


def verify_artifact(
    file: str | Path,
    *,
    runs: bool = True,
    whole: bool = False,
    workers: int | None = None,
    any_version: bool = False,
    say: Callable[[str], None] = lambda _text: None,
) -> Verdict:
    """Whether an artifact, or the folder it was unpacked to, holds: ``.holds``, ``.checks``.

    Some runs are repeated, with ``whole`` all, without ``runs`` none. Raises InputError for what is
    no artifact.
    """
    how = How(runs=runs, whole=whole, workers=workers, any_version=any_version)
    return verify(Path(file), how, say)
