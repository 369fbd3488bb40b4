"""A study of two conditions and two seeds whose runs are handmade, and ways to corrupt it."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

import handmade_run
from corridor.experiments.artifact.archive import SUMS, opened, written
from corridor.experiments.run.recover import recover
from corridor.experiments.study import cells as of_cells
from corridor.experiments.study.answers import answers
from corridor.experiments.study.cells import Cell, cells, conditions
from corridor.experiments.study.load import load_study
from corridor.experiments.study.reading import index_of, read_study
from corridor.experiments.study.worker import program_digest
from corridor.experiments.study.writing import write

STUDY = """name: handmade
title: Made by hand
question: What does loss cost?
scenario: own.yaml
as_of: 2026-11-24
repeat: 2
matrix:
  network.loss: [0%, 5%]
measures:
  - {id: rtt, of: "demands[near].rtt_ms.min"}
  - {id: lost, of: "sum(demands.lost)"}
compare:
  - {id: price, axis: network.loss, from: 0%, to: 5%}
"""
OWN = "name: own\nextends: mini\n"
SAMPLE = "raw/probes-shanghai.rec"
MANIFEST: dict[str, Any] = {
    "schema": 1,
    "testbed": {"testbed": "uml", "clock": "virtual", "reason": "made by hand"},
    "guest_kernel": {"version": "7.3.4", "config_hash": "0123"},
    "versions": {"numpy": "2.0"},
    "machine": {"kernel": "6.12", "processor": "one", "cores": 2, "python": "3.13.5"},
    "code": {"commit": "0123456789abcdef", "changed": False},
}


@pytest.fixture(autouse=True, scope="module")
def names_of_handmade_runs():
    """Tests that import this do not compare demands of runs with those of the scenario."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_cells, "check", lambda *_: None)
        yield


def write_run(folder: Path) -> None:
    """Summed up, and valid: all that was sent was answered."""
    handmade_run.write_run(folder)
    (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    recover(folder)


def write_study(folder: Path) -> Path:
    """Where ``corridor study run`` would have left it; its own files are gone."""
    own = folder / "own"
    own.mkdir(parents=True)
    (own / "study.yaml").write_text(STUDY)
    (own / "own.yaml").write_text(OWN)
    study = load_study(own / "study.yaml")
    program = program_digest()
    made = cells(study, conditions(study), program)
    out = folder / "results"
    for one in made:
        _write_cell(out / "cells" / one.id, one)
    (out / "failed").mkdir()
    (out / ".lock").touch()
    (out / "study.json").write_text(json.dumps({"schema": 1, **index_of(study, made, program)}))
    shutil.copyfile(own / "study.yaml", out / "study.yaml")
    own.rename(out / "inputs")
    summed_up(out)
    return out


def _write_cell(folder: Path, cell: Cell) -> None:
    write_run(folder)
    said = {"state": "valid", "message": "", "wall_s": 30.0, "seed": cell.seed}
    (folder / "cell.json").write_text(json.dumps(said))


def summed_up(folder: Path) -> None:
    study, runs = read_study(folder)
    write(folder, study, runs, answers(study, runs))


def a_sample(folder: Path) -> str:
    """The name of one file of samples of a study."""
    first = min(path.name for path in (folder / "cells").iterdir())
    return f"cells/{first}/{SAMPLE}"


def flip(path: Path, at: int = -20) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def unpacked(file: Path, into: Path) -> Path:
    with zipfile.ZipFile(file) as packed:
        packed.extractall(into)
    return next(into.iterdir())


def summed_again(root: Path) -> None:
    """Change an artifact as an author would who hides the change."""
    with opened(root) as held:
        (root / SUMS).write_text(written(held.digests))
