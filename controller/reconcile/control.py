"""The control socket: one JSON object a line, each answered by one.

    {"do": "status"}                     in a few words: epoch, what is unproven, deferred, away
    {"do": "demands"}                    how each demand is served, and why not better
    {"do": "topology"}                   what has failed, is held out, is drained; who is connected
    {"do": "counters"}                   drops by reason, what was sent by demand, and ports
    {"do": "proof"}                      the last one
    {"do": "policies"}                   those in force
    {"do": "policy", "set": {...}}       another policy set, as JSON
    {"do": "day", "as_of": "2027-07-01"} another day
    {"do": "drain" | "restore", "fibre": ID}
    {"do": "audit"}                      now
    {"do": "events", "since": N}         what has happened, and since when numbers count; with
                                         "wait_s" once there is something, or that time is over;
                                         with "of", the "started_ns" that N belongs to
    {"do": "explain", "demand": ID}
    {"do": "trace", "demand": ID}        hop by hop; with "live" by what switches say they hold now
    {"do": "labels"}                     whose packets carry which label

An answer has ``ok``; where it is false a ``reason``, and ``counterexamples`` where something would
have broken a claim. What kind of no it is says ``kind``:

    bad        the request cannot be understood, or names what the topology does not know
    unknown    there is no such demand or fibre
    refused    it would break a claim, or there are no tables for it
    deferred   a switch is away; ask again when it is back or given up
    busy       nothing stands that is proven
    failed     a switch or a gateway did not do as it was told; all is as before
    late       no answer in time; it may still be done
    error      a defect
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from corridor.controller.api.control_answers import FibreAnswer, HubAnswer, Port
from corridor.controller.openflow.deployments import Deployment
from corridor.controller.policy.load import check_policies
from corridor.controller.policy.model import PolicySet
from corridor.controller.prover import tables_of
from corridor.controller.reconcile import jobs
from corridor.controller.reconcile.event_log import EventLog
from corridor.controller.reconcile.jobs import (
    Answer,
    AuditNow,
    ControlAnswer,
    DumpTables,
    Job,
    Order,
    Queue,
    ReadCounters,
    Refused,
    SetDay,
    SetDrained,
    SetPolicies,
)
from corridor.controller.reconcile.network_state import NetworkState
from corridor.controller.reconcile.reconciler import Reconciler
from corridor.controller.reconcile.two_phase_rollout import NotNow
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.base.documents import (
    Mistake,
    Unwritten,
    describe_path,
    pointer_of_path,
    validate,
)
from corridor.topologies.model.catalogue import nearest_named_or_some
from corridor.topologies.model.wiring import (
    GATEWAY_IN_PORT,
    GATEWAY_OUT_PORT,
    HubWire,
    leads_to_hosts,
)

ANSWER_S = 120.0
LAST_YEAR = 2999
"""Days follow each other, and there must always be a next one."""


class BadRequest(Exception):
    """A request that cannot be understood."""

    kind = "bad"


class NoSuch(BadRequest):
    """No demand or fibre has that name."""

    kind = "unknown"


@dataclass
class Control:
    """Answers requests; what changes something is done by the controller."""

    reconciler: Reconciler
    event_log: EventLog
    queue: Callable[[], Queue[Answer]]
    answer_s: float = ANSWER_S

    @property
    def network(self) -> NetworkState:
        return self.reconciler.network

    def answer(self, line: str) -> ControlAnswer:
        """The answer to one line. Never raises."""
        try:
            request = json.loads(line)
            if not isinstance(request, dict) or request.get("do") not in _ANSWERS:
                known = ", ".join(_ANSWERS)
                raise BadRequest(f'say {{"do": ...}} with one of {known}')
            return _ANSWERS[request["do"]](self, request)
        except (BadRequest, NotNow) as problem:
            return _no(problem.kind, str(problem))
        except ValueError as problem:
            return _no("bad", f"not understood: {problem}")
        except Exception as problem:  # noqa: BLE001 - the client gets the error, others go on
            return _no("error", f"{type(problem).__name__}: {problem}")

    def status(self, _request: JsonObject) -> jobs.StatusAnswer:
        return {"ok": True, **self.network.state}

    def demands(self, _request: JsonObject) -> jobs.DemandsAnswer:
        return {"ok": True, "demands": to_plain(list(self.event_log.statuses.values()))}

    def topology(self, _request: JsonObject) -> jobs.TopologyAnswer:
        network, failures = self.network, self.network.failures
        interfaces = network.deployer.interfaces
        connected = interfaces.switches.connected
        hubs: dict[str, HubAnswer] = {
            hub.hub: {
                "dpid": hub.dpid,
                "connected": hub.dpid in connected,
                "connections": self.event_log.counts.connections[hub.hub, True],
                "disconnections": self.event_log.counts.connections[hub.hub, False],
                "failed": hub.hub in failures.hubs,
                "gateway": None if hub.gateway is None else hub.hub not in failures.gateways,
                "ports": self._ports(hub),
            }
            for hub in interfaces.wiring.hubs
        }
        held = network.sightings.damper.held(interfaces.now_ns())
        fibres: dict[str, FibreAnswer] = {
            one.fibre: {
                "ends": (one.a.hub, one.z.hub),
                "works": one.fibre not in failures.links,
                "held_out": f"link:{one.fibre}" in held,
                "drained": one.fibre in network.known.drained,
            }
            for one in interfaces.wiring.fibres
        }
        return {"ok": True, "hubs": hubs, "fibres": fibres}

    def _ports(self, hub: HubWire) -> dict[str, Port]:
        """By number, what each leads to, and whether it is live."""
        wiring, sightings = self.network.deployer.interfaces.wiring, self.network.sightings
        leads_to = leads_to_hosts(hub)
        for fibre in wiring.fibres:
            for end in (fibre.a, fibre.z):
                if end.hub == hub.hub:
                    leads_to[end.port] = fibre.fibre
        if hub.gateway is not None:
            leads_to |= {GATEWAY_IN_PORT: "into gateway", GATEWAY_OUT_PORT: "out of gateway"}
        return {
            str(port): {"leads_to": where, "live": sightings.is_live(hub.dpid, port)}
            for port, where in leads_to.items()
        }

    def counters(self, _request: JsonObject) -> Answer:
        return self._have(ReadCounters())

    def proof(self, _request: JsonObject) -> jobs.ProofAnswer:
        return {"ok": True, "proof": self.network.deployer.proof}

    def policies(self, _request: JsonObject) -> jobs.PoliciesAnswer:
        chosen = self.network.known.specification.policies
        plain = chosen.model_dump(mode="json", by_alias=True, exclude={"described"})
        return {"ok": True, "set": plain}

    def policy(self, request: JsonObject) -> Answer:
        written = Unwritten.of(request.get("set"))
        try:
            policies = validate(written, PolicySet)
        except Mistake as problem:
            return _mistaken(problem)
        specification = self.network.known.specification
        now = specification.policies
        policies = policies.beside((*now.described, *now.classes))
        demands = [one.demand for one in specification.directions]
        try:
            check_policies(policies, specification.topology, demands, written)
        except Mistake as problem:
            return _mistaken(problem)
        return self._have(SetPolicies(policies))

    def day(self, request: JsonObject) -> Answer:
        as_of = date.fromisoformat(_text(request, "as_of"))
        if not 1900 <= as_of.year <= LAST_YEAR:
            raise BadRequest(f"{as_of} is not between 1900 and {LAST_YEAR}")
        return self._have(SetDay(as_of))

    def drain(self, request: JsonObject) -> Answer:
        return self._have(SetDrained(self._fibre(request), drained=True))

    def restore(self, request: JsonObject) -> Answer:
        return self._have(SetDrained(self._fibre(request), drained=False))

    def audit(self, _request: JsonObject) -> Answer:
        return self._have(AuditNow())

    def events(self, request: JsonObject) -> jobs.EventsAnswer:
        since, of = _whole(request, "since"), _whole(request, "of")
        wait_s, nothing = _whole(request, "wait_s"), self.reconciler.nothing
        bell: Any = self.queue()
        return {"ok": True, **self.event_log.heard(since, of, wait_s, bell, nothing)}

    def explain(self, request: JsonObject) -> jobs.ExplanationAnswer:
        from corridor.controller.explain import explain

        deployment = self._deployment()
        graphs = {graph.intent.id: graph for graph in deployment.graphs}
        name = _one_of(graphs, _text(request, "demand"), "demand")
        specification = deployment.known.specification
        back = graphs.get(f"{name}.return")
        found = explain(graphs[name], specification.policies, specification.as_of, back)
        return {"ok": True, "explanation": found.to_json()}

    def trace(self, request: JsonObject) -> jobs.TraceAnswer | Refused:
        from corridor.controller.explain.trace import trace
        from corridor.controller.prover.exact_search import Explorer

        deployment, interfaces = self._deployment(), self.network.deployer.interfaces
        intents = {intent.id: intent for intent in deployment.intents}
        name = _one_of(intents, _text(request, "demand"), "demand")
        tables = tables_of(deployment.program)
        if request.get("live"):
            held = self._have(DumpTables())
            if not held["ok"]:
                return held
            document = cast(jobs.Dumped, held)["document"]
            asked = [interfaces.dpid(hub) for hub in document["switches"]]
            read = interfaces.read(document, asked)
            if read.oddities:
                where = "; ".join(f"{one.hub}: {one.said}" for one in read.oddities)
                return _no("failed", f"it is not known where packets go: {where}")
            tables = interfaces.filled(read, deployment.program)
        explorer = Explorer(tables, interfaces.wiring, deployment.topology)
        uses = deployment.program.labels
        found = trace(explorer, intents[name], self.network.failures, uses)
        return {"ok": True, "trace": found.to_json(), "epoch": deployment.epoch}

    def labels(self, _request: JsonObject) -> jobs.LabelsAnswer:
        from corridor.controller.explain.trace import known_labels

        return {"ok": True, "labels": known_labels(self._deployment().program.labels)}

    def _deployment(self) -> Deployment:
        """What stands; NotNow while nothing does."""
        deployment = self.network.deployer.deployment
        if deployment is None:
            raise NotNow(self.network.deployer.unproven)
        return deployment

    def _have(self, job: Job) -> Answer:
        """Have the controller do something, and wait for the outcome of it."""
        reply = self.queue()
        self.reconciler.jobs.put(Order(job, reply))
        try:
            return reply.get(timeout=self.answer_s)
        except self.reconciler.nothing:
            return _no("late", f"not done in {self.answer_s:g} s; it may still be")

    def _fibre(self, request: JsonObject) -> str:
        known = [one.fibre for one in self.network.deployer.interfaces.wiring.fibres]
        return _one_of(known, _text(request, "fibre"), "fibre")


def _no(kind: str, reason: str) -> Refused:
    return {"ok": False, "kind": kind, "reason": reason}


def _mistaken(problem: Mistake) -> Refused:
    """What is wrong with values that were sent, and where: for people, and as RFC 6901 has it."""
    said: jobs.Mistake = {
        "where": describe_path(problem.at),
        "pointer": pointer_of_path(problem.at),
        "message": problem.message,
        "hint": problem.hint,
    }
    return {"ok": False, "kind": "bad", "reason": str(problem), "mistakes": [said]}


def _one_of(known: Collection[str], name: str, what: str) -> str:
    """The name itself; NoSuch unless it is known."""
    if name not in known:
        raise NoSuch(f"no {what} {name!r}; {nearest_named_or_some(name, known)}")
    return name


def _text(request: JsonObject, key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str):
        raise BadRequest(f"{key!r} must be a string")
    return value


def _whole(request: JsonObject, key: str) -> int:
    value = request.get(key, 0)
    if not isinstance(value, int | float | str):
        raise BadRequest(f"{key!r} must be a whole number")
    return int(value)


_ANSWERS: Mapping[str, Callable[[Control, JsonObject], ControlAnswer]] = {
    name: getattr(Control, name)
    for name in (
        *("status", "demands", "topology", "counters", "proof", "policies", "policy", "day"),
        *("drain", "restore", "audit", "events", "explain", "trace", "labels"),
    )
}
