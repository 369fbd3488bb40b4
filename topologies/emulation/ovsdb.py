"""Open vSwitch for a run: all bridges in one transaction, all gone in one more.

Uses the machine's Open vSwitch if it answers; otherwise starts a private one under a
directory of the run, as a guest does. The machine's is asked to remove a run's bridges; one of
its own goes whole, with its datapath.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import batched
from pathlib import Path

from corridor.topologies.base import child_process
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.slowness import patient
from corridor.topologies.emulation import bfd, datapath
from corridor.topologies.emulation.ovsdb_client import (
    ROOT_TABLE,
    Database,
    Operation,
    Row,
    a_map,
    a_set,
    bridge_inserted,
    gateway_ports,
    insert,
    members,
    mutate_root,
    pairs,
    ports_of,
    update,
    update_root,
)
from corridor.topologies.model.wiring import (
    Wiring,
)

SYSTEM_RUN_DIR = Path("/run/openvswitch")
SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
START_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 2.0
BRIDGES_AT_ONCE = 100
Progress = Callable[[str, int, int], None]
"""Receives what is being made, how many are made, and of how many."""
SETTINGS = {
    # Keep cached flows for a whole run: a probe after a pause must not miss them.
    "max-idle": "3600000",
}
_LOST = re.compile(r"\blost:(\d+)")
FEW_STATISTICS = {"stats-update-interval": "3600000"}
QUIET = {
    "max-revalidator": "3600000",  # walk flows when something changes, not twice a second
    **FEW_STATISTICS,
}


class OpenVSwitch:
    """A running Open vSwitch, the machine's own or one this process started."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._rests = False

    @classmethod
    def connect(
        cls, private_dir: Path, before_switching: Callable[[], None] = lambda: None
    ) -> OpenVSwitch:
        """The machine's Open vSwitch, or a private one under ``private_dir`` if none answers.

        ``before_switching`` is called before ovs-vswitchd starts, which seeds its random numbers
        with the microsecond.
        """
        if shutil.which("ovs-vsctl") is None:
            raise EnvironmentUnsupported(
                "Open vSwitch is not installed", "sudo apt-get install openvswitch-switch"
            )
        system = cls(SYSTEM_RUN_DIR)
        return system if system.answers() else cls._start(private_dir, before_switching)

    @property
    def is_private(self) -> bool:
        return bool(self._daemons)

    def answers(self) -> bool:
        try:
            with self._database(patient(CONNECT_TIMEOUT_S)) as database:
                database.select(ROOT_TABLE, ["cur_cfg"])
        except EnvironmentUnsupported:
            return False
        return True

    def management_address(self, bridge: str) -> str:
        """Where ``ovs-ofctl`` finds a bridge."""
        return f"unix:{self.run_dir}/{bridge}.mgmt"

    def add_bridges(
        self,
        wiring: Wiring,
        controllers: Sequence[str],
        *,
        bfd_interval_ms: int | None = None,
        progress: Progress = lambda _what, _done, _of: None,
    ) -> None:
        """Create every switch with its ports and controllers; returns when ports are in place.

        With an interval both ends of every fibre speak BFD: a port is not live until it is up.
        """
        ports = ports_of(wiring)
        spoken: dict[str, Row] = {}
        if bfd_interval_ms is not None:
            spoken = dict.fromkeys(bfd.interfaces(wiring), bfd.column(bfd_interval_ms))
        with self._database(patient(ANSWER_TIMEOUT_S + BRIDGES_AT_ONCE)) as database:
            made = 0
            for hubs in batched(wiring.hubs, BRIDGES_AT_ONCE):
                operations: list[Operation] = []
                for hub in hubs:
                    rows = {
                        interface: {"ofport_request": port, **spoken.get(interface, {})}
                        for interface, port in ports[hub.hub]
                    }
                    operations += bridge_inserted(hub, rows, controllers)
                bridges = [["named-uuid", hub.bridge] for hub in hubs]
                database.apply([*operations, mutate_root("bridges", "insert", a_set(bridges))])
                made += len(hubs)
                progress("switches", made, len(wiring.hubs))
        self._check_gateways(wiring)

    def set_bfd(self, wiring: Wiring, interval_ms: int, fibre: str | None = None) -> None:
        """Change the interval of one fibre's sessions, or of all, in one transaction, without any
        going down."""
        with self._database() as database:
            database.apply(bfd.updates(wiring, interval_ms, fibre))

    def bfd_status(self) -> dict[str, bfd.Status]:
        """What BFD states about every interface that speaks it, by its name."""
        return {
            name: bfd.status(said)
            for name, value in self._interfaces("bfd_status").items()
            if (said := pairs(value))
        }

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the daemons of a private Open vSwitch from running while entered.

        All their timers that have run out in the meantime begin again on leaving.
        """
        for daemon in self._daemons:
            daemon.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for daemon in self._daemons:
                daemon.send_signal(signal.SIGCONT)

    def look_at_bfd(self) -> None:
        """Have Open vSwitch look at every session now.

        Its monitor thread sleeps until the next packet of a session was due when it last looked,
        whatever the other end has asked for since. Any change of the database has it look again.
        """
        self.wait_for_ports()

    def bfd_paces(self) -> dict[str, bfd.Pace]:
        """At which intervals sessions run, which the database does not tell."""
        control = f"{self.run_dir}/ovs-vswitchd.{self._vswitchd_pid()}.ctl"
        return bfd.paces(self._checked(["ovs-appctl", "-t", control, "bfd/show"]))

    def bfd_speakers(self) -> set[str]:
        """Interfaces with BFD enabled, whether or not the other end answers."""
        told = self._interfaces("bfd")
        return {name for name, value in told.items() if pairs(value).get("enable") == "true"}

    def set_controller(self, bridge: str, address: str) -> None:
        """Point one switch to another controller; its connection is closed."""
        # Only that: how soon it tries again stays as it was.
        self._set_controllers([bridge], {"target": address})

    def bear_silence(self, wiring: Wiring, seconds: int) -> None:
        """Let each switch keep its connection while its controller says nothing for so long, by
        default five seconds."""
        bridges = [hub.bridge for hub in wiring.hubs]
        self._set_controllers(bridges, {"inactivity_probe": seconds * 1000})

    def _set_controllers(self, bridges: Sequence[str], row: Row) -> None:
        """Does not wait for ovs-vswitchd, which a controller's end may have busy."""
        with self._database() as database:
            held = database.select("Bridge", ["name", "controller"])
            wanted = [one for had in held if had["name"] in bridges for one in _refs(had)]
            count = mutate_root("next_cfg", "+=", 1)
            database.transact([*(update("Controller", one, row) for one in wanted), count])

    def restart(self) -> None:
        """Kill ovs-vswitchd of an Open vSwitch of our own, and start it: every table is empty.

        EnvironmentUnsupported for the machine's own, which is not ours to kill.
        """
        if not self.is_private:
            raise EnvironmentUnsupported(
                "the machine's own Open vSwitch is not restarted", "run it in a guest"
            )
        daemon = self._daemons.pop()
        daemon.kill()
        daemon.wait()
        (self.run_dir / "ovs-vswitchd.pid").unlink(missing_ok=True)
        self._start_vswitchd()

    def rest(self, wiring: Wiring, silence_s: int, *, reconnects: bool = False) -> None:
        """Have a private Open vSwitch do nothing while nothing happens, from now on.

        In the virtual clock that is most of what a second costs. Changes of ports, of BFD and of
        tables are still acted upon at once. Not so what only a timer would start: its counters
        are true after ``count_all`` only, and switches of ``wiring`` ask whether their controller
        is there every ``silence_s`` seconds only, and do not look for one that they have lost
        unless it ``reconnects``: half a second later, for which all flows are walked as often.
        """
        if self.is_private and not self._rests:
            self._rests = True
            self.bear_silence(wiring, silence_s)
            with self._database() as database:
                settings = {**SETTINGS, **(FEW_STATISTICS if reconnects else QUIET)}
                database.apply([update_root({"other_config": a_map(settings)})])

    def count_all(self) -> None:
        """Bring the counters of a private Open vSwitch up to date, by emptying its datapath.

        The next packet of each kind is decided by the tables again.
        """
        if self.is_private:
            control = f"{self.run_dir}/ovs-vswitchd.{self.vswitchd.pid}.ctl"
            self._checked(["ovs-appctl", "-t", control, "revalidator/purge"])

    def lost_upcalls(self) -> int:
        """Packets that the datapath has had no room to hand up, those of others' bridges among
        them; 0 where no one tells."""
        control = f"{self.run_dir}/ovs-vswitchd.{self._vswitchd_pid()}.ctl"
        said = self._tool(["ovs-appctl", "-t", control, "dpctl/show"]).stdout
        return sum(int(number) for number in _LOST.findall(said))

    def _vswitchd_pid(self) -> int:
        """0 where the machine's own does not tell."""
        if self.is_private:
            return self.vswitchd.pid
        try:
            return int((self.run_dir / "ovs-vswitchd.pid").read_text())
        except (OSError, ValueError):
            return 0

    def wait_for_ports(self) -> None:
        """Until ovs-vswitchd has made of the database what is in it."""
        with self._database() as database:
            database.apply([])

    @property
    def vswitchd(self) -> subprocess.Popen[bytes]:
        """The process, of an Open vSwitch of our own."""
        return self._daemons[-1]

    def delete_bridges(self, bridges: Sequence[str]) -> None:
        """Returns when ovs-vswitchd has let go of them; one that is not there is not an error."""
        with self._database(patient(ANSWER_TIMEOUT_S + len(bridges))) as database:
            rows = database.select("Bridge", ["_uuid", "name"])
            leaving = [row["_uuid"] for row in rows if row["name"] in bridges]
            if leaving:
                database.apply([mutate_root("bridges", "delete", a_set(leaving))])

    def _check_gateways(self, wiring: Wiring) -> None:
        """Fibre ports are checked by LLDP, but a gateway's port returns nothing without traffic."""
        wanted = {interface: port for hub in wiring.hubs for interface, port in gateway_ports(hub)}
        if not wanted:
            return
        given = self._interfaces("ofport")
        for interface, port in wanted.items():
            if given.get(interface) != port:
                raise EnvironmentUnsupported(
                    f"Open vSwitch gave {interface} port {given.get(interface)} instead of {port}"
                )

    def _interfaces(self, column: str) -> dict[str, object]:
        """One column of every interface, as OVSDB's JSON has it (RFC 7047, 5.1)."""
        with self._database() as database:
            return {
                str(row["name"]): row[column]
                for row in database.select("Interface", ["name", column])
            }

    def fail_modes(self) -> dict[str, str]:
        """What each bridge does without a controller, by its name; ``standalone`` if not set."""
        with self._database() as database:
            rows = database.select("Bridge", ["name", "fail_mode"])
        # A column that is not set is an empty set (RFC 7047, 5.1).
        return {
            str(row["name"]): mode if isinstance(mode := row["fail_mode"], str) else "standalone"
            for row in rows
        }

    def bridges(self) -> list[str]:
        with self._database() as database:
            return sorted(str(row["name"]) for row in database.select("Bridge", ["name"]))

    def is_connected(self, bridge: str) -> bool:
        """Whether a bridge has the connection of a controller, as ovs-vswitchd last said.

        It can be five seconds late.
        """
        with self._database() as database:
            rows = database.select("Bridge", ["name", "controller"])
            ours = [one for row in rows if row["name"] == bridge for one in _refs(row)]
            connected = database.select("Controller", ["_uuid", "is_connected"])
        return any(row["is_connected"] for row in connected if row["_uuid"] in ours)

    def take_down(self, bridges: Sequence[str]) -> None:
        """Remove a network's bridges, or all of Open vSwitch if it is private."""
        if self.is_private:
            self.close()
        else:
            self.delete_bridges(bridges)

    def close(self) -> None:
        """Stop the daemons if they are ours, and take their datapath with them.

        They are killed, and the kernel drops the datapath as a whole: asked to, ovs-vswitchd
        would remove bridge after bridge, stopping its threads for each, out of a database that
        is thrown away.
        """
        if not self._daemons:
            return
        for daemon in reversed(self._daemons):
            daemon.kill()
            daemon.wait()
        self._daemons.clear()
        datapath.delete()
        shutil.rmtree(self.run_dir, ignore_errors=True)

    @classmethod
    def _start(cls, run_dir: Path, before_switching: Callable[[], None]) -> OpenVSwitch:
        run_dir.mkdir(parents=True, exist_ok=True)
        database, address = run_dir / "conf.db", run_dir / "db.sock"
        switch = cls(run_dir)
        switch._checked(["ovsdb-tool", "create", str(database), str(SCHEMA)])
        server = switch._daemon(
            ["ovsdb-server", str(database), f"--remote=punix:{address}", *switch._quiet]
        )
        switch._wait_for(address, server)
        with switch._database() as fresh:
            fresh.transact([insert(ROOT_TABLE, {"other_config": a_map(SETTINGS)})])
        before_switching()
        switch._start_vswitchd()
        return switch

    def _start_vswitchd(self) -> None:
        self._daemon(["ovs-vswitchd", f"unix:{self.run_dir}/db.sock", *self._quiet])

    @property
    def _quiet(self) -> list[str]:
        return [
            "-vconsole:off",
            "-vsyslog:off",
            "-vfile:warn",
            f"--log-file={self.run_dir}/ovs.log",
        ]

    def _database(self, timeout_s: float | None = None) -> Database:
        wait_s = patient(ANSWER_TIMEOUT_S) if timeout_s is None else timeout_s
        return Database(self.run_dir / "db.sock", wait_s)

    def _daemon(self, command: list[str]) -> subprocess.Popen[bytes]:
        daemon = child_process.start(
            command,
            more_environment=self._more_environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            own_session=True,  # Ctrl-C at a shell is not for it
        )
        self._daemons.append(daemon)
        return daemon

    def _wait_for(self, path: Path, daemon: subprocess.Popen[bytes]) -> None:
        """Until the server takes connections, which is a moment after its socket is there."""
        deadline = time.monotonic() + patient(START_TIMEOUT_S)
        while not _takes_connections(path):
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise EnvironmentUnsupported(
                    "ovsdb-server did not start", f"see {self.run_dir}/ovs.log"
                )
            time.sleep(0.01)

    @property
    def _more_environment(self) -> dict[str, str]:
        return dict.fromkeys(("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"), str(self.run_dir))

    def _tool(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env={**os.environ, **self._more_environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def _checked(self, command: list[str]) -> str:
        result = self._tool(command)
        if result.returncode:
            said = (result.stderr or result.stdout).strip().splitlines()
            raise EnvironmentUnsupported(
                f"{command[0]} failed: {said[0] if said else f'exit {result.returncode}'}",
                "corridor doctor lists what is missing for Open vSwitch",
            )
        return result.stdout


def _takes_connections(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(str(path))
        except OSError:
            return False
    return True


def _refs(bridge: Row) -> list[object]:
    return members(bridge["controller"])
