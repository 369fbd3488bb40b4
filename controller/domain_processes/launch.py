"""Starts a process for each domain, gives them orders, and proves the tables in their files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from corridor.controller.domain_processes.certificates import Authority
from corridor.controller.domain_processes.process import SIGHT, STATE
from corridor.controller.domains.contracts import COMPOSED, Violated, compose, provers
from corridor.controller.domains.domain_controller import DomainController
from corridor.controller.domains.in_memory import paths
from corridor.controller.domains.kept_state import Crossing
from corridor.controller.domains.sight import Sight, sights
from corridor.controller.forwarding.program import Program
from corridor.controller.intent.specification import Specification
from corridor.controller.prover.search.tables import tables_of
from corridor.topologies.base.child_process import start
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.topologies.base.installation import IMPORT_ROOT
from corridor.topologies.model.domains import HomeDomains
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring, wire

MODULE = "corridor.controller.domain_processes.process"
END_S = 5.0


def wiring_of(topology: Topology) -> Wiring:
    """Return the wiring of a map on which each international gateway has a switch port."""
    return wire(topology, gateways=frozenset(hub.id for hub in topology.hubs if hub.intl_gateway))


class DomainProcesses:
    """A process for each domain of a network; a context manager that ends them."""

    def __init__(
        self, specification: Specification, folder: Path, wiring: Wiring | None = None
    ) -> None:
        """``folder`` is private: it has the keys and state files of all domains."""
        self.specification = specification
        self.wiring = wiring or wiring_of(specification.topology)
        self.home = HomeDomains(specification.topology).home
        self.rules = dict.fromkeys(self.home.values(), specification)
        """By domain, the policies that its process has."""
        self.sights: dict[str, Sight] = sights(specification, self.wiring)
        self.folders = {
            name: folder / f"domain-{number}" for number, name in enumerate(sorted(self.sights))
        }
        self.authority = Authority()
        self.ports: dict[str, int] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        for name, sight in self.sights.items():
            self.folders[name].mkdir(mode=0o700)
            self.authority.write(self.folders[name], name)
            (self.folders[name] / SIGHT).write_text(sight.to_json(), encoding="utf-8")
        try:
            for name in self.sights:
                self._spawn(name)
            self.ports = {name: int(self._answer(name)["port"]) for name in self.sights}
            self.order(self.sights, "peers", ports=self.ports)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """End all processes: each ends with its input."""
        for child in self._children.values():
            if child.stdin is not None and not child.stdin.closed:
                child.stdin.close()
        for child in self._children.values():
            try:
                child.wait(END_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.stdout is not None:
                child.stdout.close()

    @property
    def running(self) -> list[str]:
        """Domains whose process runs."""
        return [name for name, child in self._children.items() if child.poll() is None]

    def kill(self, name: str) -> None:
        """Kill a domain's process (SIGKILL)."""
        child = self._children[name]
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()

    def start_again(self, name: str) -> None:
        """Start the process of a domain that was killed, from its state file."""
        self._spawn(name)
        self._answer(name)
        self.order([name], "peers", ports=self.ports)

    def order(self, names: Iterable[str], do: str, **more: Any) -> dict[str, dict[str, Any]]:
        """Give an order to domains, and return the answer of each."""
        names = tuple(names)
        for name in names:
            pipe = self._children[name].stdin
            assert pipe is not None
            pipe.write(json.dumps({"do": do, **more}).encode() + b"\n")
            pipe.flush()
        return {name: self._answer(name) for name in names}

    def cut(self, fibre: str, do: str = "cut") -> None:
        """Let the domains at the ends of a fibre find it dead."""
        ends = self.specification.topology.fibre(fibre).ends
        self.order({self.home[hub] for hub in ends}, do, fibre=fibre)

    def change(self, specification: Specification, between: Callable[[], None]) -> None:
        """Give every domain other policies, one after another; ``between`` is called after each."""
        self.specification = specification
        self.sights = sights(specification, self.wiring)
        for name, sight in self.sights.items():
            if name in self.running:
                self.order([name], "policies", sight=sight.to_json())
            else:
                (self.folders[name] / SIGHT).write_text(sight.to_json(), encoding="utf-8")
            self.rules[name] = specification
            between()

    # What an observer of all state files sees; no controller does.

    def controllers(self) -> dict[str, DomainController]:
        """Return controllers as they would continue from the files of this moment."""
        found = {}
        for name, sight in self.sights.items():
            state = self.folders[name] / STATE
            kept = state.read_text(encoding="utf-8") if state.exists() else ""
            found[name] = DomainController(sight, kept)
        return found

    def violated(self) -> list[Violated]:
        """Prove the tables of all domains at this moment by their contracts, each direction under
        the policies that its source has."""
        switches = tuple(x for one in self.controllers().values() for x in one.program())
        of = {name: rules.intents() for name, rules in self.rules.items()}
        sources = [self.home[one.demand.src] for one in self.specification.directions]
        intents = [of[name][at] for at, name in enumerate(sources)]
        parts = (tables_of(Program(switches, ())), self.wiring, self.specification.topology)
        found = compose(provers(self.home, *parts, intents), self.home)
        return [one for one in found.violated if one.claim in COMPOSED]

    def paths(self) -> dict[int, tuple[Crossing, ...]]:
        """By number of a direction, the parts of the path in use, from its source on."""
        return paths(self.controllers())

    def _spawn(self, name: str) -> None:
        with (self.folders[name] / "refused.log").open("ab") as log:
            command = (sys.executable, "-m", MODULE, str(self.folders[name].absolute()))
            pipe = subprocess.PIPE
            self._children[name] = start(
                command, stdin=pipe, stdout=pipe, stderr=log, cwd=IMPORT_ROOT
            )

    def _answer(self, name: str) -> dict[str, Any]:
        pipe = self._children[name].stdout
        assert pipe is not None
        line = pipe.readline()
        if not line:
            log = (self.folders[name] / "refused.log").read_text().strip().splitlines()
            raise MeasurementInvalid(f"the process of {name} ended: {log[-1] if log else ''}")
        answer: dict[str, Any] = json.loads(line)
        return answer
