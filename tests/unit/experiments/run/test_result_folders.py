"""A run's results go into a folder that is new or empty, and no two runs share one."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from corridor.experiments.run.event_log import EventLog
from corridor.experiments.run.folders import make_result_folder
from corridor.topologies.base.errors import InputError


def test_a_folder_is_made_with_its_parents_and_its_parts(tmp_path):
    folder = make_result_folder(tmp_path / "a" / "b", "mini")
    assert folder == tmp_path / "a" / "b"
    assert {path.name for path in folder.iterdir()} == {"raw", "tables"}


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "mine").mkdir()
    assert make_result_folder(tmp_path / "mine", "mini") == tmp_path / "mine"


def test_a_folder_with_anything_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / ".hidden").write_text("kept")
    with pytest.raises(InputError, match="not empty"):
        make_result_folder(tmp_path, "mini")
    assert [path.name for path in tmp_path.iterdir()] == [".hidden"]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_in_the_way_is_named(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as caught:
        make_result_folder(tmp_path / place, "mini")
    assert caught.value.file == str(tmp_path / place)


def test_runs_without_a_folder_get_one_each_named_for_scenario_and_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make_result_folder(None, "mini"), range(24)))
    assert len(set(made)) == 24
    for folder in made:
        assert folder.parent.name == "results"
        assert folder.name.startswith("mini-20")
    assert len(os.listdir("results")) == 24


@pytest.fixture
def log(tmp_path):
    said = []
    made = EventLog(tmp_path, said.append, 100.0)
    made.said = said
    return made


def test_events_are_kept_as_lines_with_seconds_since_the_start(log, tmp_path):
    log({"event": "built", "wall_s": 101.25, "at_ns": 7})
    log({"event": "exit", "wall_s": 103.0, "code": 0})
    assert (tmp_path / "events.jsonl").read_text() == (
        '{"wall_s": 1.25, "event": "built", "at_ns": 7}\n'
        '{"wall_s": 3.0, "event": "exit", "code": 0}\n'
    )


def test_phases_are_told_to_the_person_who_waits_and_other_events_are_not(log):
    log({"event": "phase", "name": "measure", "wall_s": 102.0, "at_ns": 1})
    log({"event": "agents", "wall_s": 102.5})
    assert log.said == ["[   2.0 s] measuring"]


def test_time_between_phases_is_known_once_both_have_come(log):
    log({"event": "phase", "name": "build", "wall_s": 101.0, "at_ns": 1_000_000_000})
    assert log.between("build", "install") is None
    log({"event": "phase", "name": "install", "wall_s": 103.5, "at_ns": 1_250_000_000})
    assert log.between("build", "install") == 2.5
    assert log.clock_between("build", "install") == 0.25
