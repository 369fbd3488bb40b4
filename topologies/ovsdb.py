"""Open vSwitch for a run: all bridges in one transaction, all gone in one more.

Uses the machine's Open vSwitch if it answers; otherwise starts one of its own under a
directory of the run, as a guest does. The machine's is asked to remove a run's bridges; one of
its own goes whole, with its datapath.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from topologies import bfd, datapath
from topologies.errors import EnvironmentLacking
from topologies.ovsdb_client import Database, a_set, members, mutate_root
from topologies.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, HOST_PORT, HubWire, Wiring

SYSTEM_RUN_DIR = Path("/run/openvswitch")
SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
START_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 30.0
RECONNECT_MS = 1000
IDLE_MS = 3_600_000  # keep cached flows for a whole run: a probe after a pause must not miss them
PR_SET_PDEATHSIG = 1


class OpenVSwitch:
    """A running Open vSwitch, the machine's own or one this process started."""

    def __init__(self, run_dir: Path, daemons: Sequence[subprocess.Popen[bytes]] = ()) -> None:
        self.run_dir = run_dir
        self._daemons = list(daemons)

    @classmethod
    def connect(cls, private_dir: Path) -> OpenVSwitch:
        """The machine's Open vSwitch, or a private one under ``private_dir`` if none answers."""
        if shutil.which("ovs-vsctl") is None:
            raise EnvironmentLacking(
                "Open vSwitch is not installed", "sudo apt-get install openvswitch-switch"
            )
        system = cls(SYSTEM_RUN_DIR)
        return system if system.answers() else cls._start(private_dir)

    @property
    def is_private(self) -> bool:
        return bool(self._daemons)

    def answers(self) -> bool:
        if not (self.run_dir / "db.sock").exists():
            return False
        return self._tool(["ovs-vsctl", "--timeout=2", "show"]).returncode == 0

    def management_address(self, bridge: str) -> str:
        """Where ``ovs-ofctl`` finds a bridge."""
        return f"unix:{self.run_dir}/{bridge}.mgmt"

    def add_bridges(
        self, wiring: Wiring, controllers: Sequence[str], *, bfd_interval_ms: int | None = None
    ) -> None:
        """Create every switch with its ports and controllers; returns when ports are in place.

        With an interval both ends of every fibre speak BFD: a port is not live until it is up.
        """
        command = ["ovs-vsctl", f"--timeout={len(wiring.hubs) + 60}"]
        ports = _ports(wiring)
        for hub in wiring.hubs:
            command += _bridge_arguments(hub, ports[hub.hub], controllers)
        if bfd_interval_ms is not None:
            command += bfd.arguments(wiring, bfd_interval_ms)
        self._checked(command)
        self._check_gateways(wiring)

    def set_bfd(self, wiring: Wiring, interval_ms: int, fibre: str | None = None) -> None:
        """Change the interval of one fibre's sessions, or of all, in one transaction, without any
        going down."""
        with self._database() as database:
            database.apply(bfd.updates(wiring, interval_ms, fibre))

    def bfd_status(self) -> dict[str, bfd.Status]:
        """What BFD says of every interface that speaks it, by its name."""
        return {
            name: bfd.status(dict(pairs[1]))
            for name, pairs in self._interfaces("bfd_status").items()
            if pairs[1]
        }

    def bfd_speakers(self) -> set[str]:
        """Interfaces that are told to speak BFD, whether or not anybody answers."""
        told = self._interfaces("bfd")
        return {name for name, pairs in told.items() if ["enable", "true"] in pairs[1]}

    def set_controller(self, bridge: str, address: str) -> None:
        """Point one switch to another controller; its connection is closed."""
        target = f'target="{address}"'  # only that: how soon it tries again stays as it was
        self._checked(["ovs-vsctl", "--no-wait", "set", "controller", bridge, target])

    def bear_silence(self, wiring: Wiring, seconds: int) -> None:
        """Let each switch keep its connection while its controller says nothing for so long, by
        default five seconds."""
        command = ["ovs-vsctl", "--no-wait"]
        for hub in wiring.hubs:
            probe = f"inactivity_probe={seconds * 1000}"
            command += ["--", "set", "controller", hub.bridge, probe]
        self._checked(command)

    def restart(self) -> None:
        """Kill ovs-vswitchd of an Open vSwitch of our own, and start it: every table is empty."""
        daemon = self._daemons.pop()
        daemon.kill()
        daemon.wait()
        (self.run_dir / "ovs-vswitchd.pid").unlink(missing_ok=True)
        self._start_vswitchd()

    def wait_for_ports(self) -> None:
        """Until ovs-vswitchd has made of the database what is in it."""
        with self._database() as database:
            database.apply([])

    @property
    def vswitchd(self) -> subprocess.Popen[bytes]:
        """The process, of an Open vSwitch of our own."""
        return self._daemons[-1]

    def delete_bridges(self, bridges: Sequence[str]) -> None:
        """Returns when ovs-vswitchd has let go of them; one that is not there is no error."""
        with self._database(ANSWER_TIMEOUT_S + len(bridges)) as database:
            rows = database.select("Bridge", ["_uuid", "name"])
            doomed = [row["_uuid"] for row in rows if row["name"] in bridges]
            if doomed:
                database.apply([mutate_root("bridges", "delete", a_set(doomed))])

    def _check_gateways(self, wiring: Wiring) -> None:
        """Fibre ports are checked by LLDP, but nothing comes back from a gateway's by itself."""
        wanted = {interface: port for hub in wiring.hubs for interface, port in _gateway_ports(hub)}
        if not wanted:
            return
        given = self._interfaces("ofport")
        for interface, port in wanted.items():
            if given.get(interface) != port:
                raise EnvironmentLacking(
                    f"Open vSwitch gave {interface} port {given.get(interface)} instead of {port}"
                )

    def _interfaces(self, column: str) -> dict[str, Any]:
        """One column of every interface, as OVSDB's JSON has it (RFC 7047, 5.1)."""
        with self._database() as database:
            return {
                row["name"]: row[column] for row in database.select("Interface", ["name", column])
            }

    def fail_modes(self) -> dict[str, str]:
        """What each bridge does without a controller, by its name; ``standalone`` if not set."""
        with self._database() as database:
            rows = database.select("Bridge", ["name", "fail_mode"])
        # A column that is not set is an empty set (RFC 7047, 5.1).
        return {
            row["name"]: row["fail_mode"] if isinstance(row["fail_mode"], str) else "standalone"
            for row in rows
        }

    def bridges(self) -> list[str]:
        with self._database() as database:
            return sorted(row["name"] for row in database.select("Bridge", ["name"]))

    def is_connected(self, bridge: str) -> bool:
        """Whether a bridge has the connection of a controller, as ovs-vswitchd last said.

        It can be five seconds late.
        """
        with self._database() as database:
            rows = database.select("Bridge", ["name", "controller"])
            ours = [
                one for row in rows if row["name"] == bridge for one in members(row["controller"])
            ]
            connected = database.select("Controller", ["_uuid", "is_connected"])
        return any(row["is_connected"] for row in connected if row["_uuid"] in ours)

    def take_down(self, bridges: Sequence[str]) -> None:
        """Remove a network's bridges, or with an Open vSwitch of our own all there is of it."""
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
    def _start(cls, run_dir: Path) -> OpenVSwitch:
        run_dir.mkdir(parents=True, exist_ok=True)
        database, socket = run_dir / "conf.db", run_dir / "db.sock"
        switch = cls(run_dir)
        switch._checked(["ovsdb-tool", "create", str(database), str(SCHEMA)])
        server = switch._daemon(
            ["ovsdb-server", str(database), f"--remote=punix:{socket}", *switch._quiet]
        )
        switch._wait_for(socket, server)
        switch._checked(
            [
                "ovs-vsctl",
                "--no-wait",
                "set",
                "Open_vSwitch",
                ".",
                f"other_config:max-idle={IDLE_MS}",
            ]
        )
        switch._start_vswitchd()
        return switch

    def _start_vswitchd(self) -> None:
        self._daemon(["ovs-vswitchd", f"unix:{self.run_dir}/db.sock", *self._quiet])

    @property
    def _quiet(self) -> list[str]:
        return ["-vconsole:off", "-vsyslog:off", f"--log-file={self.run_dir}/ovs.log"]

    def _database(self, timeout_s: float = ANSWER_TIMEOUT_S) -> Database:
        return Database(self.run_dir / "db.sock", timeout_s)

    def _daemon(self, command: list[str]) -> subprocess.Popen[bytes]:
        daemon = subprocess.Popen(
            command,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        self._daemons.append(daemon)
        return daemon

    def _wait_for(self, socket: Path, daemon: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not socket.exists():
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise EnvironmentLacking(
                    "ovsdb-server did not start", f"see {self.run_dir}/ovs.log"
                )
            time.sleep(0.01)

    def _environment(self) -> dict[str, str]:
        place = str(self.run_dir)
        return dict(os.environ, OVS_RUNDIR=place, OVS_LOGDIR=place, OVS_DBDIR=place)

    def _tool(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=self._environment(), capture_output=True, text=True, check=False
        )

    def _checked(self, command: list[str]) -> None:
        result = self._tool(command)
        if result.returncode:
            said = (result.stderr or result.stdout).strip().splitlines()
            raise EnvironmentLacking(
                f"{command[0]} failed: {said[0] if said else f'exit {result.returncode}'}",
                "corridor doctor tells what Open vSwitch lacks here",
            )


def die_with_parent() -> None:
    """For ``preexec_fn``: the kernel kills this child when its parent dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _ports(wiring: Wiring) -> dict[str, list[tuple[str, int]]]:
    ports = {
        hub.hub: [(hub.switch_interface, HOST_PORT), *_gateway_ports(hub)] for hub in wiring.hubs
    }
    for fibre in wiring.fibres:
        for end in (fibre.a, fibre.z):
            if end.hub in ports:
                ports[end.hub].append((end.interface, end.port))
    return ports


def _gateway_ports(hub: HubWire) -> list[tuple[str, int]]:
    if hub.gateway is None:
        return []
    return [
        (hub.gateway.in_interface, GATEWAY_IN_PORT),
        (hub.gateway.out_interface, GATEWAY_OUT_PORT),
    ]


def _bridge_arguments(
    hub: HubWire, ports: list[tuple[str, int]], controllers: Sequence[str]
) -> list[str]:
    bridge = hub.bridge
    arguments = ["--", "add-br", bridge, "--", "set", "bridge", bridge]
    arguments += ["fail_mode=secure", "protocols=OpenFlow13"]
    arguments += [f"other_config:datapath-id={hub.dpid:016x}"]
    arguments += ["other_config:disable-in-band=true", f"other_config:dp-desc={hub.hub}"]
    names = []
    for number, target in enumerate(controllers):
        name = f"@{bridge}c{number}"
        names.append(name)
        arguments += ["--", f"--id={name}", "create", "Controller"]
        arguments += [f'target="{target}"', f"max_backoff={RECONNECT_MS}"]
    if names:
        arguments += ["--", "set", "bridge", bridge, f"controller=[{','.join(names)}]"]
    for interface, port in ports:
        arguments += ["--", "add-port", bridge, interface]
        arguments += ["--", "set", "interface", interface, f"ofport_request={port}"]
    return arguments
