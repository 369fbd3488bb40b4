"""Answers that are kept: the same bytes as computed ones, and only for the same question."""

from __future__ import annotations

import argparse
import gc
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from corridor.controller.traffic_engineering import objective
from corridor.experiments import cli
from corridor.experiments.commands import check, price
from corridor.experiments.terminal import kept_answers
from corridor.experiments.terminal.kept_answers import Answer, code_version, kept, shown, told
from corridor.topologies.base.disk_cache import TEXTS, keep_text
from corridor.topologies.base.files_read import FOLDERS
from corridor.topologies.base.installation import CHECKOUT, IMPORT_ROOT

SETTLED_S = 0.1
"""Files that change while an answer is computed keep it from being kept."""
SCENARIO = """schema: 1
name: mine
extends: base.yaml
title: mine
policies: {policies}
"""
POLICIES = """schema: 1
name: {name}
title: a set
include: [{includes}]
"""
MS = re.compile(rb"in \d+ ms")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of kept texts."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "corridor" / TEXTS


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "corridor.experiments.cli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(IMPORT_ROOT), **environment},
        capture_output=True,
        check=False,
        timeout=60,
    )


def answers(cache: Path) -> int:
    return len(list(cache.glob("answer-*")))


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "policies", "--json"),
        ("check", "mini"),
        ("explain", "records-urumqi-lahore", "--json"),
        ("cut", "red-sea"),
        ("price", "mini", "--sets", "th"),
        ("check", "mini", "--policies", "th", "--as-of", "2031-01-01"),
    ],
    ids=" ".join,
)
def test_a_kept_answer_has_the_bytes_of_a_computed_one(
    cache: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    computed = run(tmp_path, *words)
    assert answers(cache) == 1
    found = run(tmp_path, *words)
    assert answers(cache) == 1
    assert found.stdout == computed.stdout != b""
    assert (found.stderr, found.returncode) == (computed.stderr, computed.returncode)


def test_without_the_cache_the_answer_is_the_same_and_is_not_kept(
    cache: Path, tmp_path: Path
) -> None:
    computed = run(tmp_path, "check", "mini", "--no-cache")
    assert answers(cache) == 0
    kept_then = run(tmp_path, "check", "mini")
    assert answers(cache) == 1
    assert MS.sub(b"", computed.stdout) == MS.sub(b"", kept_then.stdout) != b""
    assert (computed.stderr, computed.returncode) == (kept_then.stderr, 0)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """A folder with a scenario of files: each of them is an input of its answers."""
    folder = tmp_path / "work"
    folder.mkdir()
    shipped = CHECKOUT / "experiments" / "scenario" / "shipped" / "mini.yaml"
    text = re.sub(r"(?m)^topology:.*$", "topology: map.yaml", shipped.read_text())
    (folder / "base.yaml").write_text(text)
    shutil.copy(CHECKOUT / "topologies" / "data" / "mini.yaml", folder / "map.yaml")
    (folder / "mine.yaml").write_text(SCENARIO.format(policies="set.yaml"))
    (folder / "set.yaml").write_text(POLICIES.format(name="a-set", includes="below.yaml"))
    (folder / "below.yaml").write_text(POLICIES.format(name="below", includes="none"))
    model = CHECKOUT / "topologies" / "data" / "delay-model.yaml"
    shutil.copy(model, folder / "model.yaml")
    time.sleep(SETTLED_S)
    return folder


COMMAND = ("check", "mine.yaml", "--delay-model", "model.yaml")


def test_a_change_of_any_input_is_another_question(cache: Path, scenario: Path) -> None:
    first = run(scenario, *COMMAND)
    assert (first.returncode, answers(cache)) == (0, 1), first.stderr
    files = ("mine.yaml", "base.yaml", "map.yaml", "set.yaml", "below.yaml", "model.yaml")
    for number, name in enumerate(files, start=2):
        before = (scenario / name).read_bytes()
        (scenario / name).write_bytes(before + b"# more\n")
        time.sleep(SETTLED_S)
        run(scenario, *COMMAND)
        assert answers(cache) == number, name
        (scenario / name).write_bytes(before)
    time.sleep(SETTLED_S)
    assert run(scenario, *COMMAND).stdout == first.stdout  # the same content, the first answer
    assert answers(cache) == len(files) + 1


@pytest.mark.parametrize("input_", ["map", "policies", "include"])
def test_what_a_link_and_two_dots_lead_to_is_an_input(
    cache: Path, scenario: Path, tmp_path: Path, input_: str
) -> None:
    """The kernel follows the link first: its parent is not the folder that the link is in."""
    (tmp_path / "real" / "sub").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to("../real/sub")
    text = (scenario / "base.yaml").read_text().replace("map.yaml", "../map.yaml")
    (tmp_path / "real" / "sub" / "s.yaml").write_text(text)
    shutil.copy(scenario / "map.yaml", tmp_path / "real" / "map.yaml")
    rules = tmp_path / "real" / "rules.yaml"
    rules.write_text(POLICIES.format(name="rules", includes="link/../below.yaml"))
    (tmp_path / "real" / "link").symlink_to("../there/sub")
    (tmp_path / "there" / "sub").mkdir(parents=True)
    below = tmp_path / "there" / "below.yaml"
    below.write_text(POLICIES.format(name="below", includes="none"))
    edited = {"map": tmp_path / "real" / "map.yaml", "policies": rules, "include": below}[input_]
    words = ("check", "link/s.yaml", "--policies", "link/../rules.yaml", "--json")
    time.sleep(SETTLED_S)
    first = run(tmp_path / "here", *words)
    assert (first.returncode, answers(cache)) == (0, 1), first.stderr
    edited.write_text("no file of this kind\n")
    assert run(tmp_path / "here", *words).returncode == 2


def test_a_file_that_appears_is_another_question(cache: Path, scenario: Path) -> None:
    text = (scenario / "mine.yaml").read_text()
    (scenario / "mine.yaml").write_text(text.replace("base.yaml", "mini"))
    time.sleep(SETTLED_S)
    shipped = run(scenario, *COMMAND)
    assert (shipped.returncode, answers(cache)) == (0, 1), shipped.stderr
    (scenario / "mini").write_text("demands: none\n")
    beside = run(scenario, *COMMAND)
    assert beside.returncode == 2
    assert beside.stderr.startswith(b"corridor: mini:1")


def test_another_command_is_another_question(cache: Path, tmp_path: Path) -> None:
    asked: list[tuple[tuple[str, ...], dict[str, str]]] = [
        ((), {}),
        (("--as-of", "2026-03-01"), {}),
        (("--policies", "th"), {}),
        (("--service", "internet"), {}),
        (("--json",), {}),
        ((), {"CORRIDOR_SLOWNESS": "2"}),
    ]
    for number, (more, environment) in enumerate(asked, start=1):
        run(tmp_path, "check", "mini", *more, **environment)
        assert answers(cache) == number, (more, environment)


def test_the_day_and_the_width_are_of_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    args = argparse.Namespace(verb="check", own_process=True, no_cache=False)
    asked = {kept_answers._question(args)}
    monkeypatch.setattr(kept_answers, "terminal_width", lambda: 71)
    asked.add(kept_answers._question(args))
    monkeypatch.setattr(kept_answers, "sys", argparse.Namespace(version="4.0", path=sys.path))
    asked.add(kept_answers._question(args))
    monkeypatch.setattr(kept_answers, "sys", argparse.Namespace(version="4.0", path=["/none"]))
    asked.add(kept_answers._question(args))
    assert len(asked) == 4


@pytest.mark.parametrize("zone", ["XXX-14", "XXX+12"])
def test_the_day_of_the_question_is_the_day_of_the_answer(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """It is the day of UTC, wherever the machine is."""
    args = argparse.Namespace(verb="check")
    asked = kept_answers._question(args)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert kept_answers._question(args) == asked
    finally:
        monkeypatch.undo()
        time.tzset()
    monkeypatch.setattr(kept_answers, "today", lambda: date(2031, 1, 1))
    assert kept_answers._question(args) != asked


def test_the_word_none_is_another_value_than_no_option() -> None:
    asked = {
        kept_answers._question(argparse.Namespace(verb="check", policies=policies))
        for policies in (None, "None", [], "[]")
    }
    assert len(asked) == 4


def test_other_code_is_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FOLDERS:
        (tmp_path / name / "room").mkdir(parents=True)
        (tmp_path / name / "room" / "file.py").write_text("limit = 5\n")
    monkeypatch.setattr(kept_answers, "CHECKOUT", tmp_path)
    assert code_version() is None  # this process may have imported what was there before
    monkeypatch.setattr(kept_answers, "SETTLED_NS", 0)
    versions = {code_version()}
    file = tmp_path / "controller" / "room" / "file.py"
    held = file.stat()
    file.write_text("limit = 6\n")
    os.utime(file, ns=(held.st_atime_ns, held.st_mtime_ns))  # as an unpacked archive may set it
    versions.add(code_version())
    (tmp_path / "traffic" / "new.yaml").write_text("")
    versions.add(code_version())
    (tmp_path / "traffic" / "__pycache__").mkdir()
    (tmp_path / "traffic" / "__pycache__" / "new.pyc").write_text("")
    versions.add(code_version())
    assert len(versions) == 3


@pytest.mark.parametrize("target", ["nothing", "loop.py", "."])
def test_a_link_that_leads_to_no_file_of_the_code_keeps_nothing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    monkeypatch.setattr(kept_answers, "CHECKOUT", tmp_path)
    monkeypatch.setattr(kept_answers, "SETTLED_NS", 0)
    args = argparse.Namespace(verb="check", own_process=True, no_cache=False)
    assert kept_answers._question(args) is not None
    (tmp_path / "traffic" / "loop.py").symlink_to(target)  # an editor's lock leads to nothing
    assert told(args, lambda _: Answer([shown("said")], 3)) == 3
    assert answers(cache) == 0


@pytest.mark.parametrize("verb", ["list", "check"])
def test_a_command_answers_in_a_folder_that_was_deleted(
    cache: Path, tmp_path: Path, verb: str
) -> None:
    (tmp_path / "gone").mkdir()
    script = 'rmdir "$PWD" && exec "$0" -P -m corridor.experiments.cli "$@"'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable, verb, *(["mini"] if verb == "check" else [])],
        cwd=tmp_path / "gone",
        env={**os.environ, "PYTHONPATH": str(IMPORT_ROOT)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr, answers(cache)) == (0, b"", 0)


def _computed(cache: Path, read: Callable[[], object]) -> int:
    """How often the same answer is computed when it is asked for twice."""
    made: list[None] = []

    def make() -> Answer:
        made.append(None)
        read()
        return Answer([shown("said")], 1)

    found = [kept("q", make) for _ in range(2)]
    assert [(one.parts[0][1], one.exit_code) for one in found] == [("said", 1)] * 2
    return len(made)


def test_only_what_files_say_is_kept(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_text("1")
    (tmp_path / "library.pyc").write_text("1")
    time.sleep(SETTLED_S)
    assert _computed(cache, file.read_text) == 1
    shutil.rmtree(cache)
    assert _computed(cache, lambda: subprocess.run(["true"], check=True)) == 2
    assert _computed(cache, Path("/proc/self/status").read_text) == 2
    assert _computed(cache, (tmp_path / "library.pyc").read_text) == 2
    assert _computed(cache, lambda: objective._module("x = 1", "objective.py")) == 2
    assert _computed(cache, lambda: file.write_text("2") and file.read_text()) == 2
    assert answers(cache) == 0


@pytest.mark.parametrize("on_the_path", ["link", "folder"])
def test_another_file_behind_the_same_name_keeps_nothing(
    cache: Path, tmp_path: Path, on_the_path: str
) -> None:
    """It is as old as the one that was read."""
    for number in "12":
        (tmp_path / number).mkdir()
        (tmp_path / number / "input").write_text(number)
    path = tmp_path / "path"
    path.symlink_to("1") if on_the_path == "link" else (tmp_path / "1").rename(path)
    time.sleep(SETTLED_S)

    def make() -> Answer:
        text = (path / "input").read_text()
        path.rename(tmp_path / "before")
        path.symlink_to("2") if on_the_path == "link" else (tmp_path / "2").rename(path)
        return Answer([shown(text)])

    assert kept("q", make).parts[0][1] == "1"
    assert answers(cache) == 0


def test_a_listed_folder_is_an_input(cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "listed"
    folder.mkdir()
    time.sleep(SETTLED_S)

    def make() -> Answer:
        return Answer([shown(",".join(sorted(one.name for one in folder.glob("*"))))])

    said = [kept("q", make).parts[0][1]]
    (folder / "new").write_text("")
    said.append(kept("q", make).parts[0][1])
    assert said == ["", "new"]


def test_answers_of_what_switches_held_and_of_runs_are_never_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may: list[bool] = []
    for verb in (check, price):
        monkeypatch.setattr(verb, "told", lambda *_, may_keep: may.append(may_keep) or 0)
    for tables in (None, Path("after.json")):
        asked = {"scenario": ["mini"], "json": False, "sarif": None, "code_quality": None}
        check.run(argparse.Namespace(tables=tables, **asked))
    for out, measure in ((None, False), (Path("out"), False), (None, True)):
        price.run(argparse.Namespace(out=out, measure=measure))
    assert may == [True, False, True, False, False]


def test_only_the_command_itself_keeps_answers(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    args = argparse.Namespace(verb="check", no_cache=False)
    assert told(args, lambda _: Answer([shown("said")], 3)) == 3
    assert capsys.readouterr().out == "said\n"
    assert answers(cache) == 0


@pytest.mark.parametrize("may_keep", [True, False])
def test_cycles_are_collected_while_a_command_emulates(may_keep: bool) -> None:
    collects: list[bool] = []

    def make(_: argparse.Namespace) -> Answer:
        collects.append(gc.isenabled())
        return Answer([])

    told(argparse.Namespace(no_cache=False), make, may_keep=may_keep)
    assert collects == [not may_keep]


@pytest.mark.parametrize("is_own", [True, False])
def test_only_a_process_of_the_command_alone_ends_without_a_search_for_cycles(is_own: bool) -> None:
    frozen = gc.get_freeze_count()
    args = argparse.Namespace(verb="check", no_cache=True, own_process=is_own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_answers, "ignore_kept_texts", lambda: None)
        told(args, lambda _: Answer([]))
    froze = gc.get_freeze_count() > frozen
    assert (froze, gc.isenabled()) == (is_own, True)


def test_clean_removes_answers(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep_text("answer", "key", "text")
    assert cli.main(["clean"]) == 0
    assert "removed 1 file that commands kept for later, 0.0 MB\n" in capsys.readouterr().out
    assert not cache.exists()
