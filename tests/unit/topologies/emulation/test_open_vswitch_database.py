"""Talking to a real ovsdb-server, without ovs-vswitchd or with a stand-in."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation.ovsdb import SCHEMA, OpenVSwitch
from corridor.topologies.emulation.ovsdb_client import Database, a_set, members, mutate_root

pytestmark = pytest.mark.skipif(not shutil.which("ovsdb-server"), reason="needs Open vSwitch")
ROOT_ROW = {"op": "insert", "table": "Open_vSwitch", "row": {}}
PATIENCE_S = 0.5


@pytest.fixture
def run_dir(tmp_path: Path) -> Iterator[Path]:
    """Where an ovsdb-server listens whose database holds only its root row."""
    database, path = tmp_path / "conf.db", tmp_path / "db.sock"
    subprocess.run(["ovsdb-tool", "create", database, SCHEMA], check=True)
    command = ["ovsdb-server", database, f"--remote=punix:{path}", "-vconsole:off", "-vsyslog:off"]
    server = subprocess.Popen([*command, f"--unixctl={tmp_path}/ctl"])
    while not _listens(path):
        assert server.poll() is None
        time.sleep(0.01)
    with Database(path, PATIENCE_S) as root:
        root.transact([ROOT_ROW])
    yield tmp_path
    server.kill()
    server.wait()


def _listens(path: Path) -> bool:
    """A server's socket is a file before the server listens."""
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(str(path)) == 0


def add_bridges(run_dir: Path, *names: str, connected: bool = False) -> None:
    """Rows as ovs-vsctl and ovs-vswitchd leave them; each bridge has two controllers."""
    operations = []
    for name in names:
        controllers = []
        for number, state in enumerate((False, connected)):
            row = {"target": f"tcp:127.0.0.1:{number}", "is_connected": state}
            at = f"{name}c{number}"
            operations.append({"op": "insert", "table": "Controller", "uuid-name": at, "row": row})
            controllers.append(["named-uuid", at])
        row = {"name": name, "controller": a_set(controllers)}
        operations.append({"op": "insert", "table": "Bridge", "uuid-name": name, "row": row})
        operations.append(mutate_root("bridges", "insert", a_set([["named-uuid", name]])))
    with Database(run_dir / "db.sock", PATIENCE_S) as database:
        database.transact(operations)


class StandIn(threading.Thread):
    """Says, some time after each change, that it has been carried out."""

    def __init__(self, run_dir: Path, delay_s: float) -> None:
        super().__init__(daemon=True)
        self.path, self.delay_s = run_dir / "db.sock", delay_s
        self.over = threading.Event()

    def run(self) -> None:
        with Database(self.path, PATIENCE_S) as database:
            done = 0
            while not self.over.wait(0.01):
                (row,) = database.select("Open_vSwitch", ["next_cfg"])
                if row["next_cfg"] > done:
                    time.sleep(self.delay_s)
                    done = row["next_cfg"]
                    database.transact(
                        [
                            {
                                "op": "update",
                                "table": "Open_vSwitch",
                                "where": [],
                                "row": {"cur_cfg": done},
                            }
                        ]
                    )


@pytest.fixture
def vswitchd(run_dir: Path) -> Iterator[StandIn]:
    stand_in = StandIn(run_dir, delay_s=0.2)
    stand_in.start()
    yield stand_in
    stand_in.over.set()
    stand_in.join()


def test_bridges_are_deleted_by_name_and_others_stay(run_dir: Path, vswitchd: StandIn) -> None:
    add_bridges(run_dir, "c0s1", "c0s2", "other")
    switch = OpenVSwitch(run_dir)
    switch.delete_bridges(["c0s1", "c0s2", "never-there"])
    assert switch.bridges() == ["other"]


def test_deleting_returns_only_when_vswitchd_has_done_it(run_dir: Path, vswitchd: StandIn) -> None:
    add_bridges(run_dir, "c0s1")
    start = time.monotonic()
    OpenVSwitch(run_dir).delete_bridges(["c0s1"])
    assert time.monotonic() - start >= vswitchd.delay_s


def test_deleting_twice_is_no_error_and_waits_for_nobody(run_dir: Path) -> None:
    OpenVSwitch(run_dir).delete_bridges(["c0s1"])


def test_a_change_that_nobody_carries_out_is_an_error(run_dir: Path) -> None:
    with (
        Database(run_dir / "db.sock", PATIENCE_S) as database,
        pytest.raises(EnvironmentUnsupported, match="does ovs-vswitchd run"),
    ):
        database.apply([])


def test_what_the_server_refuses_is_an_error_and_changes_nothing(run_dir: Path) -> None:
    with Database(run_dir / "db.sock", PATIENCE_S) as database:
        with pytest.raises(EnvironmentUnsupported, match="hub"):
            database.transact([mutate_root("next_cfg", "+=", 5), mutate_root("hub", "+=", 1)])
        assert database.select("Open_vSwitch", ["next_cfg"]) == [{"next_cfg": 0}]


def test_no_server_is_an_error_that_names_the_socket(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnsupported, match="nowhere"):
        OpenVSwitch(tmp_path / "nowhere").bridges()


def test_a_bridge_is_connected_when_one_of_its_own_controllers_is(run_dir: Path) -> None:
    add_bridges(run_dir, "c0s1", connected=True)
    add_bridges(run_dir, "c0s2")
    switch = OpenVSwitch(run_dir)
    connected = {name: switch.is_connected(name) for name in ("c0s1", "c0s2", "none")}
    assert connected == {"c0s1": True, "c0s2": False, "none": False}


def test_a_set_of_one_is_written_without_its_brackets() -> None:
    assert members(["uuid", "1"]) == [["uuid", "1"]]
    assert members(["set", [["uuid", "1"], ["uuid", "2"]]]) == [["uuid", "1"], ["uuid", "2"]]
    assert members(["set", []]) == []
