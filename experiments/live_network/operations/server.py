"""Does what clients ask of a live network, where the network is.

    {"do": "run", "hub": H, "command": [...], "terminal": [ROWS, COLUMNS] or null}   a program there
    {"do": "mininet", "terminal": [ROWS, COLUMNS] or null}      Mininet's shell
    {"do": "probe", "demand": ID, "interval_ns": N}     probes of a demand, a JSON line each
    {"do": "capture", "hub": H} or {"do": "capture", "fibre": F}     pcapng
    {"do": "read", "program": P, "wait_s": S}           ``out``, ``err``, and in the end ``code``
    {"do": "write", "program": P, "data": D}            how much was ``taken``; none: no more comes
    {"do": "resize", "program": P, "terminal": [ROWS, COLUMNS]}
    {"do": "signal", "program": P, "number": N}
    {"do": "begin" | "end", "kind": K, "what": W, "options": {...}}     a fault
    {"do": "lasting"}                                   the faults that last
    {"do": "kill-controller"}                           another is started
    {"do": "demands"}                                   whose packets are whose
    {"do": "controller", "request": {...}}              passed on to the controller

All that a client runs ends when it goes, however it goes.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import SubprocessError
from threading import Lock
from typing import Any, Protocol

from corridor.controller.intent.specification import Specification
from corridor.experiments.live_network.operations.helpers import (
    ROOM,
    capture_command,
    probe_command,
)
from corridor.experiments.live_network.operations.lasting_faults import LastingFaults
from corridor.experiments.live_network.operations.messages import data_of, line, no, octets
from corridor.experiments.live_network.operations.mininet_shell import write_nodes
from corridor.experiments.live_network.operations.programs import (
    SHARED_IN_ROOT,
    Program,
    Room,
    Window,
    end_marked,
)
from corridor.topologies.base.closing import Closing
from corridor.topologies.base.errors import CorridorError, EnvironmentUnsupported, InputError
from corridor.topologies.base.places import IMPORT_ROOT
from corridor.topologies.faults.kind import Network as Faulted
from corridor.topologies.model.wiring import Wiring

MOST_WAIT_S = 10.0
WRITE_S = 1.0
MOST_PROGRAMS = 64
"""Of all clients."""
SHARED_FOLDER = "shared"
"""In the result folder: where programs at hubs start, and what they share with the host."""
LOG = "faults.jsonl"
"""In the result folder: which faults began and ended by hand, and when."""
SHARED = "CORRIDOR_SHARED"
"""In a program's environment: the path of that folder."""


class Network(Protocol):
    """The live network, as far as operations need it."""

    specification: Specification
    wiring: Wiring

    @property
    def control(self) -> Path: ...

    @property
    def faulted(self) -> Faulted: ...

    def namespace_of(self, hub: str) -> str:
        """A path to the namespace of a hub's host."""

    def management_of(self, hub: str) -> str:
        """Where ``ovs-ofctl`` reaches the switch of a hub."""

    def ask(self, do: str, **more: Any) -> dict[str, Any]: ...

    def kill_controller_by_hand(self) -> None: ...


