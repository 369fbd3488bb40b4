"""``corridor page`` and ``corridor up --open``: where a page is, who serves it, how it opens."""

import fcntl
import json
import os
import threading
import time
from typing import ClassVar

import pytest

from corridor.experiments import cli
from corridor.experiments.live_network import api_process, session
from corridor.experiments.live_network.api_process import Restarted
from corridor.topologies.base.scratch import lock_folder

TOKEN = "t" * 43


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "state/corridor/live"


def page(*words):
    try:
        return cli.main(["page", *words])
    except SystemExit as left:
        return left.code


def network(state, **more):
    """One that is up, as far as its note says."""
    given = {"operations": state / "operations.sock", "out": state / "out", **more}
    one = session.session_of_this_process(
        "mini",
        url="http://127.0.0.1:1",
        token_file=state / "mini/token",
        scenario="mini",
        testbed="uml",
        clock="real",
        **given,
    )
    session.write(one)
    return one


def served(state):
    """By who holds the lock, if anybody does."""
    note = json.dumps({"url": "http://127.0.0.1:4711"})
    (state / "mini" / api_process.NOTE).write_text(note)
    (state / "mini" / api_process.TOKEN_FILE).write_text(TOKEN)


@pytest.fixture
def held(state):
    """Another process serves the page of a network, or is about to."""
    network(state)
    number = lock_folder(state / "mini", fcntl.LOCK_EX)
    yield
    os.close(number)


def test_without_a_network_there_is_no_page(capsys):
    assert page() == 2
    assert "no network is up" in capsys.readouterr().err


def test_a_network_that_takes_no_faults_has_no_page(state, capsys):
    network(state, operations=None)
    assert page() == 3
    assert "network mini has no page" in capsys.readouterr().err


def test_a_page_that_is_served_already_is_told_of_and_no_other_is_started(state, held, capsys):
    served(state)
    assert page("--no-browser") == 0
    assert capsys.readouterr().out == f"page: http://127.0.0.1:4711/#token={TOKEN}\n"
    assert page("--kiosk") == 2
    assert "is served already" in capsys.readouterr().err


def test_a_note_of_a_process_that_is_dead_is_none(state):
    one = network(state)
    served(state)
    assert api_process.found(one) is None


def test_a_page_that_another_process_is_about_to_serve_is_not_served_twice(state, held, capsys):
    (state / "mini" / api_process.TOKEN_FILE).write_text(TOKEN)
    assert page("--no-browser") == 2
    assert "its page is being served by another process" in capsys.readouterr().err
    assert (state / "mini" / api_process.TOKEN_FILE).read_text() == TOKEN, "it is not ours"


class Process:
    """One that serves a page, as far as ``Restarted`` knows."""

    started: ClassVar[list] = []

    def __init__(self, *_, **__):
        self.url = "http://127.0.0.1:4711"
        self.may_start, self.died = threading.Event(), threading.Event()
        self.is_closed = False
        first = not Process.started
        Process.started.append(self)
        assert first or self.may_start.wait(60)

    def wait(self):
        self.died.wait()
        return "it ended with code -9"

    def close(self):
        self.is_closed = True
        self.died.set()


def test_one_that_is_being_started_again_when_all_ends_ends_as_well(monkeypatch):
    """Otherwise nothing would undo the actions of pages."""
    monkeypatch.setattr(api_process, "RESTART_S", 0.0)
    monkeypatch.setattr(Process, "started", [])
    serving = Restarted(Process, "the page", None, lambda _text: None)
    Process.started[0].died.set()
    deadline = time.monotonic() + 60
    while len(Process.started) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    ending = threading.Thread(target=serving.close)
    ending.start()
    ending.join(0.2)
    Process.started[1].may_start.set()
    ending.join(60)
    assert Process.started[1].is_closed
    assert len(Process.started) == 2


def test_a_page_that_cannot_be_served_is_one_line_and_leaves_nothing(state, tmp_path, capsys):
    (state / "out").mkdir(parents=True)
    network(state)
    assert page("--no-browser") == 3
    said = capsys.readouterr().err
    assert "no page of the network" in said
    assert said.count("\n") == 1
    left = {path.name for path in (state / "mini").iterdir()}
    assert left == {"session.json"}


@pytest.mark.parametrize(
    ("environment", "root", "opens"),
    [
        ({"DISPLAY": ":0"}, 1000, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, 1000, True),
        ({"DISPLAY": ":0"}, 0, False),
        ({}, 1000, False),
    ],
)
def test_a_browser_is_started_where_there_is_a_display_and_nobody_is_root(
    state, monkeypatch, environment, root, opens
):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(api_process.os, "geteuid", lambda: root)
    monkeypatch.setattr(api_process.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(api_process.webbrowser, "open", lambda url: started.append(url) or True)
    started, said = [], []
    address = f"http://127.0.0.1:4711/#token={TOKEN}"
    one = network(state)
    api_process.open_in_browser(one, address, said.append)
    assert bool(started) is opens
    assert said[0] == f"page: {address}"
    assert all(TOKEN not in url for url in started)
    if not opens:
        assert "ssh -L 4711:127.0.0.1:4711" in said[1]
