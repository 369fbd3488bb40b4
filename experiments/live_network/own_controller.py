"""A controller of a user's own on a live network: watched, and proven again when tables change."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from corridor.controller.api.control_answers import Event, StatusAnswer
from corridor.controller.deployment.statuses import DemandStatus, Status, unknown
from corridor.controller.intent.intent import Intent
from corridor.controller.prover import Proof
from corridor.controller.reconcile.event_log import EventLog
from corridor.experiments.lab.dumps import Dump
from corridor.experiments.lab.own_controller import OwnController
from corridor.experiments.lab.proof import in_a_line, proof_of_others, refuse_endless
from corridor.experiments.live_network.setting import Setting
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    MeasurementInvalid,
)
from corridor.topologies.base.slowness import patient
from corridor.topologies.model.wiring import HOST_PORT, Wiring

LOOK_S = 2.0
POLL_S = 0.05
DUMP_S = 30.0
MOST_WAIT_S = 30.0
TABLES, EVENTS = "tables.json", "events.jsonl"
NOT_OF_IT = frozenset(
    {"policy", "day", "drain", "restore", "audit", "explain", "trace", "counters", "labels"}
)
"""What is asked of the product's controller alone."""


class OwnLiveController(OwnController):
    """In place of the controller that follows: it answers on ``control`` what its tables come to,
    and has no say in them."""

    gateways = None

    def of(
        self, setting: Setting, app: str, name: str, out_dir: Path, tell: Callable[[Event], object]
    ) -> OwnLiveController:
        self.running(app, setting.wiring, out_dir)
        self.name = name
        self.control = self._program.with_name("control.sock")
        self.event_log = EventLog(tell, out_dir / EVENTS)
        self._setting = setting
        self._line_free = threading.RLock()
        """Held by who speaks with the app that reads, which tells one from another by turns."""
        self._hubs = tuple(one.hub for one in setting.wiring.hubs)
        self._away: tuple[str, ...] = ()
        self._held: object = None
        self._proof: Proof | None = None
        self._unproven = "nothing has been read yet"
        self._problem: CorridorError | None = None
        return self

    name: str
    control: Path

    def start(self, switches: Path) -> None:
        super().start(switches)
        self._held = None  # what it makes of the tables is told, also if that is nothing
        threading.Thread(target=self._watch, args=(self.process,), daemon=True).start()

    def start_again(self) -> None:
        """Another, if none runs; switches hold on to their tables meanwhile."""
        if self.process is None or self.process.poll() is not None:
            assert self._switches is not None
            self.start(self._switches)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def until(self, what: Callable[[], object], seconds: float) -> float:
        """Wait until something is so; raises what is in the way of it."""
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
        return self._proof is not None

    def dump(self, target: Path) -> None:
        if not self._line_free.acquire(timeout=patient(DUMP_S)):
            raise MeasurementInvalid("the controller is not ready", self._log_hint())
        try:
            super().dump(target)
        finally:
            self._line_free.release()

    def _watch(self, process: object) -> None:
        """Until this process ends: look at the tables whenever they may have changed."""
        try:
            with self._line_free:
                self.wait_ready()
                self.look()
            if self._proof is not None:
                refuse_endless(self._proof)
        except CorridorError as problem:
            self._problem = problem
            self._tell_unproven(str(problem))
            return
        while self._looks_again(process):
            time.sleep(LOOK_S)

    def _looks_again(self, process: object) -> bool:
        """Unless another has taken its place, which has a line of its own."""
        with self._line_free:
            if self.process is not process:
                return False
            try:
                self.look()
            except Exception as problem:  # noqa: BLE001 - what was not read again is not proven
                self._tell_unproven(str(problem) or type(problem).__name__)
        return self.process is process and self.process is not None and self.process.poll() is None

    def look(self) -> None:
        """Read the tables, and prove them if they are not those of the last look."""
        target = self._program.with_name(TABLES)
        self.dump(target)
        said = json.loads(target.read_text())
        self._away = tuple(one for one in self._hubs if one not in said["switches"])
        dump = Dump(str(target), said)
        if dump.digest == self._held:
            return
        proof = proof_of_others(dump, self._setting.wiring, self._setting.specification)
        self._held, self._proof = dump.digest, proof
        self._unproven = "" if proof.holds else _not_holding(proof)
        self.event_log.say("judged", said=in_a_line(proof), holds=proof.holds)
        self.event_log.compare(self._statuses())

    def _tell_unproven(self, why: str) -> None:
        if self._unproven != why:
            self._unproven, self._held = why, None
            self.event_log.say("error", message=why)
            self.event_log.compare(self._statuses())

    def _statuses(self) -> tuple[DemandStatus, ...]:
        """As far as it can be said: demands are served as asked where every claim is proven."""
        intents = self._setting.specification.intents()
        if self._unproven:
            return unknown((one.id for one in intents), self._unproven)
        return tuple(_served(one) for one in intents)

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """What the control socket answers."""
        return self._answer({"do": do, **what})

    def answer(self, line: bytes) -> bytes:
        """The same as text."""
        try:
            request = json.loads(line)
        except ValueError as problem:
            request = {"do": f"{problem}"}
        found = self._answer(request if isinstance(request, dict) else {})
        return json.dumps(found).encode()

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        do = str(request.get("do"))
        if do in NOT_OF_IT:
            said = f"{do} is for the product's controller, and {self.name} of your own steers here"
            return {"ok": False, "kind": "refused", "reason": said}
        known: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "status": lambda _: self._status(),
            "demands": lambda _: {"demands": to_plain(list(self.event_log.statuses.values()))},
            "topology": lambda _: self._topology(),
            "proof": lambda _: {"proof": self._proof_told()},
            "policies": lambda _: {"set": self._policies()},
            "events": self._events,
        }
        if do not in known:
            return {"ok": False, "kind": "bad", "reason": f"not understood: {do!r}"}
        return {"ok": True, **known[do](request)}

    def _status(self) -> StatusAnswer:
        specification = self._setting.specification
        served = [str(one.status) for one in self.event_log.statuses.values()]
        return {
            "installed": self._proof is not None,
            "epoch": None,
            "unproven": self._unproven,
            "deferred": "",
            "away": list(self._away),
            "as_of": specification.as_of.isoformat(),
            "policies": specification.policies.name,
            "foreign": 0,
            "lacking": [],
            "happened": self.event_log.counts.plain(),
            "demands": {one: served.count(one) for one in dict.fromkeys(served)},
        }

    def _topology(self) -> dict[str, Any]:
        """Nobody follows what fails: fibres are told as they are declared."""
        wiring = self._setting.wiring
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

    def _proof_told(self) -> dict[str, Any]:
        if self._proof is None:
            return {}
        plain = self._proof.to_json()
        holds = self._proof.holds and not self._unproven
        return {"of": self.name, "epoch": None, "holds": holds, "tables": plain}

    def _policies(self) -> Any:
        chosen = self._setting.specification.policies
        return chosen.model_dump(mode="json", by_alias=True, exclude={"described"})

    def _events(self, request: Mapping[str, Any]) -> dict[str, Any]:
        log = self.event_log
        since = _whole(request.get("since"))
        if _whole(request.get("of")) not in (0, log.started_ns):
            since = 0
        wait_s = min(_whole(request.get("wait_s")), MOST_WAIT_S)
        bell: queue.Queue[None] = queue.Queue()
        log.bells.add(bell)
        try:
            if wait_s > 0 and log.last <= since:
                bell.get(timeout=wait_s)
        except queue.Empty:
            pass
        finally:
            log.bells.discard(bell)
        started = {"last": log.last, "started_ns": log.started_ns}
        return {"events": log.since(since), **started}


def _ports(wiring: Wiring, hub: str) -> dict[str, dict[str, Any]]:
    leads_to = {HOST_PORT: "host"}
    for fibre in wiring.fibres:
        leads_to |= {end.port: fibre.fibre for end in (fibre.a, fibre.z) if end.hub == hub}
    return {str(port): {"leads_to": where, "live": True} for port, where in leads_to.items()}


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _served(intent: Intent) -> DemandStatus:
    is_refused = bool(intent.ruling.refusals)
    return DemandStatus(intent.id, Status.BLOCKED if is_refused else Status.UP)


def _not_holding(proof: Proof) -> str:
    by_status = {
        status: [one.claim for one in proof.verdicts if one.status == status]
        for status in ("violated", "not proven")
    }
    said = (f"{', '.join(some)} {status}" for status, some in by_status.items() if some)
    return "; ".join(said)
