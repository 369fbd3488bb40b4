"""Which networks are up now: notes that count while the process that wrote them lives."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.experiments.live_network import session
from corridor.experiments.live_network.session import (
    Session,
    find,
    folder_for,
    make_folder,
    remove,
    write,
)
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def another_process():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()


def made(name="mini", **changes) -> Session:
    one = session.session_of_this_process(
        name,
        url="http://127.0.0.1:4711",
        token_file=folder_for(name) / session.TOKEN_FILE,
        scenario="mini",
        testbed="uml",
        clock="real",
    )
    return replace(one, **changes)


def of(process, name="mini") -> Session:
    return made(name, pid=process.pid, pid_started=session._started(process.pid))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_found_by_its_name_and_as_the_only_one(state):
    path = write(made())
    assert path == state / "corridor/live/mini/session.json"
    assert find() == find("mini") == made(started=find().started)


def test_folder_and_note_are_the_users_alone_whatever_the_umask():
    before = os.umask(0)
    try:
        path = write(made())
    finally:
        os.umask(before)
    assert (mode(path.parent), mode(path)) == (0o700, 0o600)
    assert [one.name for one in path.parent.iterdir()] == ["session.json"]


def test_a_folder_that_was_open_is_closed():
    folder_for("mini").mkdir(parents=True, mode=0o777)
    folder_for("mini").chmod(0o777)
    make_folder("mini")
    assert mode(folder_for("mini")) == 0o700


def test_without_xdg_state_home_it_is_below_the_home_folder(tmp_path, monkeypatch):
    for value in ("", "relative/folder"):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        assert folder_for("a") == tmp_path / "home/.local/state/corridor/live/a"


def test_where_nothing_is_kept_it_is_said_how_to_start():
    for name in (None, "mini"):
        with pytest.raises(InputError, match="corridor up SCENARIO starts one"):
            find(name)


def test_of_several_one_must_be_named():
    for name in ("north", "south"):
        write(made(name))
    with pytest.raises(InputError, match=r"up: north, south; choose one with --network NAME"):
        find()
    assert find("south").name == "south"
    with pytest.raises(InputError, match='"noth" is up; did you mean "north"'):
        find("noth")


def test_a_session_whose_process_is_gone_is_not_alive(another_process):
    write(of(another_process))
    assert find().pid == another_process.pid
    another_process.kill()
    another_process.wait()
    with pytest.raises(InputError, match="no network is up"):
        find()


def test_a_process_that_is_dead_but_not_yet_waited_for_is_not_alive(another_process):
    write(of(another_process))
    os.kill(another_process.pid, 9)
    os.waitid(os.P_PID, another_process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(InputError, match="no network is up"):
        find()


def test_another_process_with_the_same_number_is_not_taken_for_it():
    boot, ticks = made().pid_started.split()
    for started in (f"{boot} {int(ticks) - 1}", f"{boot[:-1]}x {ticks}"):
        write(made(pid_started=started))
        with pytest.raises(InputError, match="no network is up"):
            find()


def test_a_second_network_of_the_same_name_is_refused_while_the_first_lives(another_process):
    write(of(another_process))
    for attempt in (lambda: make_folder("mini"), lambda: write(made())):
        with pytest.raises(InputError, match=f"up already, by process {another_process.pid}"):
            attempt()
    another_process.kill()
    another_process.wait()
    write(made())
    assert find().pid == os.getpid()


def test_what_is_removed_is_gone_with_all_beside_it():
    (write(made()).parent / session.TOKEN_FILE).write_text("x")
    remove("mini")
    remove("mini")
    assert not folder_for("mini").exists()


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", "A", "-a", "a" * 64, "a\n", "a b"])
def test_a_name_that_is_no_plain_folder_is_refused(name):
    for use in (folder_for, make_folder, remove):
        with pytest.raises(InputError, match="lower-case letters, digits and hyphens"):
            use(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "no json",
        json.dumps({**session.to_plain(made()), "schema": 3}),
        json.dumps({**session.to_plain(made()), "more": 1}),
        json.dumps({**session.to_plain(made()), "name": "other"}),
    ],
)
def test_a_note_that_is_none_of_ours_is_passed_over(text):
    write(made()).write_text(text)
    with pytest.raises(InputError, match="no network is up"):
        find()


def test_a_note_in_a_folder_that_others_may_write_is_passed_over():
    write(made()).parent.chmod(0o777)
    with pytest.raises(InputError, match="no network is up"):
        find()


def test_a_state_folder_that_cannot_be_made_is_told_of(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(EnvironmentUnsupported, match="XDG_STATE_HOME"):
        make_folder("mini")
