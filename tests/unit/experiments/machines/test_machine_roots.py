"""What a build of an image leaves when it is killed, and who may remove it."""

import fcntl
import os

from corridor.experiments import cli
from corridor.experiments.machines import build, recipe
from corridor.topologies.base.scratch import lock_folder


def test_a_root_is_made_where_subordinate_ids_get_to_and_is_gone_afterwards(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with build.root_folder() as folder:
        (folder / "usr").mkdir()
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o755
        assert build.remove_dead_roots() == []
    assert list(tmp_path.iterdir()) == []


def test_roots_of_killed_builds_go_and_those_in_use_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    dead, used, other = (
        tmp_path / f"{name}" for name in ("corridor-root-a", "corridor-root-b", "c")
    )
    for folder in (dead, used, other):
        (folder / "usr").mkdir(parents=True)
    lock = lock_folder(used, fcntl.LOCK_EX)
    try:
        assert build.remove_dead_roots() == [dead]
    finally:
        os.close(lock)
    assert sorted(tmp_path.iterdir()) == [other, used]


def test_what_belongs_to_subordinate_ids_is_removed_by_mmdebstraps_own_helper(
    tmp_path, monkeypatch
):
    root, told = tmp_path / "corridor-root-a", tmp_path / "told"
    (root / "mmdebstrap.x").mkdir(parents=True)
    helper = tmp_path / "mmdebstrap"
    helper.write_text(f'#!/bin/sh\necho "$@" >{told}\n')
    helper.chmod(0o755)
    monkeypatch.setattr(build, "find", lambda _: str(helper))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    build._remove(root)
    said = told.read_text().split()
    assert said[:2] == ["--unshare-helper", "rm"]
    assert said[-1] == str(root / "mmdebstrap.x")
    assert not root.exists()


def test_clean_removes_what_killed_builds_of_an_image_left_unless_one_goes_on(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    machines = recipe.machines_folder()
    left, root = machines / "build-x", tmp_path / "corridor-root-x"
    for folder in (left, root):
        folder.mkdir(parents=True)
    lock = (machines / build.LOCK).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert build.remove_unfinished_images() == []
    lock.close()
    for others in ("testbeds.native.leftovers", "live_network.session.remove_dead"):
        monkeypatch.setattr(f"corridor.experiments.{others}", list)
    monkeypatch.setattr("corridor.topologies.base.scratch.remove_dead", list)
    assert cli.main(["clean"]) == 0
    said = capsys.readouterr().out
    assert f"removed {left}, of an image's build that was killed" in said
    assert f"removed {root}, " in said
    assert not left.exists()
    assert not root.exists()
