"""Does what clients ask of a live network, where the network is.

What they may ask for is in ``requests.py``. All that a client runs ends when it goes, however it
goes.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import singledispatchmethod
from pathlib import Path
from subprocess import SubprocessError
from threading import Lock
from typing import Any, Protocol

from corridor.controller.intent.specification import Specification
from corridor.experiments.operations.image_root import TARS, ImageRoot, ids_of, unpacked
from corridor.experiments.operations.lasting_faults import LastingFaults
from corridor.experiments.operations.mininet_shell import write_nodes
from corridor.experiments.operations.programs import (
    ROOM,
    SHARED_IN_ROOT,
    Program,
    Room,
    Window,
    capture_command,
    end_marked,
    probe_command,
)
from corridor.experiments.operations.requests import (
    Begin,
    Capture,
    Controller,
    Demands,
    End,
    KillController,
    Lasting,
    Loads,
    Mininet,
    Probe,
    Read,
    Resize,
    Run,
    RunImage,
    Signal,
    Write,
    line,
    no,
    octets,
    request_of,
)
from corridor.experiments.testbeds.guest_settings import RESOLVER
from corridor.topologies.base.child_process import Closing
from corridor.topologies.base.errors import CorridorError, EnvironmentUnsupported, InputError
from corridor.topologies.base.installation import IMPORT_ROOT
from corridor.topologies.model.catalogue import nearest_named_or_some
from corridor.topologies.model.fault_kind import Network as Faulted
from corridor.topologies.model.wiring import Wiring

# What has left by each end of each fibre, as the kernel counts it: one file read for all.

COUNTS = Path("/proc/net/dev")
IMAGE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Of programs in an image that states none."""
SENT_BYTES = 8
"""Its column, behind the interface's name."""


def sent_bytes(wiring: Wiring, counts: Path = COUNTS) -> dict[str, tuple[int, int]]:
    """Octets that have left by the ends ``a`` and ``z`` of each fibre, shaped; by fibre."""
    sent = {}
    for row in counts.read_text().splitlines():
        interface, colon, columns = row.partition(":")
        if colon:
            sent[interface.strip()] = int(columns.split()[SENT_BYTES])
    return {
        one.fibre: (sent.get(one.a.interface, 0), sent.get(one.z.interface, 0))
        for one in wiring.fibres
    }


type Answer = Mapping[str, object]
"""Next to ``ok``."""
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

    def namespace_of(self, host: str) -> str:
        """A path to the namespace of a host; a hub's id names its default host."""

    def management_of(self, hub: str) -> str:
        """Where ``ovs-ofctl`` reaches the switch of a hub."""

    def ask(self, do: str, **more: Any) -> Answer: ...

    def kill_controller_by_hand(self) -> None: ...


