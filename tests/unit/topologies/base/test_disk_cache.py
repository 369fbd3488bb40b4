"""Texts that are kept for later: whole or not at all, few, private, and never needed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.topologies.base import disk_cache
from corridor.topologies.base.disk_cache import (
    BYTECODE,
    GUESTS,
    MOST,
    TEXTS,
    find_text,
    keep_text,
    kept_text,
    remove_kept,
)
from corridor.topologies.base.installation import IMPORT_ROOT

WRITER = """
import sys
from corridor.topologies.base.disk_cache import find_text, keep_text
for number in range(60):
    keep_text("one", "key", sys.argv[1] * 20_000)
    found = find_text("one", "key")
    assert found is not None and len(found) == 20_000 and len(set(found)) == 1, found
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where texts are in this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(disk_cache, "_ignored", [])  # a command with --no-cache may have run here
    return tmp_path / "corridor" / TEXTS


def test_a_text_is_made_once(folder: Path) -> None:
    made: list[str] = []

    def make() -> str:
        made.append("said\r\nand more")
        return made[-1]

    assert [kept_text("one", "key", make) for _ in range(3)] == ["said\r\nand more"] * 3
    assert len(made) == 1
    assert kept_text("other", "key", lambda: "else") == "else"
    assert kept_text("one", "other", lambda: "else") == "else"


def test_a_text_is_used_where_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_text("one", "key", "what was said")

    def refuse(path: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(os, "utime", refuse)
    assert find_text("one", "key") == "what was said"


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "binary", "digest"])
def test_a_harmed_text_is_deleted_and_made_anew(folder: Path, harm: str) -> None:
    keep_text("one", "key", "what was said")
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    harmed = {
        "flip": whole[:-1] + b"X",
        "cut": whole[:-4],
        "empty": b"",
        "binary": b"\xff\x00" * 40,
        "digest": b"0" + whole[1:],
    }[harm]
    path.write_bytes(harmed)
    assert find_text("one", "key") is None
    assert not path.exists()
    assert kept_text("one", "key", lambda: "what was said") == "what was said"
    assert path.read_bytes() == whole


def test_only_texts_used_last_are_kept(folder: Path) -> None:
    for number in range(MOST):
        keep_text("one", str(number), "text")
        os.utime(folder / f"one-{number}", (number, number))
    assert find_text("one", "0") == "text"  # and is the newest now
    keep_text("one", "another", "text")
    assert len(list(folder.iterdir())) == MOST
    assert find_text("one", "0") == find_text("one", "another") == "text"
    assert find_text("one", "1") is None


def test_bytes_are_bounded_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_cache, "MOST_BYTES", 3_000)
    for number in range(9):
        keep_text("one", str(number), "x" * 900)
    assert len(list(folder.iterdir())) == 3
    keep_text("one", "huge", "x" * 5_000)
    assert find_text("one", "huge") is None


def test_writers_at_the_same_time_leave_a_whole_text(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(IMPORT_ROOT)}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, letter], env=environment)
        for letter in "abcd"
    ]
    assert [one.wait(60) for one in writers] == [0] * 4
    assert [path.name for path in folder.iterdir()] == ["one-key"]


def test_the_folder_is_its_users_alone(folder: Path) -> None:
    keep_text("one", "key", "text")
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    assert find_text("one", "key") is None
    assert kept_text("one", "key", lambda: "again") == "again"


def test_where_nothing_can_be_kept_all_is_made(tmp_path: Path) -> None:
    (tmp_path / "corridor").write_text("a file where the folder would be")
    assert [kept_text("one", "key", lambda: "text") for _ in range(2)] == ["text"] * 2
    assert find_text("one", "key") is None
    assert remove_kept() == (0, 0)


def test_kept_texts_can_be_ignored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_text("one", "key", "text")
    monkeypatch.setattr(disk_cache, "_ignored", [])
    disk_cache.ignore_kept_texts()
    assert find_text("one", "key") is None
    keep_text("one", "other", "text")
    assert [path.name for path in folder.iterdir()] == ["one-key"]


def test_what_is_kept_can_be_removed_and_nothing_else(folder: Path) -> None:
    keep_text("one", "key", "text")
    for name in (BYTECODE, GUESTS, "kernels"):
        (folder.parent / name).mkdir()
        (folder.parent / name / "file").write_text("1234")
    assert remove_kept() == (3, 64 + 1 + 4 + 4 + 4)
    assert [path.name for path in folder.parent.iterdir()] == ["kernels"]


def test_what_a_killed_process_was_writing_goes_later(folder: Path) -> None:
    keep_text("one", "key", "text")
    for name, age_s in ((".old", disk_cache.UNFINISHED_S + 60), (".new", 0)):
        (folder / name).mkdir()
        then = (folder / name).stat().st_mtime - age_s
        os.utime(folder / name, (then, then))
    keep_text("one", "other", "text")
    assert sorted(path.name for path in folder.iterdir()) == [".new", "one-key", "one-other"]
