"""A cell as it travels to where it runs: the scenario's values, and the files that they name."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

from corridor.experiments.scenario.scenario import LoadedScenario, Under, load_document
from corridor.experiments.study.cells import Cell, digest_of
from corridor.experiments.study.study_file import StudyFile, files_named
from corridor.topologies.base.documents import Document, KeyPath, Plain
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import CHECKOUT, PACKAGE


class Bundle(NamedTuple):
    id: str
    seed: int
    day: str
    digest: str
    program: str
    testbed: Literal["uml", "qemu", "native"]
    clock: Literal["virtual", "real"]
    data: Plain
    file: str
    lines: list[tuple[KeyPath, int]]
    computes: str
    ask: dict[str, Plain]
    files: dict[str, bytes]
    """By name, those next to the study that the scenario or one of them names."""


def bundle_of(cell: Cell, study: StudyFile, folder: Path, program: str) -> Bundle:
    """Raises InputError where a file cannot be read."""
    document, asked = cell.condition.document, cell.condition.asked
    ask = {} if asked is None else dict(asked.written)
    return Bundle(
        id=cell.id,
        seed=cell.seed,
        day=cell.condition.loaded.as_of.isoformat(),
        digest=cell.condition.digest,
        program=program,
        testbed=study.testbed,
        clock=study.clock,
        data=document.data,
        file=document.file,
        lines=list(document.lines.items()),
        computes=study.computes,
        ask=ask,
        files=files_named([document.data, ask], folder),
    )


def opened(bundle: Bundle, folder: Path) -> LoadedScenario:
    """The scenario of a bundle, with its files in a ``folder``.

    Raises EnvironmentUnsupported where another version is here.
    """
    if bundle.program != program_digest():
        said = "the program here is not the version that began the study"
        raise EnvironmentUnsupported(said, "use the same version for both")
    for name, content in bundle.files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    document = Document(bundle.data, bundle.file, dict(bundle.lines))
    loaded = load_document(document, folder, Under(as_of=date.fromisoformat(bundle.day)))
    if digest_of(loaded) != bundle.digest:
        said = "the scenario has other values here than where the study was begun"
        raise EnvironmentUnsupported(said, "use the same versions and the same framework for both")
    return loaded


# Which program runs the cells: a hash of the package's own files.

KINDS = (".py", ".yaml", ".json", ".sh", ".c", ".config", ".csv")
FOLDERS = ("topologies", "controller", "traffic", "experiments")
BESIDE = (
    *("artifact/", "atlas/", "commands/", "figures/", "live_commands/", "pages/", "setup/"),
    *("study/answers.py", "study/cells.py", "study/compared.py", "study/figures_of_studies.py"),
    *("study/intervals.py", "study/load.py", "study/measures.py", "study/resolving.py"),
    *("study/shipped/", "study/study_file.py", "study/words.py", "terminal/"),
)
"""What asks for results, draws and states them, and makes none, below ``experiments``."""


def program_digest() -> str:
    """Of all files by which a run could come to other results."""
    digest = hashlib.sha256()
    beside = tuple(f"experiments/{one}" for one in BESIDE)
    for folder in FOLDERS:
        for path in sorted((PACKAGE / folder).rglob("*")):
            name = path.relative_to(PACKAGE).as_posix()
            if path.suffix in KINDS and not name.startswith(beside) and path.is_file():
                digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    lock = CHECKOUT / "requirements.lock"
    digest.update(lock.read_bytes() if lock.exists() else b"")
    return digest.hexdigest()
