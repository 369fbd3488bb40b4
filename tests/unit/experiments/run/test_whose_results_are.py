"""What root writes for a user belongs to that user, and files of others stay as they are."""

import os
import stat
import subprocess
import sys

import pytest

from corridor.experiments.run.folders import make_result_folder, new_folder
from corridor.topologies.base.whole_file import Owner, hand_over_all, owner_in
from corridor_runs import environment

USER, ANOTHER = 65534, 65533
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def by_sudo(monkeypatch):
    monkeypatch.setenv("SUDO_UID", str(USER))
    monkeypatch.setenv("SUDO_GID", str(USER))


def owners(folder):
    return {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}


def test_a_new_result_folder_is_for_nobody_else_to_read(tmp_path):
    made = new_folder(tmp_path / "a" / "b", "n")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    there = tmp_path / "there"
    there.mkdir(0o755)
    assert stat.S_IMODE(new_folder(there, "n").stat().st_mode) == 0o755


@as_root
@pytest.mark.usefixtures("by_sudo")
def test_folders_that_are_made_under_sudo_are_the_callers_with_their_parents(tmp_path):
    made = make_result_folder(tmp_path / "results" / "deep" / "run", "run")
    assert owners(tmp_path / "results") == {USER}
    assert made.is_dir()
    assert tmp_path.stat().st_uid == 0


MAKES = """
import sys
from pathlib import Path
from corridor.experiments.run.folders import make_result_folder
folder = make_result_folder(Path(sys.argv[1]), "run")
(folder / "raw" / "plan.json").write_text("{}")
(folder / "deep").mkdir()
(folder / "deep" / "link").symlink_to(sys.argv[2])
raise SystemExit(4)
"""


@as_root
@pytest.mark.usefixtures("by_sudo")
def test_so_is_all_that_a_run_has_written_by_its_end_and_no_link_is_followed(tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("root's")
    run = tmp_path / "results" / "run"
    done = subprocess.run([sys.executable, "-c", MAKES, run, kept], env=environment(), check=False)
    assert done.returncode == 4
    assert owners(tmp_path / "results") == {USER}
    assert kept.stat().st_uid == 0


@as_root
def test_without_sudo_it_is_whose_the_folder_above_is(tmp_path, monkeypatch):
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert owner_in(tmp_path) is None
    os.chown(tmp_path, USER, USER)
    make_result_folder(tmp_path / "run", "run")
    assert owners(tmp_path / "run") == {USER}


@as_root
def test_what_is_another_users_or_linked_from_elsewhere_stays_theirs(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("mine", "theirs", "linked"):
        (folder / name).write_text("")
    os.chown(folder / "theirs", ANOTHER, ANOTHER)
    os.link(folder / "linked", tmp_path / "elsewhere")
    hand_over_all(folder, Owner(USER, USER))
    found = {path.name: path.stat().st_uid for path in folder.iterdir()}
    assert found == {"mine": USER, "theirs": ANOTHER, "linked": 0}


def test_an_ordinary_user_gives_nothing_away(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("SUDO_UID", str(USER))
    assert owner_in(tmp_path) is None
