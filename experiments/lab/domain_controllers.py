"""A controller for each domain of a plan: they agree by messages, and each programs its switches.

A controller is two processes: the one that speaks with its neighbours over TLS, with its own state
file, and the one that speaks OpenFlow with the switches of its hubs, and with no others. Where
events happen, the first follows them, and no message leaves it before its switches hold the tables
that the message is about.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from corridor.controller.domain_processes.launch import DomainProcesses
from corridor.controller.domain_processes.switches import HELD, SOCKET
from corridor.controller.domains.in_memory import installed
from corridor.controller.forwarding.program import Program
from corridor.controller.intent.specification import Specification
from corridor.controller.openflow.installation import Report
from corridor.controller.policy.model import PolicySet
from corridor.experiments.account.domains_summary import (
    AGREED_FILE,
    HELD_FILE,
    TOLD_FILE,
    AgreedByDomains,
    ToldByDomain,
)
from corridor.experiments.lab.controller_process import ControllerProcess
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.slowness import patient
from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.emulation.ovsdb import Progress
from corridor.topologies.emulation.ovsdb_client import switches_socket

POLL_S, AGREE_S = 0.03, 60.0
AFTER = "after"
PARTS = ("switches", "groups", "meters")


class DomainControllers(ControllerProcess):
    """The controllers of all domains, where a run has one controller."""

    def __init__(self, plan: Plan, scratch: Path, out_dir: Path) -> None:
        patient = plan.job.clock != "real"
        super().__init__(plan.program, plan.framework, scratch, out_dir, patient=patient)
        self._plan, self._raw = plan, out_dir / "raw"
        self._stack = contextlib.ExitStack()
        self._each: dict[str, ControllerProcess] = {}
        self._net: DomainProcesses | None = None
        self._asking = threading.Lock()
        self._unheard: set[str] = set()
        """Domains whose controller others do not hear."""

    @classmethod
    def of_plan(cls, plan: Plan, scratch: Path, out_dir: Path) -> DomainControllers:
        return cls(plan, scratch, out_dir)

    def start(self, switches: Path) -> None:
        """Have domains agree; then each listens to its switches, on a socket of its own."""
        specification = Specification.from_json((self._raw / "specification.json").read_text())
        folder = self._program.parent
        net = self._stack.enter_context(DomainProcesses(specification, folder, self._plan.wiring))
        self._net = net
        self._tell(self._settled(net))
        if self._plan.follows:
            net.order(net.sights, "switches")
        tables = installed(net.controllers())
        assert self._plan.domains is not None
        for number, one in enumerate(self._plan.domains.domains):
            own = tuple(tables[hub] for hub in one.hubs)
            ends = {switch.dpid for switch in own}
            program = Program(
                own,
                tuple(
                    link
                    for link in self._plan.program.links
                    if ends & {link.src_dpid, link.dst_dpid}
                ),
            )
            controller = _OpenFlow(
                program,
                self._framework,
                net.folders[one.id],
                self._log_path.parent,
                patient=self._patient,
            )
            controller.follows = self._plan.follows
            self._each[one.id] = controller
            self._stack.callback(controller.close)
            controller.start(switches.with_name(socket_of(self._plan, number)))

    def _settled(self, net: DomainProcesses) -> dict[str, dict[str, Any]]:
        """Return what each says once nothing is under way in any domain."""
        began_s, quiet = time.monotonic(), 0
        answers: dict[str, dict[str, Any]] = {}
        while quiet < 2:  # twice: a message may be between two processes
            answers = net.order([*net.running], "status")
            quiet = quiet + 1 if all(one["settled"] for one in answers.values()) else 0
            if time.monotonic() - began_s > patient(AGREE_S):
                raise EnvironmentUnsupported(f"domains do not agree within {AGREE_S:g} s")
            time.sleep(POLL_S)
        return answers

    def _tell(self, answers: dict[str, dict[str, Any]]) -> None:
        """Keep what domains have told each other so far."""
        told = [
            ToldByDomain(
                domain=name,
                messages=one["frames"],
                octets=one["octets"],
                requests=one["sent"].get("request", 0),
                delays=one["sent"].get("offer", 0),
                refused=sum(one["refused"].values()),
            )
            for name, one in answers.items()
        ]
        (self._raw / TOLD_FILE).write_text(json.dumps(to_plain(told), indent=1) + "\n")

    # Events.

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """Give all domains other policies or another day; return once they agree under them."""
        assert self._net is not None
        with self._asking:
            more = (
                {"policies": PolicySet.model_validate(what["set"])}
                if do == "policy"
                else {"as_of": date.fromisoformat(what["as_of"])}
            )
            net = self._net
            net.change(net.specification.model_copy(update=more), lambda: None)
            try:
                self._settled(net)
            except EnvironmentUnsupported as problem:
                return {"ok": False, "kind": "late", "reason": str(problem)}
        return {"ok": True}

    def kill(self, name: str = "") -> None:
        """SIGKILL the process that agrees; switches keep their tables and their connection."""
        assert self._net is not None
        with self._asking:
            self._net.kill(name)
            self._unheard.add(name)

    def start_again(self, name: str = "") -> None:
        """Start it from its state file."""
        assert self._net is not None
        with self._asking:
            self._net.start_again(name)
            self._unheard.discard(name)

    def order(self, domain: str, do: str) -> None:
        """Have a domain ``leave``, ``rejoin``, be in ``silence``, or ``speak``."""
        assert self._net is not None
        with self._asking:
            self._net.order([domain], do)
            if do in ("silence", "speak"):
                (self._unheard.add if do == "silence" else self._unheard.discard)(domain)

    def wait_ready(self, progress: Progress = lambda _what, _done, _of: None) -> Report:
        """Return once each has its tables in and has seen its fibres, as one report."""
        reports = []
        for one in self._each.values():
            reports.append(one.wait_ready())
            installed = sum(each["installed"] for each in reports)
            progress("tables", installed, len(self._plan.program.switches))
        links = len(self._plan.program.links)
        return {
            "complete": all(one["complete"] for one in reports),
            "switches": sum(one["switches"] for one in reports),
            "installed": sum(one["installed"] for one in reports),
            "links": links,
            "links_seen": links,
            "missing_switches": [],
            "missing_links": [],
            "wrong_links": [],
        }

    def dump(self, target: Path) -> None:
        """Write what the switches of all domains say they hold."""
        found: dict[str, dict[str, object]] = {}
        for one in self._each.values():
            part = self._program.with_name("part.json")
            one.dump(part)
            said = json.loads(part.read_text())
            found = {**said, **{key: {**found.get(key, {}), **said[key]} for key in PARTS}}
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(found, indent=1, sort_keys=True))
        if self._plan.follows and target.stem == AFTER:
            self._keep()

    def _keep(self) -> None:
        """Keep what domains mean their switches to hold, and what they held when."""
        assert self._net is not None
        controllers = self._net.controllers()
        tables = installed(controllers)
        order = (one.hub for one in self._plan.program.switches)
        program = Program(tuple(tables[hub] for hub in order), self._plan.program.links)
        states = [one.state for one in controllers.values()]
        agreed = AgreedByDomains(
            program,
            dead=tuple(sorted({fibre for one in states for fibre in one.dead})),
            left=tuple(one.domain for one in states if one.has_left),
            unheard=tuple(sorted(self._unheard)),
        )
        (self._raw / AGREED_FILE).write_text(json.dumps(to_plain(agreed)))
        lines = [
            (json.loads(line)["at_ns"], line)
            for folder in self._net.folders.values()
            if (folder / HELD).exists()
            for line in (folder / HELD).read_text().splitlines()
        ]
        (self._raw / HELD_FILE).write_text("".join(f"{line}\n" for _, line in sorted(lines)))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep all that speak OpenFlow from running while entered."""
        with contextlib.ExitStack() as stack:
            for one in self._each.values():
                stack.enter_context(one.held())
            yield

    def close(self) -> None:
        self._stack.close()


class _OpenFlow(ControllerProcess):
    """The half of a domain's controller that speaks with its switches."""

    follows = False

    def _options(self) -> dict[str, str]:
        more = {"domain": str(self._program.with_name(SOCKET))} if self.follows else {}
        return {**super()._options(), **more}


def socket_of(plan: Plan, number: int) -> str:
    """Return the name of the socket on which the switches of a domain find its controller."""
    return f"{number}-{switches_socket(plan.wiring.run_id)}"


def point_to_domains(plan: Plan, net: CorridorNet) -> None:
    """Have each switch connect to the controller of its domain only."""
    assert plan.domains is not None
    assert net.openvswitch is not None
    bridges = {hub.hub: hub.bridge for hub in plan.wiring.hubs}
    for number, one in enumerate(plan.domains.domains):
        for hub in one.hubs:
            net.openvswitch.set_controller(bridges[hub], f"unix:{socket_of(plan, number)}")
