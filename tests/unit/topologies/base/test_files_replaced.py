"""Files of results are replaced, never followed through links, and named files are not lost."""

import ast
import os
from pathlib import Path

import pyarrow as pa
import pytest
from matplotlib.figure import Figure

from corridor.experiments import cli
from corridor.experiments.artifact.archive import write_archive
from corridor.experiments.figures.saving import FORMATS, save
from corridor.experiments.results.results import write_summary
from corridor.experiments.study.folder import StudyFolder
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import (
    replacing,
    write_parquet_file,
    write_text,
    write_whole,
)
from typed_summary import typed

ROOT = Path(__file__).resolve().parents[4]
WRITING_ROOMS = ("account", "results", "answers", "pages", "figures", "artifact", "commands")
BY_THEMSELVES = {
    "commands/list.py": 1,  # its index among the sources, by a developer
    "figures/saving.py": 1,  # to the draft that it is given
    "figures/vega.py": 1,  # likewise
    "account/counters.py": 2,  # in a guest, where more system calls would take time
    "account/readings.py": 1,
}
"""Calls that write a file without the one helper."""


@pytest.fixture
def victim(tmp_path):
    file = tmp_path / "victim"
    file.write_text("mine\n")
    return file


WRITERS = {
    "report.html": lambda path: write_text(path, "page"),
    "state": lambda path: write_whole(path, b"state"),
    "summary.json": lambda path: write_summary(path.parent, typed({})),
    "probes.parquet": lambda path: write_parquet_file(path, pa.table({"a": [1]})),
    "run.artifact.zip": lambda path: write_archive(path, "top", {"a": b"1"}),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_link_with_the_name_of_a_result_is_replaced_and_not_followed(tmp_path, victim, name):
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / name
    for trap in (name, f".{name}", f"{name}.new", f".{name}.unfinished"):
        (tmp_path / "out" / trap).symlink_to(victim)
    WRITERS[name](path)
    assert victim.read_text() == "mine\n"
    assert not path.is_symlink()
    assert path.stat().st_size > 0


def test_figures_replace_links(tmp_path, victim):
    for ending in FORMATS:
        (tmp_path / f"delay.{ending}").symlink_to(victim)
    made = save(Figure(), tmp_path, "delay", formats=FORMATS)
    assert victim.read_text() == "mine\n"
    assert not any(path.is_symlink() for path in made)


def test_what_fails_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "kept"
    path.write_text("old")

    def fail():
        with replacing(path) as draft:
            draft.write_text("half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]
    assert path.read_text() == "old"


def test_a_new_file_may_be_read_by_whom_the_umask_says(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "new", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("place", ["report.html", "figures", "raw/plan.json"])
def test_no_report_is_made_of_a_folder_with_links(tmp_path, victim, capsys, place):
    link = tmp_path / "run" / place
    link.parent.mkdir(parents=True)
    link.symlink_to(victim if "." in place else tmp_path)
    assert cli.main(["report", str(tmp_path / "run")]) == 2
    assert f"{place} is a symbolic link" in capsys.readouterr().err
    assert victim.read_text() == "mine\n"


def test_rooms_that_write_results_use_the_one_helper():
    found = {}
    for room in WRITING_ROOMS:
        for file in sorted((ROOT / "experiments" / room).rglob("*.py")):
            calls = sum(map(writes_itself, ast.walk(ast.parse(file.read_text()))))
            if calls:
                found[str(file.relative_to(ROOT / "experiments"))] = calls
    assert found == BY_THEMSELVES


def writes_itself(node):
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    return node.func.attr in ("write_bytes", "write_text") and bool(node.args)


def test_an_artifact_is_not_written_over_a_file(victim, tmp_path, capsys):
    named = tmp_path / "mine.zip"
    named.write_text("mine")
    assert cli.main(["artifact", "pack", str(tmp_path), "--out", str(named)]) == 2
    assert "exists already; name another file or add --force" in capsys.readouterr().err
    assert named.read_text() == "mine"


def test_an_artifact_is_not_written_under_the_name_of_another_format(tmp_path, capsys):
    assert cli.main(["artifact", "pack", str(tmp_path), "--out", str(tmp_path / "x.tar.gz")]) == 2
    said = capsys.readouterr().err
    assert "an artifact is a zip archive" in said
    assert "x.tar.gz.artifact.zip" in said


def test_a_changed_study_does_not_replace_the_one_in_a_folder_unasked(tmp_path):
    folder = StudyFolder(tmp_path / "study")
    with folder.open(b"name: one"):
        pass
    with folder.open(b"name: one"):
        pass
    with pytest.raises(InputError, match="another study"), folder.open(b"name: two"):
        pass
    assert (tmp_path / "study" / "study.yaml").read_bytes() == b"name: one"
    with folder.open(b"name: two", overwrite=True):
        pass
    assert (tmp_path / "study" / "study.yaml").read_bytes() == b"name: two"
