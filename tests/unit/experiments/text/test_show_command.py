"""``corridor show``: what a folder holds, without touching it."""

import json
from pathlib import Path

import pytest

import handmade_run
from artifact_case import names_of_handmade_runs, write_study  # noqa: F401 - for all tests
from corridor.experiments.results.results import read_plan, summarise
from described import wrong


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def ran(tmp_path):
    folder = tmp_path / "run"
    handmade_run.write_run(folder)
    summarise(folder, read_plan(folder), handmade_run.FACTS)
    return folder


def test_a_study_is_told_and_left_as_it_is(corridor, study):
    before = contents(study)
    code, said, _ = corridor("show", str(study))
    assert code == corridor("study", "show", str(study), "--no-figures")[0]
    assert "95 % interval" in said
    assert contents(study).keys() == before.keys()
    assert wrong("study-answers", json.loads(corridor("show", str(study), "--json")[1])) == []


def test_a_run_is_told_and_left_as_it_is(corridor, ran):
    before = contents(ran)
    _, said, _ = corridor("show", str(ran))
    _, whole, _ = corridor("report", str(ran), "--no-figures")
    assert said.splitlines()[0] in whole
    (ran / "report.html").unlink()
    assert contents(ran).keys() == before.keys()
    assert wrong("summary", json.loads(corridor("show", str(ran), "--json")[1])) == []


def test_a_folder_without_results_is_refused(corridor, tmp_path):
    code, said, complained = corridor("show", str(tmp_path))
    assert (code, said) == (2, "")
    assert "contains neither summary.json nor study.json" in complained
