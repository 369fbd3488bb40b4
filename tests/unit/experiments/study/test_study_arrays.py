"""Parts of a study by a batch system: together all cells, each once, in one folder."""

from __future__ import annotations

import io
import json
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from artifact_case import names_of_handmade_runs  # noqa: F401 - for all tests of this file
from corridor.experiments import cli
from corridor.experiments.study import running
from corridor.experiments.study.cells import cells, conditions
from corridor.experiments.study.folder import INDEX, PARTIAL, StudyFolder
from corridor.experiments.study.load import Study, load_study
from corridor.experiments.study.reading import index_of, read_study
from corridor.experiments.study.running import Part
from corridor.experiments.study.worker import LOG, RUN, Bundle, Ran, program_digest
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from typed_summary import typed

WRITTEN = """name: short
scenario: mini
as_of: 2026-11-24
repeat: 3
matrix: {network.loss: [0%, 5%]}
measures: [{id: lost, of: "demands[a].lost"}]
"""
CELLS = 6


def archive(lost: int) -> bytes:
    packed = io.BytesIO()
    summary = json.dumps(typed({"demands": [{"id": "a", "lost": lost}]}).to_json()).encode()
    with tarfile.open(fileobj=packed, mode="w:gz") as made:
        for name, text in ((LOG, b"ran"), (f"{RUN}/summary.json", summary)):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            made.addfile(info, io.BytesIO(text))
    return packed.getvalue()


class Runs:
    """Instead of guests."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.state = "valid"

    def __call__(self, bundle: Bundle) -> Ran:
        self.seen.append(bundle.id)
        packed = archive(len(self.seen)) if self.state == "valid" else b""
        return Ran(bundle.id, self.state, "" if packed else "no room", 1.0, "here", packed)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    found = Runs()
    monkeypatch.setattr(running, "run_cell", found)
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "study.yaml").write_text(WRITTEN)
    return tmp_path / "study.yaml"


@pytest.fixture
def study(file: Path) -> Study:
    return load_study(file)


def quiet(_text: str) -> None:
    pass


@pytest.mark.parametrize("of", [1, 2, 4, 6])
def test_parts_are_together_all_cells_each_once(of: int) -> None:
    every = list(range(CELLS))
    parts = [Part(number, of).among(every) for number in range(1, of + 1)]
    assert sorted(one for part in parts for one in part) == every
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_parts_at_once_fill_one_folder(study: Study, tmp_path: Path, runs: Runs) -> None:
    def run(number: int) -> bool:
        return running.run_part(study, tmp_path / "out", Part(number, 3), quiet)

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(run, (1, 2, 3))) == [True] * 3
    assert len(runs.seen) == len(set(runs.seen)) == CELLS
    _, found = read_study(tmp_path / "out")
    assert {one.state for one in found} == {"valid"}
    assert sorted(one.values["lost"] for one in found) == [1, 2, 3, 4, 5, 6]
    assert run(2)
    assert len(runs.seen) == CELLS, "what is done is not run again"


def test_a_part_and_a_whole_study_do_not_run_at_once(
    study: Study, tmp_path: Path, runs: Runs
) -> None:
    with (
        StudyFolder(tmp_path / "out").open(b""),
        pytest.raises(InputError, match="another command runs this study"),
    ):
        running.run_part(study, tmp_path / "out", Part(1, 2), quiet)
    with (
        StudyFolder(tmp_path / "out").open(b"", shared=True),
        pytest.raises(InputError, match="another command runs this study"),
        StudyFolder(tmp_path / "out").open(b""),
    ):
        pass
    assert runs.seen == []


def test_the_index_of_a_study_that_went_on_does_not_shrink(
    study: Study, tmp_path: Path, runs: Runs
) -> None:
    more = cells(study, conditions(study), program_digest(), 5)
    folder = StudyFolder(tmp_path / "out")
    with folder.open(Path(study.document.file).read_bytes()):
        folder.write_index(index_of(study, more, program_digest()))
    running.run_part(study, tmp_path / "out", Part(1, 6), quiet)
    assert len(json.loads((tmp_path / "out" / INDEX).read_text())["cells"]) == len(more)


def test_the_index_of_another_program_makes_way(study: Study, tmp_path: Path, runs: Runs) -> None:
    folder = StudyFolder(tmp_path / "out")
    with folder.open(Path(study.document.file).read_bytes()):
        folder.write_index(index_of(study, cells(study, conditions(study), "old", 5), "old"))
    running.run_part(study, tmp_path / "out", Part(1, 6), quiet)
    assert len(json.loads((tmp_path / "out" / INDEX).read_text())["cells"]) == CELLS


def test_of_a_cell_that_two_ran_the_first_stays(study: Study, tmp_path: Path) -> None:
    cell = cells(study, conditions(study), "p")[0]
    folder = StudyFolder(tmp_path / "out")
    with folder.open(b"", shared=True):
        for lost in (7, 8):
            folder.keep(cell, Ran(cell.id, "valid", "", 1.0, "here", archive(lost)))
    kept = json.loads((folder.result(cell.id) / "summary.json").read_text())
    assert kept["demands"][0]["lost"] == 7
    assert list((tmp_path / "out" / "cells").glob(f"*{PARTIAL}")) == []


def test_what_failed_is_told_and_runs_again_when_asked(
    study: Study, tmp_path: Path, runs: Runs
) -> None:
    runs.state = "failed"
    said: list[str] = []
    assert not running.run_part(study, tmp_path / "out", Part(1, 6), said.append)
    assert said[-1].endswith("seed 1: failed: no room, 1.0 s")
    assert not running.run_part(study, tmp_path / "out", Part(1, 6), said.append)
    assert said[-1].endswith("failed: no room, done before")
    runs.state = "valid"
    assert running.run_part(study, tmp_path / "out", Part(1, 6), said.append, retry=True)
    assert len(runs.seen) == 2


def test_where_none_can_run_nothing_is_kept(study: Study, tmp_path: Path, runs: Runs) -> None:
    runs.state = "unable"
    with pytest.raises(EnvironmentUnsupported, match="no room"):
        running.run_part(study, tmp_path / "out", Part(1, 6), quiet)
    assert list((tmp_path / "out" / "failed").iterdir()) == []


def test_the_command_counts_cells_and_runs_a_part(
    file: Path, tmp_path: Path, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["study", "plan", str(file), "--count"]) == 0
    assert capsys.readouterr().out == "6\n"
    out = str(tmp_path / "out")
    assert cli.main(["study", "run", str(file), "--out", out, "--array", "2/4"]) == 0
    assert len(runs.seen) == 2
    assert f"corridor study show {out}" in capsys.readouterr().out
    runs.state = "failed"
    assert cli.main(["study", "run", str(file), "--out", out, "--array", "1/4"]) == 4


@pytest.mark.parametrize("part", ["0/4", "5/4", "4", "a/b", "-1/4"])
def test_what_is_no_part_is_refused(
    part: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["study", "run", str(file), f"--array={part}"])
    assert "is not a part: write 1/" in capsys.readouterr().err


def test_a_part_without_cells_is_refused(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["study", "run", str(file), "--out", str(tmp_path / "out"), "--array", "7/8"]
    assert cli.main(words) == 2
    said = capsys.readouterr().err
    assert "part 7 of 8 has no cells: there are 6; ask for 6 parts at most" in said
