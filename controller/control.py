"""The control socket: one JSON object a line, each answered by one.

    {"do": "status"}                     in a few words: epoch, what is in doubt, deferred, away
    {"do": "demands"}                    how each demand is served, and why not better
    {"do": "topology"}                   what has failed, is held out, is drained; who is connected
    {"do": "counters"}                   packets dropped, by reason
    {"do": "proof"}                      the last one
    {"do": "policies"}                   those in force
    {"do": "policy", "set": {...}}       another policy set, as JSON
    {"do": "day", "as_of": "2027-07-01"} another day
    {"do": "drain" | "restore", "fibre": ID}
    {"do": "audit"}                      now
    {"do": "events", "since": N}
    {"do": "explain", "demand": ID}

An answer has ``ok``; where it is false a ``reason``, and ``counterexamples`` where something would
have broken a claim. A line that is no such object is answered with ``ok: false``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from controller.journal import Journal
from controller.keeper import Job, Jobs, Keeper
from controller.policy.model import PolicySet
from topologies.values import to_plain

ANSWER_S = 120.0


class BadRequest(Exception):
    """A request that cannot be understood."""


@dataclass
class Control:
    """Answers requests; what changes something is done by the keeper."""

    keeper: Keeper
    journal: Journal
    queue: Callable[[], Jobs]
    answer_s: float = ANSWER_S

    def answer(self, line: str) -> dict[str, Any]:
        """The answer to one line. Never raises."""
        try:
            request = json.loads(line)
            if not isinstance(request, dict) or request.get("do") not in _ANSWERS:
                known = ", ".join(_ANSWERS)
                raise BadRequest(f'say {{"do": ...}} with one of {known}')
            return _ANSWERS[request["do"]](self, request)
        except BadRequest as problem:
            return {"ok": False, "reason": str(problem)}
        except ValueError as problem:
            return {"ok": False, "reason": f"not understood: {problem}"}
        except Exception as problem:  # noqa: BLE001 - the asker is told, others go on
            return {"ok": False, "reason": f"{type(problem).__name__}: {problem}"}

    def status(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        counts: dict[str, int] = {}
        for one in list(self.journal.statuses.values()):
            counts[one.status] = counts.get(one.status, 0) + 1
        return {"ok": True, **self.keeper.state, "demands": counts}

    def demands(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        return {"ok": True, "demands": to_plain(list(self.journal.statuses.values()))}

    def topology(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        keeper, failures = self.keeper, self.keeper.failures
        outside = keeper.governor.outside
        connected = outside.switches.connected
        hubs = {
            hub.hub: {
                "connected": hub.dpid in connected,
                "failed": hub.hub in failures.hubs,
                "gateway": None if hub.gateway is None else hub.hub not in failures.gateways,
            }
            for hub in outside.wiring.hubs
        }
        held = keeper.sightings.damper.held(outside.now_ns())
        fibres = {
            one.fibre: {
                "ends": [one.a.hub, one.z.hub],
                "works": one.fibre not in failures.links,
                "held_out": f"link:{one.fibre}" in held,
                "drained": one.fibre in keeper.known.drained,
            }
            for one in outside.wiring.fibres
        }
        return {"ok": True, "hubs": hubs, "fibres": fibres}

    def counters(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        return self._have("ask_counters")

    def proof(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        return {"ok": True, "proof": self.keeper.governor.proof}

    def policies(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        chosen = self.keeper.known.specification.policies
        return {"ok": True, "set": chosen.model_dump(mode="json", by_alias=True)}

    def policy(self, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            policies = PolicySet.model_validate(request.get("set"))
        except ValidationError as problem:
            first = problem.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise BadRequest(f"no policy set: {where}: {first['msg']}") from problem
        return self._have("set_policies", policies=policies)

    def day(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._have("set_day", as_of=date.fromisoformat(_text(request, "as_of")))

    def drain(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._have("set_drained", fibre=self._fibre(request), drained=True)

    def restore(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._have("set_drained", fibre=self._fibre(request), drained=False)

    def audit(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        return self._have("ask_audit")

    def events(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"ok": True, "events": self.journal.since(int(request.get("since", 0)))}

    def explain(self, request: Mapping[str, Any]) -> dict[str, Any]:
        from controller.explain import explain

        standing = self.keeper.governor.standing
        if standing is None:
            raise BadRequest("nothing is installed yet")
        name = _text(request, "demand")
        ways = {way.intent.id: way for way in standing.ways}
        if name not in ways:
            raise BadRequest(f"no demand {name!r}; there are {', '.join(ways)}")
        specification = standing.known.specification
        answers = ways.get(f"{name}.return")
        found = explain(ways[name], specification.policies, specification.as_of, answers)
        return {"ok": True, "explanation": found.to_json()}

    def _have(self, do: str, **what: Any) -> dict[str, Any]:
        """Have the keeper do something, and wait for what came of it."""
        reply = self.queue()
        self.keeper.jobs.put(Job(do, what, reply))
        try:
            answer: dict[str, Any] = reply.get(timeout=self.answer_s)
        except self.keeper.nothing:
            return {"ok": False, "reason": f"not done in {self.answer_s:g} s; it may still be"}
        return answer

    def _fibre(self, request: Mapping[str, Any]) -> str:
        name = _text(request, "fibre")
        known = [one.fibre for one in self.keeper.governor.outside.wiring.fibres]
        if name not in known:
            raise BadRequest(f"no fibre {name!r}; there are {', '.join(known)}")
        return name


def _text(request: Mapping[str, Any], key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str):
        raise BadRequest(f"{key!r} must be a string")
    return value


_ANSWERS: Mapping[str, Callable[[Control, Mapping[str, Any]], dict[str, Any]]] = {
    name: getattr(Control, name)
    for name in (
        *("status", "demands", "topology", "counters", "proof", "policies", "policy", "day"),
        *("drain", "restore", "audit", "events", "explain"),
    )
}