class Operations(Closing):
    """Answers from its start; before ``open`` it reports that the network does not exist yet."""

    def __init__(self, scratch: Path, out_dir: Path, *, own_root: Sequence[str] = ()) -> None:
        """With ``own_root``, names in ``/``, programs have a separate root and the shared folder
        at ``/shared``."""
        shared = out_dir / SHARED_FOLDER
        shared.mkdir(exist_ok=True)
        self._log = out_dir / LOG
        self._hosts = scratch / "hosts"
        self._resolver = scratch / "resolv.conf"
        self._nodes = scratch / "nodes.json"
        self._root = scratch / "root" if own_root else None
        self._top = own_root
        self._shared = shared
        self._mark = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._network: Network | None = None
        self._faults: LastingFaults | None = None
        self._lock, self._unpacking = Lock(), Lock()
        self._programs: dict[tuple[str, int], Program] = {}
        self._clients: set[str] = set()
        self._numbers = 0
        # The kernel signals processes when the thread that started them dies: this one lives on.
        self._starter = ThreadPoolExecutor(1)

    def open(self, network: Network) -> None:
        """There is a network from now on."""
        wiring = network.wiring
        lines = [f"{ip}\t{one.name}" for one in wiring.hosts for ip in wiring.addresses(one)]
        if self._root is not None:
            self._root.mkdir()
        self._hosts.write_text("\n".join(["127.0.0.1\tlocalhost", *lines, ""]))
        self._resolver.write_text(RESOLVER)
        write_nodes(self._nodes, network.wiring, network.namespace_of, network.management_of)
        topology = network.specification.topology
        self._faults = LastingFaults(topology, network.wiring, network.faulted, self._log)
        self._network = network

    def close(self) -> None:
        """End all that runs; the network has ended."""
        with self._lock:
            self._network = None
            left, self._programs = list(self._programs.values()), {}
        for program in left:
            program.end()
        end_marked(self._mark)
        shutil.rmtree(self._shared / TARS, ignore_errors=True)
        self._starter.shutdown(wait=False)

    def answer(self, asked: bytes) -> bytes:
        """To ``CLIENT REQUEST``, or to ``CLIENT`` alone when it has gone. Never raises."""
        client, _, text = asked.decode(errors="replace").partition(" ")
        if not text:
            self._end_client(client)
            return line({"ok": True})
        try:
            request = request_of(text)
            if self._network is None:
                return line(no("absent", "the network is not there: it is built or taken down"))
            return line({"ok": True, **self._answered(request, client)})
        except (InputError, ValueError, KeyError, TypeError) as problem:
            lacks = "it has no " if isinstance(problem, KeyError) else ""
            return line(no("bad", f"{lacks}{problem}"))
        except (CorridorError, OSError) as problem:
            return line(no("failed", str(problem)))
        except Exception as problem:  # noqa: BLE001 - the client gets the error, others go on
            return line(no("error", f"{type(problem).__name__}: {problem}"))

    @property
    def _here(self) -> Network:
        if self._network is None:
            raise InputError("the network is being taken down")
        return self._network

    @singledispatchmethod
    def _answered(self, asked: object, _client: str) -> Answer:
        """One for each kind of request."""
        raise NotImplementedError(type(asked).__name__)

    @_answered.register
    def _run(self, asked: Run, client: str) -> Answer:
        at = self._namespace(asked.hub)
        room = Room(self._shared, self._hosts, self._root, self._top, at, self._resolver)
        if asked.image is not None:
            room = replace(room, image=self._image_root(asked.image))
        return self._start(client, asked.command, room, asked)

    def _image_root(self, asked: RunImage) -> ImageRoot:
        if self._root is None:
            raise InputError(
                "images need a network in a guest: this one shares the machine's files"
            )
        tar = self._shared / TARS / f"{asked.id}.tar"
        with self._unpacking:
            tree = unpacked(tar, self._root.parent / "images")
        return ImageRoot(tree, asked.folder, ids_of(tree, asked.user))

    @_answered.register
    def _mininet(self, asked: Mininet, client: str) -> Answer:
        words = [sys.executable, "-m", f"{ROOM}.mininet_shell", str(self._nodes)]
        room = Room(IMPORT_ROOT, self._hosts, resolver=self._resolver)
        return self._start(client, words, room, asked)

    @_answered.register
    def _probe(self, asked: Probe, client: str) -> Answer:
        words = probe_command(
            self._here.specification,
            self._here.wiring,
            self._namespace,
            asked.demand,
            asked.interval_ns,
        )
        return self._start(client, [sys.executable, *words], Room(IMPORT_ROOT))

    @_answered.register
    def _capture(self, asked: Capture, client: str) -> Answer:
        network = self._here
        words = capture_command(
            network.wiring, network.control, self._namespace, asked.hub, asked.fibre
        )
        return self._start(client, [sys.executable, *words], Room(IMPORT_ROOT))

    def _start(
        self, client: str, command: Sequence[str], room: Room, at: Run | Mininet | None = None
    ) -> Answer:
        """A program, at the terminal that was asked for, if one was."""
        with self._lock:
            if len(self._programs) >= MOST_PROGRAMS:
                raise InputError(f"{MOST_PROGRAMS} programs run already")
            self._numbers += 1
            number = self._numbers
            self._clients.add(client)
        shared = str(self._shared) if room.root is None else SHARED_IN_ROOT
        environment = {SHARED: shared, **({"TERM": at.term} if at and at.term else {})}
        if isinstance(at, Run) and at.image is not None:
            environment |= {"PATH": IMAGE_PATH, "HOME": "/root", **at.image.environment}
        window = Window(*at.terminal) if at and at.terminal else None

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

    @_answered.register
    def _read(self, asked: Read, client: str) -> Answer:
        program = self._program(client, asked.program)
        out, err, code = program.read(min(asked.wait_s, MOST_WAIT_S))
        if code is not None:
            # What it left running on purpose goes with the network.
            self._programs.pop((client, asked.program), None)
        return {"out": octets(out), "err": octets(err), "code": code}

    @_answered.register
    def _write(self, asked: Write, client: str) -> Answer:
        program = self._program(client, asked.program)
        if not asked.data:
            program.close_input()
            return {"taken": 0}
        try:
            return {"taken": program.write(asked.data, WRITE_S)}
        except BrokenPipeError:
            return {"taken": None}

    @_answered.register
    def _resize(self, asked: Resize, client: str) -> Answer:
        self._program(client, asked.program).resize(Window(*asked.terminal))
        return {}

    @_answered.register
    def _signal(self, asked: Signal, client: str) -> Answer:
        self._program(client, asked.program).signal(asked.number)
        return {}

    @_answered.register
    def _begin(self, asked: Begin, _client: str) -> Answer:
        assert self._faults is not None
        return {"changed": self._faults.begin(asked.kind, asked.what, asked.options)}

    @_answered.register
    def _end(self, asked: End, _client: str) -> Answer:
        assert self._faults is not None
        return {"changed": self._faults.end(asked.kind, asked.what)}

    @_answered.register
    def _lasting(self, _asked: Lasting, _client: str) -> Answer:
        assert self._faults is not None
        return {"faults": self._faults.lasting}

    @_answered.register
    def _loads(self, _asked: Loads, _client: str) -> Answer:
        return {"at_ns": time.monotonic_ns(), "bytes": sent_bytes(self._here.wiring)}

    @_answered.register
    def _kill_controller(self, _asked: KillController, _client: str) -> Answer:
        self._here.kill_controller_by_hand()
        return {}

    @_answered.register
    def _demands(self, _asked: Demands, _client: str) -> Answer:
        directions = self._here.specification.directions
        found = [
            {
                "demand": one.demand.id,
                "src": one.demand.hosts[0],
                "dst": one.demand.hosts[1],
                "family": one.demand.family,
                "packets": [
                    [kind.protocol, kind.src_port, kind.dst_port] for kind in one.selectors
                ],
            }
            for one in directions
        ]
        wiring = self._here.wiring
        addresses = {host.name: host.host_ip for host in wiring.hosts}
        ipv6 = {host.name: host.ip("ipv6") for host in wiring.hosts if wiring.ipv6}
        return {"demands": found, "addresses": addresses, "ipv6_addresses": ipv6}

    @_answered.register
    def _controller(self, asked: Controller, _client: str) -> Answer:
        request = dict(asked.request)
        return {"said": self._here.ask(request.pop("do"), **request)}

    def _namespace(self, host: str) -> str:
        wiring = self._here.wiring
        known = [one.name for one in wiring.hosts]
        if host not in known:
            what = "hub" if len(known) == len(wiring.hubs) else "hub or host"
            hint = nearest_named_or_some(host, known)
            raise InputError(f'no {what} "{host}" in this network', hint)
        return self._here.namespace_of(host)

    def _program(self, client: str, number: int) -> Program:
        program = self._programs.get((client, number))
        if program is None:
            raise InputError(f"program {number} does not run, or not for you")
        return program

    def _end_client(self, client: str) -> None:
        with self._lock:
            self._clients.discard(client)
            keys = [key for key in self._programs if key[0] == client]
            left = [self._programs.pop(key) for key in keys]
        for program in left:
            program.end()
