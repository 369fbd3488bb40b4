"""A user-supplied controller on a live network: watched, and proven again when tables change.

It answers from the tables, as far as that is possible without knowing the app.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from corridor.controller.api.control_answers import LastProof, StatusAnswer
from corridor.controller.openflow.statuses import DemandStatus, Status, unknown
from corridor.controller.prover import Proof
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.reconcile.event_log import EventLog
from corridor.experiments.lab.controller_process import OwnController
from corridor.experiments.lab.dumps import Dump
from corridor.experiments.lab.proof import in_a_line, proof_of_others, refuse_endless
from corridor.experiments.live_network.setting import Setting
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    MeasurementInvalid,
)
from corridor.topologies.base.slowness import patient
from corridor.topologies.model.wiring import Wiring, leads_to_hosts

NOT_OF_IT = frozenset(
    {"policy", "day", "drain", "restore", "audit", "explain", "trace", "counters", "labels"}
)
"""What is asked of the product's controller alone."""


class OwnAnswers:
    """Of one network; ``name`` is how its user calls the app."""

    def __init__(self, name: str, setting: Setting, event_log: EventLog) -> None:
        self.setting = setting
        self.proof: Proof | None = None
        """Of the tables that were read last."""
        self._name = name
        self._event_log = event_log
        self._hubs = tuple(one.hub for one in setting.wiring.hubs)
        self._away: tuple[str, ...] = ()
        self._held = ""
        self._unproven = "nothing has been read yet"

    def forget(self) -> None:
        """The next tables are reported, even if they equal those that were read last."""
        self._held = ""

    def judge(self, dump: Dump) -> None:
        """Prove the tables that switches report, if they have changed. Raises PolicyFailure where
        nothing was reported yet and packets would multiply without end."""
        if dump.digest == self._held:
            return
        self._away = tuple(one for one in self._hubs if one not in dump.said["switches"])
        proof = proof_of_others(dump, self.setting.wiring, self.setting.specification)
        if self.proof is None:
            refuse_endless(proof)
        self._held, self.proof = dump.digest, proof
        self._unproven = "" if proof.holds else _not_holding(proof)
        self._event_log.say("judged", said=in_a_line(proof), holds=proof.holds)
        self._event_log.compare(self._statuses())

    def tell_unproven(self, why: str) -> None:
        """The tables are not known any more."""
        if self._unproven != why:
            self._unproven, self._held = why, ""
            self._event_log.say("error", message=why)
            self._event_log.compare(self._statuses())

    def _statuses(self) -> tuple[DemandStatus, ...]:
        """As far as it can be said: demands are served as asked where every claim is proven."""
        intents = self.setting.specification.intents()
        if self._unproven:
            return unknown((one.id for one in intents), self._unproven)
        hosts = {one.name: one for one in self.setting.wiring.hosts}
        topology = self.setting.specification.topology
        demands = (Demand(n, one, topology, hosts) for n, one in enumerate(intents, start=1))
        return tuple(map(_served, demands))

    def answer(self, line: bytes) -> bytes:
        """As ``to``, of a line of text."""
        try:
            request = json.loads(line)
        except ValueError as problem:
            request = {"do": f"{problem}"}
        found = self.to(request if isinstance(request, dict) else {})
        return json.dumps(found).encode()

    def to(self, request: Mapping[str, Any]) -> dict[str, Any]:
        do = str(request.get("do"))
        if do in NOT_OF_IT:
            ours = f"{do} needs the product's controller"
            said = f"{ours}, and {self._name} of yours controls this network"
            return {"ok": False, "kind": "refused", "reason": said}
        known: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "status": lambda _: self._status(),
            "demands": lambda _: {"demands": to_plain(list(self._event_log.statuses.values()))},
            "topology": lambda _: self._topology(),
            "proof": lambda _: {"proof": self._proof_told()},
            "policies": lambda _: {"set": self._policies()},
            "events": self._events,
        }
        if do not in known:
            return {"ok": False, "kind": "bad", "reason": f"not understood: {do!r}"}
        return {"ok": True, **known[do](request)}

    def _status(self) -> StatusAnswer:
        specification = self.setting.specification
        served = [str(one.status) for one in self._event_log.statuses.values()]
        return {
            "installed": self.proof is not None,
            "epoch": None,
            "unproven": self._unproven,
            "deferred": "",
            "away": list(self._away),
            "as_of": specification.as_of.isoformat(),
            "policies": specification.policies.name,
            "foreign": 0,
            "lacking": [],
            "happened": self._event_log.counts.plain(),
            "demands": {one: served.count(one) for one in dict.fromkeys(served)},
        }

    def _topology(self) -> dict[str, Any]:
        """Failures are not followed: fibres are reported as declared."""
        wiring = self.setting.wiring
        hubs = {
            one.hub: {
                "dpid": one.dpid,
                "connected": one.hub not in self._away,
                "connections": 0,
                "disconnections": 0,
                "failed": False,
                "gateway": None,
                "ports": _ports(wiring, one.hub),
            }
            for one in wiring.hubs
        }
        whole = {"works": True, "held_out": False, "drained": False}
        fibres = {one.fibre: {"ends": [one.a.hub, one.z.hub], **whole} for one in wiring.fibres}
        return {"hubs": hubs, "fibres": fibres}

    def _proof_told(self) -> LastProof:
        if self.proof is None:
            return {}
        plain = self.proof.to_json()
        holds = self.proof.holds and not self._unproven
        return {"of": self._name, "epoch": None, "holds": holds, "tables": plain}

    def _policies(self) -> Any:
        chosen = self.setting.specification.policies
        return chosen.model_dump(mode="json", by_alias=True, exclude={"described"})

    def _events(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        since, of, wait_s = (_whole(request.get(key)) for key in ("since", "of", "wait_s"))
        return self._event_log.heard(since, of, wait_s, queue.Queue(), queue.Empty)


def _ports(wiring: Wiring, hub: str) -> dict[str, dict[str, Any]]:
    leads_to = leads_to_hosts(wiring.hub(hub))
    for fibre in wiring.fibres:
        leads_to |= {end.port: fibre.fibre for end in (fibre.a, fibre.z) if end.hub == hub}
    return {str(port): {"leads_to": where, "live": True} for port, where in leads_to.items()}


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _served(demand: Demand) -> DemandStatus:
    """Where every claim is proven."""
    return DemandStatus(demand.id, Status.BLOCKED if demand.is_blocked else Status.UP)


def _not_holding(proof: Proof) -> str:
    by_status = {
        status: [one.claim for one in proof.verdicts if one.status == status]
        for status in ("violated", "not proven")
    }
    said = (f"{', '.join(some)} {status}" for status, some in by_status.items() if some)
    return "; ".join(said)


LOOK_S = 2.0
POLL_S = 0.05
DUMP_S = 30.0
TABLES = "tables.json"


class OwnLiveController(OwnController):
    """In place of the controller that follows: ``answers`` has what its tables come to, and no one
    has a say in them."""

    gateways = None
    answers: OwnAnswers
    control: Path

    def of(self, answers: OwnAnswers, app: str, out_dir: Path) -> OwnLiveController:
        """``app`` is a module, or ``OWN_APP`` in the result folder."""
        self.running(app, answers.setting.wiring, out_dir)
        self.answers = answers
        self.control = self._program.with_name("control.sock")
        self._line_free = threading.RLock()
        """Held by who speaks with the app that reads, which tells one from another by turns."""
        self._problem: CorridorError | None = None
        return self

    def start(self, switches: Path) -> None:
        super().start(switches)
        self.answers.forget()
        threading.Thread(target=self._watch, args=(self.process,), daemon=True).start()

    def order(self, domain: str, do: str) -> None:
        """Nothing: it serves all domains."""

    def start_again(self, _name: str = "") -> None:
        """Another, if none runs; switches hold on to their tables in the meantime."""
        if self.process is None or self.process.poll() is not None:
            assert self._switches is not None
            self.start(self._switches)

    def kill(self, _name: str = "") -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """What the control socket answers."""
        return self.answers.to({"do": do, **what})

    def until(self, what: Callable[[], object], seconds: float) -> float:
        """Wait until a condition is true; raises the error that prevents it."""
        start = time.monotonic()
        while not what():
            if self._problem is not None:
                raise self._problem
            if time.monotonic() - start > seconds:
                raise EnvironmentUnsupported(f"not in {seconds:g} s", self._log_hint())
            time.sleep(POLL_S)
        return time.monotonic() - start

    def is_settled(self) -> bool:
        """Its tables have been looked at."""
        return self.answers.proof is not None

    def dump(self, target: Path) -> None:
        if not self._line_free.acquire(timeout=patient(DUMP_S)):
            raise MeasurementInvalid("the controller is not ready", self._log_hint())
        try:
            super().dump(target)
        finally:
            self._line_free.release()

    def look(self) -> None:
        """Read the tables, and prove them if they are not those of the last look."""
        target = self._program.with_name(TABLES)
        self.dump(target)
        self.answers.judge(Dump(str(target), json.loads(target.read_text())))

    def _watch(self, process: object) -> None:
        """Until this process ends: look at the tables whenever they may have changed."""
        try:
            with self._line_free:
                self.wait_ready()
                self.look()
        except CorridorError as problem:
            self._problem = problem
            self.answers.tell_unproven(str(problem))
            return
        while self._looks_again(process):
            time.sleep(LOOK_S)

    def _looks_again(self, process: object) -> bool:
        """Unless another has taken its place, which has a separate line."""
        with self._line_free:
            if self.process is not process:
                return False
            try:
                self.look()
            except Exception as problem:  # noqa: BLE001 - what was not read again is not proven
                self.answers.tell_unproven(str(problem) or type(problem).__name__)
        return self.process is process and self.process is not None and self.process.poll() is None