class Operations(Closing):
    """Answers from its start; until ``open`` that there is no network yet."""

    def __init__(self, scratch: Path, out_dir: Path, *, own_root: bool = False) -> None:
        """With a root of their own programs have what is shared at ``/shared``."""
        shared = out_dir / SHARED_FOLDER
        shared.mkdir(exist_ok=True)
        self._log = out_dir / LOG
        self._hosts = scratch / "hosts"
        self._nodes = scratch / "nodes.json"
        self._root = scratch / "root" if own_root else None
        self._shared = shared
        self._mark = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._network: Network | None = None
        self._faults: LastingFaults | None = None
        self._lock = Lock()
        self._programs: dict[tuple[str, int], Program] = {}
        self._clients: set[str] = set()
        self._numbers = 0
        # Processes are told of the death of the thread that started them: this one lives on.
        self._starter = ThreadPoolExecutor(1)

    def open(self, network: Network) -> None:
        """There is a network from now on."""
        lines = [f"{hub.host_ip}\t{hub.hub}" for hub in network.wiring.hubs]
        if self._root is not None:
            self._root.mkdir()
        self._hosts.write_text("\n".join(["127.0.0.1\tlocalhost", *lines, ""]))
        write_nodes(self._nodes, network.wiring, network.namespace_of, network.management_of)
        topology = network.specification.topology
        self._faults = LastingFaults(topology, network.wiring, network.faulted, self._log)
        self._network = network

    def close(self) -> None:
        """End all that runs; there is no network any more."""
        with self._lock:
            self._network = None
            left, self._programs = list(self._programs.values()), {}
        for program in left:
            program.end()
        end_marked(self._mark)
        self._starter.shutdown(wait=False)

    def answer(self, asked: bytes) -> bytes:
        """To ``CLIENT REQUEST``, or to ``CLIENT`` alone when it has gone. Never raises."""
        client, _, request = asked.decode(errors="replace").partition(" ")
        if not request:
            self._end_client(client)
            return line({"ok": True})
        try:
            said = json.loads(request)
            if not isinstance(said, dict) or said.get("do") not in _ANSWERS:
                raise InputError(f"say one of {', '.join(_ANSWERS)}")
            if self._network is None:
                return line(no("absent", "the network is not there: it is built or taken down"))
            return line({"ok": True, **_ANSWERS[said["do"]](self, client, said)})
        except (InputError, ValueError, KeyError, TypeError) as problem:
            lacks = "it lacks " if isinstance(problem, KeyError) else ""
            return line(no("bad", f"{lacks}{problem}"))
        except (CorridorError, OSError) as problem:
            return line(no("failed", str(problem)))
        except Exception as problem:  # noqa: BLE001 - the asker is told, others go on
            return line(no("error", f"{type(problem).__name__}: {problem}"))

    @property
    def _here(self) -> Network:
        if self._network is None:
            raise InputError("the network is being taken down")
        return self._network

    def _run(self, client: str, said: Mapping[str, Any]) -> dict[str, Any]:
        command = said["command"]
        if not command or not all(isinstance(word, str) for word in command):
            raise InputError("a command is one word or more")
        room = Room(self._shared, self._hosts, self._root, self._namespace(said["hub"]))
        return self._start(client, command, room, _window(said), _terminal(said))

    def _mininet(self, client: str, said: Mapping[str, Any]) -> dict[str, Any]:
        words = [sys.executable, "-m", f"{ROOM}.mininet_shell", str(self._nodes)]
        return self._start(
            client, words, Room(IMPORT_ROOT, self._hosts), _window(said), _terminal(said)
        )

    def _probe(self, client: str, said: Mapping[str, Any]) -> dict[str, Any]:
        words = probe_command(
            self._here.specification,
            self._here.wiring,
            self._namespace,
            said["demand"],
            int(said["interval_ns"]),
        )
        return self._start(client, [sys.executable, *words], Room(IMPORT_ROOT), None, {})

    def _capture(self, client: str, said: Mapping[str, Any]) -> dict[str, Any]:
        network = self._here
        words = capture_command(
            network.wiring, network.control, self._namespace, said.get("hub"), said.get("fibre")
        )
        return self._start(client, [sys.executable, *words], Room(IMPORT_ROOT), None, {})

    def _start(
        self,
        client: str,
        command: list[str],
        room: Room,
        window: Window | None,
        more: Mapping[str, str],
    ) -> dict[str, Any]:
        with self._lock:
            if len(self._programs) >= MOST_PROGRAMS:
                raise InputError(f"{MOST_PROGRAMS} programs run already")
            self._numbers += 1
            number = self._numbers
            self._clients.add(client)
        shared = str(self._shared) if room.root is None else SHARED_IN_ROOT
        environment = {SHARED: shared, **more}

        def start() -> Program:
            mark = f"{self._mark}-{number}."
            return Program(command, room, mark, window=window, more_environment=environment)

        try:
            program = self._starter.submit(start).result()
        except OSError as problem:
            raise InputError(f"{command[0]}: {problem.strerror or problem}") from problem
        except SubprocessError as problem:
            raise EnvironmentUnsupported(
                f"a program cannot be started there: {problem}"
            ) from problem
        with self._lock:
            is_there = client in self._clients and self._network is not None
            if is_there:
                self._programs[client, number] = program
        if not is_there:
            program.end()
            raise InputError("who asked has gone")
        return {"program": number}

    def _read(self, client: str, said: Mapping[str, Any]) -> dict[str, Any]:
        program = self._program(client, said)
        out, err, code = program.read(min(float(said["wait_s"]), MOST_WAIT_S))
        if code is not None:
            # What it left running on purpose goes with the network.
            self._programs.pop((client, said["program"]), None)
        return {"out": octets(out), "err": octets(err), "code": code}

    def _write(self, client: str, said: Mapping[str, Any]) -> dict[str, Any]:
        program, data = self._program(client, said), data_of(said.get("data", ""))
        if not data:
            program.close_input()
            return {"taken": 0}
        try:
            return {"taken": program.write(data, WRITE_S)}
        except BrokenPipeError:
            return {"taken": None}

    def _resize(self, client: str, said: Mapping[str, Any]) -> dict[str, Any]:
        self._program(client, said).resize(Window(*map(int, said["terminal"])))
        return {}

    def _signal(self, client: str, said: Mapping[str, Any]) -> dict[str, Any]:
        self._program(client, said).signal(int(said["number"]))
        return {}

    def _begin(self, _client: str, said: Mapping[str, Any]) -> dict[str, Any]:
        assert self._faults is not None
        return self._faults.begin(said["kind"], said["what"], said.get("options", {}))

    def _end(self, _client: str, said: Mapping[str, Any]) -> dict[str, Any]:
        assert self._faults is not None
        return self._faults.end(said["kind"], said["what"])

    def _lasting(self, _client: str, _said: Mapping[str, Any]) -> dict[str, Any]:
        assert self._faults is not None
        return {"faults": self._faults.lasting}

    def _kill_controller(self, _client: str, _said: Mapping[str, Any]) -> dict[str, Any]:
        self._here.kill_controller_by_hand()
        return {}

    def _demands(self, _client: str, _said: Mapping[str, Any]) -> dict[str, Any]:
        directions = self._here.specification.directions
        found = [
            {
                "demand": one.demand.id,
                "src": one.demand.src,
                "dst": one.demand.dst,
                "packets": [
                    [kind.protocol, kind.src_port, kind.dst_port] for kind in one.selectors
                ],
            }
            for one in directions
        ]
        addresses = {hub.hub: hub.host_ip for hub in self._here.wiring.hubs}
        return {"demands": found, "addresses": addresses}

    def _controller(self, _client: str, said: Mapping[str, Any]) -> dict[str, Any]:
        request = dict(said["request"])
        return {"said": self._here.ask(request.pop("do"), **request)}

    def _namespace(self, hub: str) -> str:
        known = [one.hub for one in self._here.wiring.hubs]
        if hub not in known:
            raise InputError(f'no hub "{hub}" in this network; there are {", ".join(known)}')
        return self._here.namespace_of(hub)

    def _program(self, client: str, said: Mapping[str, Any]) -> Program:
        program = self._programs.get((client, said["program"]))
        if program is None:
            raise InputError(f"program {said['program']} does not run, or not for you")
        return program

    def _end_client(self, client: str) -> None:
        with self._lock:
            self._clients.discard(client)
            keys = [key for key in self._programs if key[0] == client]
            left = [self._programs.pop(key) for key in keys]
        for program in left:
            program.end()


def _window(said: Mapping[str, Any]) -> Window | None:
    return Window(*map(int, said["terminal"])) if said.get("terminal") else None


def _terminal(said: Mapping[str, Any]) -> dict[str, str]:
    """What kind of terminal it is, for the environment."""
    return {"TERM": str(said["term"])} if "term" in said else {}


_ANSWERS: Mapping[str, Callable[[Operations, str, Mapping[str, Any]], dict[str, Any]]] = {
    name: getattr(Operations, f"_{name.replace('-', '_')}")
    for name in (
        *("run", "mininet", "probe", "capture", "read", "write", "resize", "signal"),
        *("begin", "end", "lasting", "kill-controller", "demands", "controller"),
    )
}
