"""What comes back of a cell is kept whole, or named as failed; a broken index is reported."""

import io
import json
import tarfile
from types import SimpleNamespace

import pytest

from corridor.experiments.commands.study import tell
from corridor.experiments.study.answers import answers
from corridor.experiments.study.folder import StudyFolder, read_index
from corridor.experiments.study.reading import changed_packages, read_study
from corridor.experiments.study.worker import LOG, RUN, Ran
from corridor.topologies.base.errors import InputError
from typed_summary import typed

CELL = SimpleNamespace(
    id="a1", repetition=0, seed=7, condition=SimpleNamespace(levels={"law": "th"}, digest="d")
)


def archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as made:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 2
            made.addfile(info, io.BytesIO(b"{}"))
    return packed.getvalue()


def ran(state: str, packed: bytes) -> Ran:
    return Ran("a1", state, "why", 1.0, "here", packed)


@pytest.fixture
def folder(tmp_path) -> StudyFolder:
    found = StudyFolder(tmp_path / "study")
    with found.open(b"name: x\n"):
        pass
    return found


def test_a_cell_with_results_is_its_owners_alone(folder):
    folder.keep(CELL, ran("valid", archive(LOG, f"{RUN}/summary.json")))
    assert folder.known("a1").state == "valid"
    assert folder.result("a1").stat().st_mode & 0o777 == 0o700
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert json.loads((folder.result("a1") / "cell.json").read_text())["seed"] == 7


@pytest.mark.parametrize(
    ("state", "packed"),
    [("failed", b""), ("invalid", archive(LOG)), ("failed", archive(LOG))],
    ids=["killed repeatedly", "no room for results", "refused"],
)
def test_a_cell_without_results_has_failed_and_may_run_again(folder, state, packed):
    folder.keep(CELL, ran(state, packed))
    assert folder.known("a1").state == "failed"
    assert not folder.result("a1").exists()
    folder.forget("a1")
    assert folder.known("a1") is None


def test_what_a_killed_command_left_half_is_cleared_away(folder):
    (folder.path / "cells" / "b2.partial").mkdir()
    with folder.open(b"name: x\n"):
        assert list((folder.path / "cells").iterdir()) == []


def test_two_commands_do_not_run_one_study(folder):
    other = StudyFolder(folder.path)
    with (
        folder.open(b"name: x\n"),
        pytest.raises(InputError, match="another command"),
        other.open(b""),
    ):
        pass


def test_an_error_within_is_told_as_what_it_is(folder):
    with pytest.raises(ConnectionRefusedError), folder.open(b"name: x\n"):
        raise ConnectionRefusedError


@pytest.mark.parametrize(
    "index",
    [[], {}, {"schema": 1}, {"schema": 1, "study": {"name": "X X"}, "cells": []}],
    ids=["a list", "empty", "no study", "a bad name"],
)
def test_a_broken_index_is_told(tmp_path, index):
    (tmp_path / "study.json").write_text(json.dumps(index))
    with pytest.raises(InputError):
        read_study(tmp_path)


def test_a_folder_without_an_index_is_no_study(tmp_path):
    with pytest.raises(InputError, match="is not a study's folder"):
        read_index(tmp_path)


def test_a_measure_that_runs_have_no_number_for_leaves_the_others_their_answers(folder, capsys):
    folder.keep(CELL, ran("valid", archive(LOG, f"{RUN}/summary.json")))
    summary = typed({"demands": [{"id": "a", "lost": 3}]}).to_json()
    (folder.result("a1") / "summary.json").write_text(json.dumps(summary))
    measures = [
        {"id": "tcp", "of": "max(demands.flows.bytes)"},
        {"id": "lost", "of": "sum(demands.lost)"},
    ]
    study = {"name": "x", "scenario": "mini", "matrix": {"law": {"th": {}}}, "measures": measures}
    cell = {"id": "a1", "levels": {"law": "th"}, "repetition": 0}
    folder.write_index({"study": study, "cells": [cell]})
    of, runs = read_study(folder.path)
    assert runs[0].values == {"tcp": None, "lost": 3.0}
    assert tell(of, answers(of, runs), as_json=False) == 4
    said = " ".join(capsys.readouterr().out.split())
    assert "lost 3" in said
    assert 'tcp has no value in 1 run: "demands" has no key "flows"; keys are id, class,' in said


def test_a_line_says_which_packages_have_changed_since_the_cells_before(tmp_path):
    folder = StudyFolder(tmp_path)
    index = {"study": {}, "program": "", "cells": [], "packages": {"sea": "1.2", "sky": "3"}}
    assert changed_packages(tmp_path, index) == ""
    folder.write_index(index)
    assert changed_packages(tmp_path, index) == ""
    later = {**index, "packages": {"sea": "1.3", "sky": "3"}}
    assert changed_packages(tmp_path, later) == (
        "cells that use a changed package run again: sea was 1.2 and is 1.3"
    )
