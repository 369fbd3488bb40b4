"""Which tests run for rooms that are named, and for files that a branch changes."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.mutation.mistakes import mistakes

from corridor.experiments.setup import import_graph
from corridor.experiments.setup.import_graph import (
    ImportGraph,
    affected_by_files,
    affected_by_rooms,
    changed_files,
    leading_rooms,
)
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError

ROOT = Path(__file__).resolve().parents[4]
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


def test_without_a_branch_main_that_of_the_origin_counts(checkout, tmp_path):
    clone = tmp_path / "clone"
    git(checkout, "clone", str(checkout), "clone")
    git(clone, "checkout", "-b", "mine")
    git(clone, "branch", "-D", "main")
    (clone / "committed.py").write_text("1")
    git(clone, "add", ".")
    git(clone, "commit", "-m", "second")
    assert changed_files(clone) == ["committed.py"]


def test_without_any_main_what_changed_is_not_known(checkout):
    git(checkout, "branch", "-m", "master")
    (checkout / "kept.py").write_text("2")
    with pytest.raises(EnvironmentUnsupported, match="neither main nor origin/main") as refused:
        changed_files(checkout)
    assert "git fetch origin main:main" in refused.value.hint
    assert "./corridor test ROOM" in refused.value.hint


def test_outside_a_checkout_of_git_the_way_out_is_to_name_rooms(checkout, monkeypatch):
    (checkout / "inside").mkdir()
    with pytest.raises(EnvironmentUnsupported, match="a folder above"):
        changed_files(checkout / "inside")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EnvironmentUnsupported) as refused:
        changed_files(checkout)
    assert "./corridor test ROOM" in refused.value.hint


def test_rooms_are_the_words_before_the_first_option_or_path_of_another_folder():
    rooms = ["controller/policy", "traffic"]
    assert leading_rooms([*rooms, "-k", "topologies"], ROOT) == rooms
    assert leading_rooms(["./controller/policy/", "traffic"], ROOT) == rooms
    assert leading_rooms(["-k", "controller"], ROOT) == []
    assert leading_rooms(["tests/unit", "controller"], ROOT) == []
    assert leading_rooms(["tests/unit/test_rooms.py::test_imports", "controller"], ROOT) == []
    assert leading_rooms(["tests/unit/test_gone.py", "controller"], ROOT) == []
    assert leading_rooms(["controler/policy", "-x"], ROOT) == ["controler/policy"]


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("controller/polcy", "controller/policy"),
        ("controler/policy", "controller/policy"),
        ("policy", "controller/policy"),
        ("topologies/base/errors.py", "topologies/base"),
        ("topologies/formats/data/rules.yaml", "topologies/formats"),
    ],
)
def test_an_unknown_room_is_refused_with_the_nearest(graph, name, room):
    with pytest.raises(InputError, match=f'no room is called "{name}"') as refused:
        affected_by_rooms(graph, [name])
    assert refused.value.hint == f'did you mean "{room}"?'


def test_a_room_that_is_like_no_other_is_looked_up_in_the_design(graph):
    with pytest.raises(InputError, match='no room is called "elsewhere"') as refused:
        affected_by_rooms(graph, ["elsewhere"])
    assert "docs/design.md" in refused.value.hint


def test_tests_of_a_room_run_with_those_that_read_all_files(graph):
    found = affected_by_rooms(graph, ["controller/policy"])
    assert {LAW, "tests/unit/test_rooms.py", "tests/unit/test_package.py"} <= set(found)
    assert found == sorted(found)
    assert all((ROOT / one).exists() for one in found)


@pytest.mark.parametrize("file", ["removed.py", "data/rules.yaml"])
def test_data_or_a_removed_file_of_a_room_affects_the_tests_of_that_room(graph, file):
    found, _ = affected_by_files(graph, [f"controller/policy/{file}"])
    assert graph.tests_of({"controller/policy"}) <= set(found)
    assert LAW in found
    assert "tests/unit/topologies/base/test_units.py" not in found


def test_a_changed_file_of_code_affects_the_tests_that_use_this_file(graph):
    of_law = own_tests(graph, "controller/policy/law.py")
    of_paths = own_tests(graph, "controller/policy/permitted_paths.py")
    assert LAW in of_law - of_paths
    assert of_law | of_paths <= graph.tests_of({"controller/policy"})


def test_the_tests_that_catch_a_mistake_run_when_its_file_changes(graph):
    missed = {
        one.file: set(one.tests) - {test.removeprefix("tests/") for test in found}
        for one in mistakes()
        if (found := affected_by_files(graph, [one.file])[0]) is not None
    }
    assert len(missed) > 30
    assert {file: tests for file, tests in missed.items() if tests} == {}


@pytest.mark.parametrize(
    ("file", "uses", "does_not"),
    [
        ("experiments/commands/price.py", "answers/test_price", "commands/test_lab_command"),
        (
            "experiments/live_commands/policy.py",
            "live_commands/test_commands_that_follow",
            "commands/test_topology_command",
        ),
        (
            "topologies/formats/graphml.py",
            "commands/test_topology_command",
            "live_network/test_sessions",
        ),
    ],
)
def test_a_changed_verb_affects_the_tests_that_type_it(graph, file, uses, does_not):
    found = own_tests(graph, file)
    assert f"tests/unit/experiments/{uses}.py" in found
    assert f"tests/unit/experiments/{does_not}.py" not in found


def test_a_changed_test_runs_alone_and_a_page_runs_its_blocks(graph):
    assert own_tests(graph, LAW) == {LAW}
    assert own_tests(graph, f"docs/{'x' * 9}.md") == {*import_graph.PAGES}
    always, _ = affected_by_files(graph, [])
    assert all((ROOT / one).exists() for one in (*import_graph.PAGES, *always))


def test_tests_that_read_every_page_are_known():
    reads = re.compile(r"^from doc_blocks import|\bdocs\b.*glob\(", re.MULTILINE)
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("test_*.py")
        if reads.search(path.read_text(encoding="utf-8"))
    }
    assert found == {*import_graph.PAGES, "tests/unit/test_docs_pages.py"}


@pytest.mark.parametrize(
    ("page", "test"),
    [
        ("docs/law.md", LAW),
        ("docs/topologies.md", "tests/unit/topologies/formats/test_topology_yaml.py"),
        ("docs/scenarios.md", "tests/unit/controller/traffic_engineering/test_path_selection.py"),
    ],
)
def test_a_changed_page_also_runs_the_tests_that_name_it(graph, page, test):
    assert own_tests(graph, page) > {test, *import_graph.PAGES}


@pytest.mark.parametrize(
    ("file", "test"),
    [
        (
            "tests/guest/inside/at_rest.py",
            "tests/guest/experiments/testbeds/test_inside_a_guest.py",
        ),
        ("tests/guest/inside/rogue_gateway.py", "tests/guest/topologies/emulation/test_attacks.py"),
        (
            "tests/support/reconcile/flows_over_the_wire.py",
            "tests/unit/controller/openflow/test_flows_over_openflow.py",
        ),
        ("tests/support/run/notebook.py", "tests/guest/test_notebooks.py"),
        (
            "tests/support/live_network/impatient_page.py",
            "tests/browser/test_live_page_in_a_browser.py",
        ),
        ("tests/soak/driver.py", "tests/guest/test_soak.py"),
    ],
)
def test_a_program_that_tests_start_affects_them(graph, file, test):
    found = own_tests(graph, file)
    assert test in found
    assert len(found) < 10


@pytest.mark.parametrize("file", [f"tests/support/{'x' * 9}.py", "tests/guest/scenarios/a.yaml"])
def test_a_file_of_the_tests_that_none_names_may_affect_every_test(graph, file):
    assert affected_by_files(graph, [file]) == (None, file)


def own_tests(graph: ImportGraph, file: str) -> set[str]:
    """What a changed file affects, but for the tests that every change affects."""
    found, _ = affected_by_files(graph, [file])
    always, _ = affected_by_files(graph, [])
    assert found is not None
    assert always is not None
    return set(found) - set(always)


@pytest.mark.parametrize("file", ["pyproject.toml", "examples/lawful.yaml", "corridor"])
def test_a_file_of_no_room_may_affect_every_test(graph, file):
    assert affected_by_files(graph, ["docs/law.md", file]) == (None, file)


def test_a_test_that_was_removed_affects_nothing(graph):
    assert affected_by_files(graph, ["tests/unit/test_gone.py"]) == affected_by_files(graph, [])
