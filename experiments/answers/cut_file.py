"""``cut.json`` of a folder that ``corridor cut --out`` made: the answer, its paths, and the map."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from corridor.experiments.answers.cut_answer import CutAnswer, CutPath, cut_paths
from corridor.experiments.answers.map_document import MapDocument, map_document
from corridor.experiments.answers.names import Names, names_of
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import Document, read_document
from corridor.topologies.base.whole_file import write_text

CUT_FILE = "cut.json"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class CutDocument(Document):
    """What ``cut.json`` contains. Paths are in the order of the affected demands of ``answer``."""

    schema: int
    answer: CutAnswer
    paths: tuple[CutPath, ...]
    names: Names
    map: MapDocument


def cut_document(loaded: LoadedScenario, dead: tuple[str, ...]) -> CutDocument:
    answer, paths = cut_paths(loaded, dead)
    return CutDocument(
        schema=SCHEMA,
        answer=answer,
        paths=paths,
        names=names_of(loaded.scenario.title, (loaded.policies,)),
        map=map_document(loaded.topology),
    )


def write_cut(folder: Path, of: CutDocument) -> None:
    write_text(folder / CUT_FILE, json.dumps(of.to_json(), ensure_ascii=False) + "\n")


def read_cut(folder: Path) -> CutDocument:
    """Read the answer of a folder.

    Raises:
        InputError: there is none, or another version wrote it.
    """
    path = folder / CUT_FILE
    return read_document(CutDocument, read_json(path, RESULT), str(path), "cut again, with --out")
