"""Which tests run for rooms that are named, and for files that a branch changes."""

import os
import subprocess
from pathlib import Path

import pytest

from corridor.experiments.setup import affected_tests
from corridor.experiments.setup.affected_tests import (
    affected_by_files,
    affected_by_rooms,
    changed_files,
    leading_rooms,
)
from corridor.experiments.setup.import_graph import ImportGraph
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError

ROOT = Path(__file__).resolve().parents[3]
LAW = "tests/unit/controller/policy/test_policy_law_vectors.py"


@pytest.fixture(scope="module")
def graph() -> ImportGraph:
    return ImportGraph(ROOT)


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    subprocess.run(["git", *who, *words], cwd=folder, env=kept, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-b", "main")
    (tmp_path / "kept.py").write_text("1")
    (tmp_path / "gone.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    return tmp_path


def test_changed_are_files_of_the_branch_files_not_committed_new_ones_and_those_removed(checkout):
    assert changed_files(checkout) == []
    git(checkout, "checkout", "-b", "mine")
    (checkout / "committed.py").write_text("1")
    git(checkout, "add", ".")
    git(checkout, "commit", "-m", "second")
    (checkout / "kept.py").write_text("2")
    (checkout / "gone.py").unlink()
    (checkout / "new.py").write_text("1")
    assert changed_files(checkout) == ["committed.py", "gone.py", "kept.py", "new.py"]


def test_without_a_branch_main_what_is_not_committed_has_changed(checkout):
    git(checkout, "branch", "-m", "trunk")
    (checkout / "kept.py").write_text("2")
    assert changed_files(checkout) == ["kept.py"]


def test_outside_a_checkout_of_git_the_way_out_is_to_name_rooms(checkout, monkeypatch):
    (checkout / "inside").mkdir()
    with pytest.raises(EnvironmentUnsupported, match="a folder above"):
        changed_files(checkout / "inside")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EnvironmentUnsupported) as refused:
        changed_files(checkout)
    assert "./corridor test ROOM" in refused.value.hint


def test_rooms_are_the_words_before_the_first_that_names_none():
    assert leading_rooms(["controller/policy", "traffic", "-k", "topologies"]) == [
        "controller/policy",
        "traffic",
    ]
    assert leading_rooms(["-k", "controller"]) == []
    assert leading_rooms(["tests/unit", "controller"]) == []


def test_an_unknown_room_is_refused_with_the_nearest(graph):
    with pytest.raises(InputError, match='there is no room "controller/polcy"') as refused:
        affected_by_rooms(graph, ["controller/polcy"])
    assert '"controller/policy"' in refused.value.hint


def test_tests_of_a_room_run_with_those_that_read_all_files(graph):
    found = affected_by_rooms(graph, ["controller/policy"])
    assert {LAW, "tests/unit/test_rooms.py", "tests/unit/test_package.py"} <= set(found)
    assert found == sorted(found)
    assert all((ROOT / one).exists() for one in found)


@pytest.mark.parametrize("file", ["semantics.py", "removed.py", "data/rules.yaml"])
def test_a_changed_file_of_a_room_affects_the_tests_of_that_room(graph, file):
    found, _ = affected_by_files(graph, [f"controller/policy/{file}"])
    assert graph.tests_of({"controller/policy"}) <= set(found)
    assert LAW in found
    assert "tests/unit/topologies/test_units.py" not in found


def test_a_changed_test_runs_alone_and_a_page_runs_its_blocks(graph):
    always, _ = affected_by_files(graph, [])
    found, _ = affected_by_files(graph, [LAW])
    assert set(found) - set(always) == {LAW}
    found, _ = affected_by_files(graph, ["docs/law.md"])
    assert set(found) - set(always) == {*affected_tests.PAGES}
    assert all((ROOT / one).exists() for one in (*affected_tests.PAGES, *always))


@pytest.mark.parametrize("file", ["pyproject.toml", "examples/lawful.yaml", "corridor"])
def test_a_file_of_no_room_may_affect_every_test(graph, file):
    assert affected_by_files(graph, ["docs/law.md", file]) == (None, file)


def test_a_test_that_was_removed_affects_nothing(graph):
    assert affected_by_files(graph, ["tests/unit/test_gone.py"]) == affected_by_files(graph, [])
